"""Advice that is made of what was written: `retries: 2` becomes `retry: {max_retries: 2}`, `needs: build` becomes `[build]`.

For a key there are some ways to read a value that does not fit it. The first one that the score's own model takes is shown, if
it is short and repeats no secret; else the general example is.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from pydantic import ValidationError

from podium.contract.secrets.beside import without_named_secrets
from podium.score.text.flow import flow, is_showable
from podium.score.text.reading import Block, Keys

_LONGEST = 80  # characters of advice
_MOST_PARTS = 60  # keys and values in a value that advice repeats
_FILE = "FILE"  # stands for a name that was not written
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|second|m|min|minute|h|hr|hour|d|day)s?", re.ASCII | re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)", re.ASCII)  # as Slurm has it: [days-]hours:minutes:seconds
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt])i?(?:b|bytes?)?", re.ASCII | re.IGNORECASE)
_SMALL = 256  # a number that is no more than this means gigabytes of memory
_PAIR = re.compile(r"([A-Za-z_]\w*)\s*[=:]\s*(.*)", re.ASCII)
_SWITCH = {"yes": True, "on": True, "no": False, "off": False}
_NAMES = ("name", "sheet", "job", "step", "task")
_PATHS, _PATTERNS = ("path", "file"), ("pattern", "text", "content", "contains", "regex", "string", "value")

Read = Callable[[Any], Iterator[Any]]


def _words(value: Any) -> list[str]:
    """Return the entries of `a, b`, or the keys of a mapping."""
    if isinstance(value, str):
        return [part for part in (part.strip() for part in value.split(",")) if part]
    return [str(key) for key in value] if isinstance(value, dict) else []


def _names(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield [next(_name(each), each) for each in value]
    elif isinstance(value, int) and not isinstance(value, bool):
        yield [value]
    elif listed := _words(value):
        yield listed


def _name(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (value[key] for key in _NAMES if key in value)
        yield from list(value)[: len(value) == 1]


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (value[key] for key in ("matrix", "items", "in") if key in value)
        if len(value) == 1:
            ((name, inner),) = value.items()
            yield {name: _words(inner) if isinstance(inner, str) else [inner]}
        if all(inner is None for inner in value.values()):
            yield list(value)
    elif isinstance(value, str):
        yield from [] if "{{" in value or "$" in value else [_words(value) if "," in value else value.split()]
    else:
        yield [value]


def _script(value: Any) -> Iterator[Any]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        lines = any(" " in part for part in value) or len(value) < 2
        yield " && ".join(value) if lines else shlex.join(value)


def _pairs(value: Any) -> Iterator[Any]:
    """Read the lists and texts in which other tools have variables."""
    found: dict[str, Any] = {}
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict) and {"name", "value"} <= each.keys():
            found[str(each["name"])] = each["value"]
        elif isinstance(each, dict):
            found |= each
        elif isinstance(each, str) and (pair := _PAIR.fullmatch(each.strip())):
            found[pair[1]] = pair[2]
        else:
            return
    yield found


def _checks(value: Any) -> Iterator[Any]:
    entries = value if isinstance(value, list) else [value]
    yield [next(_check(each), each) for each in entries]


def _check(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and "type" in value:  # as the numbered dialect has it
        rest = {key: inner for key, inner in value.items() if key != "type"}
        yield {value["type"]: next(iter(rest.values())) if rest.keys() in ({"path"}, {"command"}) else rest}
    if isinstance(value, str) and value.strip():
        yield {"command_succeeds" if " " in value.strip() else "file_exists": value.strip()}


def _content(value: Any) -> Iterator[Any]:
    if isinstance(value, str | int | float):
        yield {"path": _FILE, "pattern": value}
    elif isinstance(value, dict):
        paths = [value[key] for key in _PATHS if key in value]
        patterns = [value[key] for key in _PATTERNS if key in value]
        if len(paths) == len(patterns) == 1 and len(value) == 2:
            yield {"path": paths[0], "pattern": patterns[0]}


def _path(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _PATHS:
        yield next(iter(value.values()))


def _sheets(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and all(isinstance(each, dict) for each in value.values()):
        yield [{"name": str(name), **each} for name, each in value.items()]
        yield [value]
    elif isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        yield [{"name": str(name), "run": each} for name, each in value.items()]
    elif isinstance(value, str | int):
        yield [{"run": value}]


def _sheet(value: Any) -> Iterator[Any]:
    if isinstance(value, str) and value.strip():
        yield {"run": value}


def _under(key: str) -> Read:
    def read(value: Any) -> Iterator[Any]:
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            yield {key: value}

    return read


def _seconds(value: Any) -> Iterator[Any]:
    if isinstance(value, str) and (found := _DURATION.fullmatch(value.strip())):
        yield f"{found[1]}{found[2][0].lower()}"


def _time(value: Any) -> Iterator[Any]:
    if isinstance(value, str) and (found := _CLOCK.fullmatch(value.strip())):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        yield f"{whole // 60}m" if whole % 60 == 0 else f"{whole}s"
    yield from _seconds(value)


def _memory(value: Any) -> Iterator[Any]:
    if isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())):
        yield f"{found[1]}{found[2].upper()}"
    elif isinstance(value, int):
        yield f"{value}{'G' if value <= _SMALL else 'M'}"


def _needed(value: Any) -> Iterator[Any]:
    if isinstance(value, int):
        yield {"cpus": value}
    yield from _pairs(value)


def _options(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield value.split()
    elif isinstance(value, dict):
        yield [f"--{str(key).lstrip('-')}" + ("" if inner is True else f"={inner}") for key, inner in value.items()]


_WAYS: dict[str, Read] = {
    "needs": _names, "foreach": _items, "run": _script, "env": _pairs, "variables": _pairs, "validate": _checks,
    "content_contains": _content, "content_regex": _content, "file_exists": _path, "file_modified": _path, "sheets": _sheets,
    "retry": _under("max_retries"), "parallel": _under("max_concurrent"), "timeout_seconds": _seconds,
    "on_end": _under("run"), "base_delay_seconds": _seconds, "max_delay_seconds": _seconds,
    "resources": _needed, "time": _time, "memory": _memory, "extra": _options,
}  # fmt: skip
_ENTRIES: dict[str, Read] = {"sheets": _sheet, "validate": _check, "needs": _name}


def own_form(place: Keys, block: type[Block], given: Any) -> str:
    """Return what to write as the value at `place`, made of what is `given` there, "" if nothing like it fits.

    `block` has the place's last key, or is the block of an entry if that is "*".
    """
    if not _is_small(given):
        return ""
    if place[-1] != "*":
        return _shown(flow(next(_fitting(block, place[-1:], given, again=False), None)))
    kind = place[-2]
    read = _ENTRIES.get(kind)
    found = list(read(given)) if read else []
    return _shown(flow(next((value for value in found if kind == "needs" or _takes(block, value)), None)))


def own_entry(path: Keys, block: type[Block], given: Any) -> str:
    """Return `key: value` with the value that is given, for the key at a path in a block, "" if it cannot be used there."""
    value = next(_fitting(block, path, given, again=True), None) if _is_small(given) else None
    for key in reversed(path[1:]):
        value = None if value is None else {key: value}
    return "" if value is None else _shown(f"{path[0]}: {flow(value)}")


def _fitting(block: type[Block], path: Keys, given: Any, *, again: bool) -> Iterator[Any]:
    """Yield what the block takes there; the given value itself only with `again`."""
    ways = _WAYS.get(path[-1], _path)
    switch = [_SWITCH[given.lower()]] if isinstance(given, str) and given.lower() in _SWITCH else []
    for value in chain([given] if again else [], ways(given), switch):
        nested = value
        for key in reversed(path):
            nested = {key: nested}
        if value not in (None, "", [], {}, [{}]) and _takes(block, nested):
            yield value


def _is_small(value: Any) -> bool:
    """Return whether advice can repeat a value at all, so that nothing is tried with a large one."""
    ahead, looked = [value], 0
    while ahead:
        each = ahead.pop()
        looked += 1
        if looked > _MOST_PARTS or (isinstance(each, str | list | dict) and len(each) > _LONGEST):
            return False
        if isinstance(each, dict):
            ahead += [*each, *each.values()]
        elif isinstance(each, list):
            ahead += each
    return True


def _takes(block: type[Block], value: Any) -> bool:
    try:
        block.model_validate(value)
    except ValidationError:
        return False
    return True


def _shown(text: str) -> str:
    return text if text != "null" and is_showable(text, _LONGEST) and without_named_secrets(text) == text else ""
