"""TOML: a new table goes to the end as text, a table of its own goes as whole lines, all else is done by tomlkit."""

import re
import tomllib
from typing import Any

import tomlkit
from tomlkit.items import InlineTable, Item

from podium.cli.commands.install.formats.lines import cut_lines, insert_lines, newline_of, unfit

_HEADER = re.compile(r"\s*\[")
_BLANK = re.compile(r"\s*(#.*)?$")


class TomlText:
    """Edits TOML text."""

    def parse(self, text: str) -> dict[str, Any]:
        """Return what the text says."""
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(str(error)) from None
        except RecursionError:
            raise ValueError("it is nested too deeply") from None

    def put(self, text: str, path: tuple[str, ...], value: Any) -> str:
        """Return the text with this value at the path."""
        if isinstance(value, dict) and not _holds(self.parse(text), path):
            appended = insert_lines(text, len(text), ("\n" if text.strip() else "") + _section(path, value))
            if _parses(appended):
                return appended  # else a table above it is written in one line, and it has to go into that
        document: Any = tomlkit.parse(text)
        at = document
        for name in path[:-1]:
            if name not in at:
                at[name] = tomlkit.inline_table()
            at = at[name]
            if not isinstance(at, dict):
                raise unfit(name, "a table")
        at[path[-1]] = _item(value)
        return _with_newlines_of(text, tomlkit.dumps(document))

    def drop(self, text: str, path: tuple[str, ...]) -> str:
        """Return the text without the member at the path."""
        data = self.parse(text)
        if not _holds(data, path):
            return text
        left = _without_sections(text, path)
        if not _parses(left) or _holds(tomllib.loads(left), path):
            document: Any = tomlkit.parse(text)
            at = document
            for name in path[:-1]:
                at = at[name]
            at.pop(path[-1])
            left = _with_newlines_of(text, tomlkit.dumps(document))
        above = path[:-1]
        return self.drop(left, above) if above and _value(tomllib.loads(left), above) == {} else left


def _value(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _holds(data: Any, path: tuple[str, ...]) -> bool:
    return _value(data, path) is not None


def _parses(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _item(value: Any) -> Item:
    table: InlineTable = tomlkit.inline_table()
    if isinstance(value, dict):
        table.update(value)
        return table
    item: Item = tomlkit.item(value)
    return item


def _section(path: tuple[str, ...], value: dict[str, Any]) -> str:
    header = ".".join(tomlkit.key(name).as_string() for name in path)
    lines = [f"{tomlkit.key(name).as_string()} = {_item(each).as_string()}\n" for name, each in value.items()]
    return f"[{header}]\n{''.join(lines)}"


def _with_newlines_of(text: str, changed: str) -> str:
    return re.sub(r"(?<!\r)\n", "\r\n", changed) if newline_of(text) == "\r\n" else changed


def _without_sections(text: str, path: tuple[str, ...]) -> str:
    """Return the text without the tables of a path and of what is below it; comments behind them stay."""
    names = r"\s*\.\s*".join(f"(?:{re.escape(name)}|\"{re.escape(name)}\"|'{re.escape(name)}')" for name in path)
    ours = re.compile(rf"\s*\[\s*{names}\s*[.\]]")
    while True:
        lines = text.splitlines(keepends=True)
        first = next((number for number, line in enumerate(lines) if ours.match(line)), None)
        if first is None:
            return text
        after = next((n for n in range(first + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
        while _BLANK.match(lines[after - 1]):
            after -= 1
        if first and not lines[first - 1].strip() and not "".join(lines[after : after + 1]).strip():
            first -= 1  # the empty line that set it apart
        start = sum(map(len, lines[:first]))
        text = cut_lines(text, start, start + sum(map(len, lines[first:after])))
