"""Markdown that is made: tables, code and what stands in a text as it is."""

import inspect
import re
import sys
from collections.abc import Iterable, Sequence

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


def class_named(name: str) -> type:
    """Return the class of ours with this name, of those that are loaded."""
    loaded = [module for key, module in sys.modules.items() if key.startswith("podium")]
    found = {cls for module in loaded if isinstance(cls := getattr(module, name, None), type)}
    (only,) = found
    return only


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
