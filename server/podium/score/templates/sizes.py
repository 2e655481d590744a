"""How much a template's value is, and the most that a filter or a method can make of its arguments: reckoned before it is made.

Everything is in units of a template's budget: one for each part of a list or mapping, and one for 64 characters of text. A rule
takes the arguments of its function and returns an upper bound. What has no rule makes at most a few times what it is given.
"""

import re
from collections.abc import Callable, Collection, ItemsView, KeysView, ValuesView
from typing import Any

from jinja2.utils import Namespace

CHARACTERS_PER_UNIT = 64
_IN_A_LIST = 4  # characters that one of a text takes in the text of a list, mostly
_NUMBER = 1300  # characters of the longest number there can be
_LINK = 80  # characters that a link takes beside its address, which stands in it twice
_ESCAPED = 5  # characters that one of a text takes when it is escaped for HTML, at most
_ENCODED = 12  # characters that one of a text takes in JSON and in a URL, at most
_COPIES_PER_UNIT = 4096  # characters; copying is far cheaper than making
_PRETTY = 8  # times the work that it takes to write plainly
_ANY = 10**9  # units: a weight is counted to its end; what it is asked of has been found small enough before
HOLDERS = (list, dict, tuple, set, frozenset, KeysView, ValuesView, ItemsView, Namespace)
_LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_SPACES = (
    f"{_LINE_ENDS} \t\x1f\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)
_DIGITS = re.compile(r"\d+")

Rule = Callable[..., int]


def size(value: Any) -> int:
    """Return what a value costs, without what its parts hold."""
    if isinstance(value, str):
        return 1 + len(value) // CHARACTERS_PER_UNIT
    if isinstance(value, list | tuple | dict | set | range):
        return 1 + len(value)
    return 1


def weight(value: Any, most: int, *, indent: int = 0) -> int:
    """Return what the text of a value costs: a part that is used several times counts each time.

    Once it is more than `most`, no further part is looked at. `indent` is the number of characters that each level adds before
    a part.
    """
    total = size(value)
    level, depth = [value] if isinstance(value, HOLDERS) else [], 0
    while level:
        depth, holders, level = depth + 1, level, []
        for holder in holders:
            parts = _parts(holder)
            total += len(parts) * (1 + indent * depth // CHARACTERS_PER_UNIT)
            if total > most:
                return total
            for part in parts:
                if isinstance(part, str):
                    total += _IN_A_LIST * len(part) // CHARACTERS_PER_UNIT
                elif isinstance(part, HOLDERS):
                    level.append(part)
    return total


def _parts(holder: Any) -> Collection[Any]:
    """Return what the text of a value that holds others shows."""
    if isinstance(holder, Namespace):
        holder = holder._Namespace__attrs
    return [part for pair in holder.items() for part in pair] if isinstance(holder, dict) else holder


def percent(text: str, values: Any, most: int) -> int:
    """Return the bound of `text % values`: a mapping's value may be used by every place that takes one."""
    places = text.count("%")
    widths = sum(int(run) for run in _DIGITS.findall(text))
    used = (places if isinstance(values, dict) else 1) * _growth(text)
    return _units(len(text) + widths + places * _NUMBER * _growth(text)) + used * weight(values, most)


def _growth(text: Any) -> int:
    """Return how many times longer a text can become that is put into this one: text marked as safe escapes what is added."""
    return _ESCAPED if hasattr(text, "__html__") else 1


def _units(characters: int) -> int:
    return characters // CHARACTERS_PER_UNIT


def _count(text: str, characters: str) -> int:
    return sum(text.count(character) for character in characters)


def _indent(text: str, width: int | str = 4, *_: Any, **__: Any) -> int:
    before = len(width) if isinstance(width, str) else int(width)
    return _units(len(text) + (_count(text, _LINE_ENDS) + 2) * (before * _growth(text) + 1))


def _replace(text: Any, old: Any, new: Any, count: int | None = None) -> int:
    found = str(text).count(str(old))
    times = found if count is None or count < 0 else min(count, found)
    return _units(len(str(text)) + times * len(str(new)) * _growth(text))


def _join(values: Any, between: Any = "", *_: Any, **__: Any) -> int:
    held = _growth(between) * weight(values, _ANY) if hasattr(between, "__html__") else len(values)
    return held + _units(len(values) * len(str(between)))


def _wordwrap(text: str, width: int = 79, break_long_words: bool = True, wrapstring: str | None = None, *_: Any,
              **__: Any) -> int:  # fmt: skip
    longest = max(map(len, text.split()), default=0)
    copied = longest * longest // (max(1, width) * _COPIES_PER_UNIT)  # the rest of a word, for each line that it takes
    return _units(len(text) * _growth(wrapstring) + (len(text) + 1) * len(wrapstring or "\n")) + copied


def _urlize(text: str, trim_url_limit: int | None = None, nofollow: bool = False, target: str | None = None,
            rel: str | None = None, extra_schemes: Any = ()) -> int:  # fmt: skip
    words = _count(text, _SPACES) + 1
    tried = words * len(extra_schemes or ())
    return _units(2 * _ESCAPED * len(text) + words * (_LINK + _ESCAPED * (len(target or "") + len(rel or "")))) + tried


def _sum(values: Any, attribute: Any = None, start: Any = 0) -> int:
    """Lists are added one after another, each time into a new one."""
    return len(values) * sum(map(size, values)) // CHARACTERS_PER_UNIT if isinstance(start, list | tuple) else 0


def _expandtabs(text: str, tabsize: int = 8) -> int:
    return _units(len(text) + text.count("\t") * tabsize)


def _translate(text: str, table: Any) -> int:
    values = table.values() if isinstance(table, dict) else table
    return _units(len(text) * max((len(value) for value in values if isinstance(value, str) and value), default=1))


def _split(text: str, sep: str | None = None, maxsplit: int = -1) -> int:
    parts = _count(text, _SPACES) if sep is None else text.count(sep)
    return 1 + (parts if maxsplit < 0 else min(parts, maxsplit))


def _splitlines(text: str, *_: Any, **__: Any) -> int:
    return 1 + _count(text, _LINE_ENDS)


def _extend(values: Any, more: Any) -> int:
    return len(more) if isinstance(more, str) else 0


def _growing(times: int) -> Rule:
    """Return the rule of a filter that makes at most so many characters of one."""

    def rule(value: Any, *_: Any, **__: Any) -> int:
        return times * (_units(len(value)) + 1 if isinstance(value, str) else weight(value, _ANY))

    return rule


FILTERS: dict[str, Rule] = {
    "e": _growing(_ESCAPED),
    "escape": _growing(_ESCAPED),
    "forceescape": _growing(_ESCAPED),
    "xmlattr": _growing(_ESCAPED),
    "urlencode": _growing(_ENCODED),
    "indent": _indent,
    "replace": _replace,
    "join": _join,
    "wordwrap": _wordwrap,
    "urlize": _urlize,
    "sum": _sum,
}
METHODS: dict[str, Rule] = {
    "replace": _replace,
    "join": lambda between, values: _join(values, between),
    "expandtabs": _expandtabs,
    "translate": _translate,
    "split": _split,
    "rsplit": _split,
    "splitlines": _splitlines,
    "extend": _extend,
}
INDENTING: dict[str, Callable[..., tuple[int, int]]] = {
    "tojson": lambda value, indent=None: (_ENCODED, len(indent) if isinstance(indent, str) else indent or 0),
    "pprint": lambda value: (_PRETTY, 1),
}
"""Filters that write each part on a line of its own: how often its weight counts, and how far each level is indented."""
ITERATING = frozenset({
    "batch", "groupby", "join", "list", "map", "max", "min", "reject", "rejectattr", "select", "selectattr", "slice", "sort",
    "sum", "unique",
})  # fmt: skip
"""Filters that take a text apart into its characters."""
THOROUGH = frozenset({
    "capitalize", "center", "dictsort", "e", "escape", "forceescape", "format", "groupby", "indent", "join", "lower", "max",
    "min", "replace", "safe", "sort", "string", "striptags", "sum", "title", "trim", "truncate", "unique", "upper", "urlencode",
    "urlize", "wordcount", "wordwrap", "xmlattr",
})  # fmt: skip
"""Filters that make texts, or copies, of all that their value holds."""
