"""Secrets in lines that somebody wrote: a value beside a name that says it is one, as in `API_KEY: x`, `API_KEY=x`,
`--token x` or `{name: API_KEY, value: x}`, the password in a URL, and tokens that their first letters show.

The lines need not be YAML or a script. Where it is not clear where a value ends, too much is hidden rather than too little.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from podium.contract.secrets.masks import Masker, Secret
from podium.contract.secrets.names import COMMON, SHORTEST, WELL_KNOWN, is_secret_name, secret_parts

_SEARCHED_CHARS = 1024 * 1024  # of a text whose values are looked for in other texts
_ABOVE = 200  # lines above one that are looked at for the key to which it belongs
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as YAML counts lines
_NAMED = re.compile(
    r"(?<![A-Za-z0-9_.])(?P<option>--)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,99})"
    r"(?P<sign>[\"']?[ \t]{0,20}[:=][ \t]{0,20}|[\"']?[ \t]{0,20},[ \t]{0,20}[\"']?value[\"']?[ \t]{0,20}[:=][ \t]{0,20}"
    r"|(?<=[A-Za-z0-9])[ \t]{1,20}(?=[^-\s]))(?=\S)"
)
_BEARER = re.compile(r"(?i)\b(?:Bearer|Basic)[ \t]{1,20}(?=\S)")
_KNOWN = re.compile(WELL_KNOWN)
_REFERENCE = re.compile(  # what follows is no secret: it names one, or begins a block
    r"(?:\{[ \t]*)?from_env\b|[\"']?\$\{?[A-Z_][A-Z0-9_]*\}?[\"']?(?![A-Za-z0-9])|\{\{|\$\(|[|>][+-]?\d?[ \t]*$|\[value of "
)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s\"']{1,500}")
_IN_QUOTES = r"\"(?:[^\"\\]|\\.){0,2000}\"|'(?:[^']|''){0,2000}'"
_WORD = re.compile(rf"{_IN_QUOTES}|[^\s,'\"}}\])&;|]+|\S+")
_FLOW = re.compile(rf"{_IN_QUOTES}|[^,}}\]]+|.")
_REPEATED = re.compile(r"[^'\"]+")  # in a message that quotes a text
_OWN_LINE = re.compile(r"[\s\"'-]*")
_KEY = re.compile(r"[ \t]*(?:- +)*[\"']?([A-Za-z_][A-Za-z0-9_.-]{0,99})[\"']?[ \t]*:(?:[ \t]|$)")

_is_secret = lru_cache(maxsize=4096)(is_secret_name)


def hide_named(text: str, *, message: bool = False) -> str:
    """Return a line with `[value of NAME]` in place of its secrets; in a `message` values end with the quotes around them."""
    parts = list[str]()
    done = 0
    for start, end, name in _found(text, message=message):
        if start >= done:
            parts += (text[done:start], f"[value of {name}]")
            done = end
    return _KNOWN.sub("[value of a token]", "".join([*parts, text[done:]]))


def _found(line: str, *, message: bool = False) -> Iterator[tuple[int, int, str]]:
    """Yield where a secret begins and ends in a line, and the name beside it."""
    places: list[tuple[int, str, re.Match[str] | None]] = [
        (found.end(), found["name"], found) for found in _NAMED.finditer(line) if _is_named(found)
    ]
    places += [(found.end(), "a token", None) for found in _BEARER.finditer(line)]
    for start, name, found in sorted(places, key=lambda place: place[0]):
        if _REFERENCE.match(line, start):
            continue
        before = line[: found.start()] if found else line[:start]
        is_pair = found is None or ":" not in found["sign"]
        if message:
            value = _REPEATED.match(line, start)
        elif is_pair and not (found and _OWN_LINE.fullmatch(before)):
            value = _WORD.match(line, start)
        elif before.count("{") + before.count("[") > before.count("}") + before.count("]"):
            value = _FLOW.match(line, start)
        else:
            value = None
        yield start, value.end() if value else len(line.rstrip()), name
    for url in _URL.finditer(line) if "@" in line else ():
        for _, secret in secret_parts("", url[0]):
            at = url.start() + url[0].rfind(secret)
            yield at, at + len(secret), "the URL"


def _is_named(found: re.Match[str]) -> bool:
    """Return whether a value stands beside the name of a secret; after a blank only if the name is an option's."""
    has_sign = bool(found["sign"].strip())
    return (has_sign or bool(found["option"])) and _is_secret(found["name"].rstrip("-."))


class SecretLines:
    """A text of which single lines are shown."""

    def __init__(self, text: str) -> None:
        self._lines = _BREAK.split(text)
        self._masker = Masker(_secrets(text[:_SEARCHED_CHARS]))

    def hide(self, message: str) -> str:
        """Return what is said about the text without the secrets that stand in it."""
        return self._masker(hide_named(message, message=True))

    def line(self, number: int) -> str:
        """Return a line, from 1, without secrets; "" if there is none."""
        if not 1 <= number <= len(self._lines):
            return ""
        line = self._lines[number - 1]
        name = self._owner(number)
        return f"[value of {name}]" if name and line.strip() else self._masker(hide_named(line))

    def _owner(self, number: int) -> str:
        """Return the name of a secret under which a line stands with deeper indentation, "" if there is none."""
        depth = _depth(self._lines[number - 1])
        for line in reversed(self._lines[max(0, number - 1 - _ABOVE) : number - 1]):
            if line.strip() and _depth(line) < depth:
                depth = _depth(line)
                if (key := _KEY.match(line)) and _is_secret(key[1]):
                    return key[1]
        return ""


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _secrets(text: str) -> Iterator[Secret]:
    """Yield the secrets of a text that are long enough to be looked for elsewhere."""
    for line in _BREAK.split(text):
        for start, end, name in _found(line):
            value = line[start:end].strip().strip("\"'")
            if len(value) >= SHORTEST and value.lower() not in COMMON:
                yield Secret(name, value)
    for known in _KNOWN.finditer(text):
        yield Secret("a token", known[0])
