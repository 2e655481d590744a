"""Markdown that is made: tables, code and what stands in a text as it is."""

import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

GENERATED = "<!-- Made from the code: `make golden` writes this page. Do not edit it. -->"
_COMMENT = re.compile(r"^    (\w+): .*?  # (.+)$", re.MULTILINE)

_SIGNS = re.compile(r"[\\*<`]|(?<!\w)_|_(?!\w)|\](?=\()")


def document(title: str, *parts: str) -> str:
    """Return a generated page."""
    return "\n\n".join([f"# {title}", GENERATED, *filter(None, parts)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a column that is empty in all rows is left out, and "" stands for a table without rows."""
    cells = [[_cell(text) for text in row] for row in rows]
    kept = [number for number in range(len(head)) if any(row[number] for row in cells)]
    lines = [[head[number] for number in kept], ["---"] * len(kept)]
    lines += [[row[number] for number in kept] for row in cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if cells else ""


def fenced(language: str, text: str) -> str:
    """Return a block of code."""
    return f"```{language}\n{text.strip()}\n```"


def code(text: str) -> str:
    """Return a text as code in a line; "" stays empty."""
    ticks = "``" if "`" in text else "`"
    inner = f" {text} " if "`" in text else text
    return f"{ticks}{inner}{ticks}" if text else ""


def plain(text: str) -> str:
    """Return foreign prose with its signs kept: only code between backticks stays code."""
    parts = re.split(r"(`[^`\n]+`)", text)
    return "".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))


def paragraphs(text: str) -> str:
    """Return the lines of a page of the reference: each a paragraph or an entry of a list."""
    made: list[str] = []
    for line in text.splitlines():
        entry = line.startswith("- ")
        if made and not (entry and made[-1].startswith("- ")):
            made.append("")
        made.append(_entry(line) if entry else plain(line))
    return "\n".join(made)


def sentence(text: str | None) -> str:
    """Return a docstring as one paragraph of prose."""
    return " ".join(inspect.cleandoc(text or "").split())


def classes_in(annotation: Any) -> dict[str, type]:
    """Return the models and dataclasses that a type has in it at any depth, by name, itself too if it is one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        parts: Iterable[Any] = [field.annotation for field in annotation.model_fields.values()]
    elif isinstance(annotation, type) and is_dataclass(annotation):
        parts = get_type_hints(annotation).values()
    else:
        return {name: cls for part in get_args(annotation) for name, cls in classes_in(part).items()}
    return {annotation.__name__: annotation} | {name: cls for part in parts for name, cls in classes_in(part).items()}


def comments(cls: type) -> dict[str, str]:
    """Return the comments behind the fields of a class and its bases: field -> meaning."""
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        if each.__module__.startswith("podium"):
            found |= dict(_COMMENT.findall(inspect.getsource(each)))
    return found


def _entry(line: str) -> str:
    key, colon, rest = line.removeprefix("- ").partition(": ")
    named = colon and re.fullmatch(r"[a-z_][\w.\[\]]*", key)
    return f"- {code(key)}: {plain(rest)}" if named else f"- {plain(line.removeprefix('- '))}"


def _escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\g<0>", text)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
