"""Secrets that a text itself names, as scores and scripts do: `API_KEY: ...`, `export TOKEN=...`, `--password ...`.

Unlike `masks` this needs to know no value, so it works for a text that nobody has read yet, and hides short values too.
It goes by the names of `names` and looks at the text only as lines: a value under a secret name ends with its line, its
quotes or, in YAML, with the lines that are indented deeper than its name.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from podium.contract.secrets.masks import DECLARED_SHORTEST
from podium.contract.secrets.names import SHORTEST, WELL_KNOWN, is_place, is_secret_name, secret_parts

_LISTS_OF_NAMES = frozenset(("env_pass",))  # keys of a score that look secret, and name variables
_NO_SECRET = frozenset(("true", "false", "null", "none", "yes", "no", "off"))
# Every repetition has a bound or cannot match in two ways, so that the time grows no faster than the text.
_KEY = re.compile(
    r"^(?P<lead>[ \t]*(?:#[ \t]*)?(?:-[ \t]+)*)(?P<quote>[\"']?)(?P<name>[\w.-]{1,80})(?P=quote)[ \t]{0,9}:(?=[ \t]|$)[ \t]*",
    re.MULTILINE,
)
_NAMED = re.compile(
    r"(?<![\w.-])-{0,2}(?P<name>[A-Za-z_][\w.-]{0,79})\\?[\"']?"
    r"(?:[ \t]{0,9}(?:,[ \t]{0,9}|\n[ \t]{0,40})\\?[\"']?value\\?[\"']?)?[ \t]{0,9}[:=][ \t]{0,9}"  # {name: NAME, value: x}
)
_LISTED = re.compile(r"^[ \t]*-[ \t]+(?P<quote>[\"']?)(?P<name>[A-Za-z_]\w{0,79})=(?P<value>[^\n]+)", re.MULTILINE)
_OWN_VALUE = re.compile(r"[ \t]*[\"']?(?:value|default)[\"']?[ \t]*:[ \t]+(?P<value>\S[^\n]*)")
_FLAG = re.compile(r"(?<![\w.-])--(?P<name>[A-Za-z][\w-]{0,79})(?:[ \t]{1,9}|\\?[\"'],[ \t]{0,9})(?![-\s])")
_VALUE = re.compile(
    r"(?P<scheme>(?:Bearer|Basic|Token|Digest|ApiKey)[ \t]+)?"
    r"(?P<value>\"(?:[^\"\\]|\\.){0,40000}\"|'[^']{0,40000}'|\\\"[^\n\"]{0,40000}\\\"|\\'[^\n']{0,40000}\\'"
    r"|[\"'][^\n]*|[^\s,;&|)}\]\"'#<>`\\]+)",
    re.DOTALL,
)
_COOKIES = re.compile(r"[^\n\"'\\]*")
_ALONE = (
    re.compile(r"\bBearer[ \t]{1,9}(?P<value>[\w.~+/=-]{8,})"),
    re.compile(r"://[^\s/?#@:\"']{0,200}:(?P<value>[^\s@\"'/$\{]{1,500})@"),
    re.compile(r"://(?P<value>[\w.-]{20,200})@"),
    re.compile(rf"(?P<value>{WELL_KNOWN})"),
    re.compile(r"(?:\s-u|--user)[ \t=]{1,9}[\"']?[^\s:\"'/$]{1,200}:(?P<value>[^\s\"'/$\{][^\s\"']{0,500})"),
    re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?P<value>(?:(?!-----END)[\s\S])+)"),
)
_REFERENCE = re.compile(r"(?:\$\{?\w+[^}\s]{0,80}\}?|\$\(.*|`.*|\{\{.*\}\}|%\w+%|<\w[^>]*>)$", re.DOTALL)
_ITEM = re.compile(r"[ \t]*-[ \t]+(?![\w.\"'-]{1,80}[ \t]*:(?:\s|$))(?=\S)")
_MAPPING = re.compile(r"[ \t]*(?:-[ \t]+)?[\"']?[\w.-]{1,80}[\"']?[ \t]*:(?:\s|$)")
_COMMENT = re.compile(r"[ \t]#")


class Beside(NamedTuple):
    """Characters of a text that are a secret, and the name that stands beside them."""

    start: int
    end: int
    name: str


def hidden_value(name: str, value: str) -> bool:
    """Return whether a value may not be shown where its name stands beside it: shorter ones count here than elsewhere."""
    if any(value == secret for _, secret in secret_parts(name, value)):
        return True
    if not is_secret_name(name) or len(value) < DECLARED_SHORTEST or value.lower() in _NO_SECRET or is_place(value):
        return False
    return len(value) < SHORTEST and "://" not in value


def without_named_secrets(text: str) -> str:
    """Return a text with each secret that it names replaced; it keeps its lines."""
    return without(text, named_secrets(text))


def without(text: str, secrets: Iterable[Beside]) -> str:
    """Return a text with these secrets of it replaced, as `named_secrets` returns them; it keeps its lines."""
    parts, at = list[str](), 0
    for start, end, name in secrets:
        parts += (text[at:start], f"[value of {name}]", "\n" * text.count("\n", start, end))
        at = end
    return "".join([*parts, text[at:]]) if parts else text


def named_secrets(text: str) -> list[Beside]:
    """Return the secrets that a text names, in order, none overlapping another."""
    return merged(each for each in _found(text) if each.start < each.end)


def _found(text: str) -> Iterator[Beside]:
    lines: list[int] = []
    for key in _KEY.finditer(text):
        if _is_secret(key["name"]):
            lines = lines or [0, *(each.end() for each in re.finditer("\n", text))]
            yield from _of_key(text, key, lines)
    for pattern in (_NAMED, _FLAG):
        at = 0  # where the last value ends: what looks like a name inside of it is none
        for named in pattern.finditer(text):
            if named.start() >= at and _is_secret(named["name"]) and (value := _after(text, named)):
                yield value
                at = value.end
    for item in _LISTED.finditer(text):  # of a list of variables: all of the rest is the value
        if _is_secret(item["name"]) and hidden_value(item["name"], item["value"].strip("\"' ")):
            yield Beside(item.start("value"), item.end("value"), item["name"])
    for alone in _ALONE:
        for each in alone.finditer(text):
            name = "a private key" if "PRIVATE" in alone.pattern else "a password"
            name = "a token" if alone.pattern.endswith(f"{WELL_KNOWN})") else name
            yield Beside(each.start("value"), each.end("value"), name)


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return is_secret_name(name) and name not in _LISTS_OF_NAMES


def _after(text: str, named: re.Match[str]) -> Beside | None:
    """Return the secret that stands right after a name; an empty stretch after one that is no secret."""
    name = named["name"]
    if "cookie" in name.lower():
        found = _COOKIES.match(text, named.end())
        return Beside(named.end(), found.end(), name) if found and found[0].strip() else None
    value = _VALUE.match(text, named.end())
    if value is None:
        return None
    start, end = value.span("value")
    plain = value["value"].strip("\\").strip("\"'")
    if plain[:1] in ("{", "["):
        return Beside(start, start, name)  # names of its own may follow
    is_one = value["scheme"] or (
        not _REFERENCE.match(plain) and plain[:1] not in "{[*&!|$" and hidden_value(name, plain)
    )
    return Beside(start if is_one else end, end, name)


def _of_key(text: str, key: re.Match[str], lines: list[int]) -> Iterator[Beside]:
    """Yield what a key of YAML in block style holds: the rest of its line and the lines below that are indented deeper."""
    name, start = key["name"], key.end()
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    rest = text[start:end].rstrip("\r")
    if comment := _COMMENT.search(rest) if rest[:1] not in "\"'" else None:
        rest = rest[: comment.start()]
    rest = rest.rstrip() if not rest.startswith("#") else ""
    if rest[:1] and rest[0] in "{*":
        return
    below = _deeper(text, lines, key) if "#" not in key["lead"] else iter(())
    first = next(below, None)
    if not rest and first and _MAPPING.match(text, first[0]):  # it has names of its own
        for start, _ in (first, *below):
            if own := _OWN_VALUE.match(text, start):
                yield Beside(*own.span("value"), name)
        return
    deeper = [first, *below] if first else []
    if not rest or rest[0] in "|>":
        yield from _of_lines(text, deeper, name, block=bool(rest))
        return
    plain = rest.strip("\"'")
    if _REFERENCE.match(plain) or (not deeper and rest[0] not in "&![" and not hidden_value(name, plain)):
        return
    until = deeper[-1][1] if deeper else start + len(rest)
    yield Beside(start, until, name)


def _deeper(text: str, lines: list[int], key: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield the lines after a key that belong to its value, without empty ones."""
    column = key.start("name") - len(key["quote"]) - key.start()
    for number in range(bisect_right(lines, key.start("name")), len(lines)):
        start = lines[number]
        end = lines[number + 1] - 1 if number + 1 < len(lines) else len(text)
        line = text[start:end]
        indent = len(line) - len(line.lstrip())
        if not line.strip():
            continue
        if indent < column or (indent == column and not _ITEM.match(line)):
            return
        yield start + indent, end


def _of_lines(text: str, found: list[tuple[int, int]], name: str, *, block: bool) -> Iterator[Beside]:
    """Yield the lines of a value that begins below its key, each for itself."""
    for start, end in found:
        item = None if block else _ITEM.match(text, start)
        begin = item.end() if item else start
        if begin < end:
            yield Beside(begin, end, name)


def merged(found: Iterable[Beside]) -> list[Beside]:
    """Return secrets in order; those that overlap become one."""
    merged: list[Beside] = []
    for each in sorted(found, key=lambda each: (each.start, -each.end)):
        if merged and each.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(merged[-1].end, each.end))
        else:
            merged.append(each)
    return merged
