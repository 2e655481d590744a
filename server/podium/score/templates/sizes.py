"""What a template's value costs, and the most that a filter or a method can make of its arguments, before it is made.

Everything is in units of a template's budget: one for each part of a list or mapping, and one for 64 characters of text. A rule
takes the arguments of its function and returns an upper bound. A filter or method without a rule makes no more than it is given.
"""

import re
from collections.abc import Callable, Collection, ItemsView, KeysView, ValuesView
from contextlib import suppress
from typing import Any

from jinja2.utils import Namespace
from markupsafe import escape

CHARACTERS_PER_UNIT = 64
_IN_A_LIST = 4  # characters that one of an ASCII text takes in the text of a list, at the most
_IN_A_LIST_UNICODE = 10  # the same of any other text
ESCAPED = 5  # characters that one takes when it is escaped, at the most
_NUMBER = 1300  # characters of the longest number there can be
_LINK = 80  # characters that a link takes beside its address
_COPIES_PER_UNIT = 4096  # characters; copying is far cheaper than making
_PRETTY = 8  # times the work that it takes to write plainly
_PRETTY_STEP = 12  # characters that a level of pprint is indented by, beside the key that it stands behind
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


def weight(value: Any, most: int, *, indent: int = 0, after_keys: bool = False) -> int:
    """Return what the text of a value costs: a part that is used several times counts each time.

    Once it is more than `most`, no further part is looked at. `indent` is the number of characters that each level adds before
    a part, and before each word if `after_keys` says that a part is written behind its key, as `pprint` does.
    """
    total = size(value)
    level, margin = [value] if isinstance(value, HOLDERS) else [], 0
    while level:
        holders, level = level, []
        margin += indent
        if after_keys:
            keys = [key for holder in holders if isinstance(holder, dict) for key in holder]
            margin += max((_written(key) if isinstance(key, str) else _NUMBER for key in keys), default=0)
        for holder in holders:
            parts = held_by(holder)
            total += len(parts) * (1 + margin // CHARACTERS_PER_UNIT)
            for part in parts:
                if total > most:
                    return total
                if isinstance(part, str):
                    words = _count(part, _SPACES) * (margin + 3) if after_keys else 0
                    total += _units(_written(part) + words)
                elif isinstance(part, HOLDERS):
                    level.append(part)
                elif isinstance(part, int):
                    total += _units(part.bit_length() // 3)
    return total


def _written(text: str) -> int:
    """Return the most characters that a text takes in the text of a list."""
    return len(text) * (_IN_A_LIST if text.isascii() else _IN_A_LIST_UNICODE)


def held_by(holder: Any) -> Collection[Any]:
    """Return what the text of a value that holds others shows."""
    if isinstance(holder, Namespace):
        holder = holder._Namespace__attrs
    return [part for pair in holder.items() for part in pair] if isinstance(holder, dict) else holder


def percent(text: str, values: Any, most: int) -> int:
    """Return the bound of `text % values`: a mapping's value may be used by every place that takes one, and %r writes it out."""
    places = text.count("%")
    widths = sum(int(run) for run in _DIGITS.findall(text))
    times = (places if isinstance(values, dict) else 1) * (ESCAPED if _is_markup(text) else 1)
    held = values if isinstance(values, HOLDERS) else (values,)
    return _units(len(text) + widths + places * _NUMBER) + times * weight(held, most)


def _is_markup(*values: Any) -> bool:
    """Return whether one of the values is marked as HTML: what is put together with it is escaped."""
    return any(hasattr(value, "__html__") for value in values)


def _escaped(value: Any) -> int:
    """Return how long a value's text is once it is escaped."""
    text = str(value)
    return len(text) + 4 * _count(text, "&\"'") + 3 * _count(text, "<>")


def _units(characters: int) -> int:
    return characters // CHARACTERS_PER_UNIT


def _count(text: str, characters: str) -> int:
    return sum(text.count(character) for character in characters)


def _indent(text: str, width: int | str = 4, *_: Any, **__: Any) -> int:
    before = len(width) if isinstance(width, str) else int(width)
    whole = len(text)
    if _is_markup(
        width
    ):  # each line is escaped as it is put behind the width; with first=True the result is escaped again
        before, whole = _escaped(width), _escaped(escape(str(text)))
    return _units(whole + (_count(text, _LINE_ENDS) + 2) * (before + 1))


def _replace(text: Any, old: Any, new: Any, count: int | None = None) -> int:
    texts, olds, put = {str(text)}, {str(old)}, str(new)
    if _is_markup(text, old, new):
        texts, olds, put = texts | {str(escape(text))}, olds | {str(escape(old))}, str(escape(new))
    found = max(each.count(word) for each in texts for word in olds)
    longest = max(map(len, texts))
    return _units(longest + (found if count is None or count < 0 else min(count, found)) * len(put))


def _join(values: Any, between: Any = "", *_: Any, **__: Any) -> int:
    return len(values) + _units(len(values) * _escaped(between))


def _wordwrap(text: str, width: int = 79, break_long_words: bool = True, wrapstring: str | None = None, *_: Any,
              **__: Any) -> int:  # fmt: skip
    longest = max(map(len, text.split()), default=0)
    copied = longest * longest // (max(1, width) * _COPIES_PER_UNIT)  # the rest of a word, for each line that it takes
    whole = _escaped(text) if _is_markup(wrapstring) else len(text)
    return _units(whole + (len(text) + 1) * len(wrapstring or "\n")) + copied


def _urlize(text: Any, trim_url_limit: int | None = None, nofollow: bool = False, target: str | None = None,
            rel: str | None = None, extra_schemes: Any = ()) -> int:  # fmt: skip
    text = str(text)
    words = _count(text, _SPACES) + 1
    longest = max(map(len, text.split()), default=0)
    tried = words * len(extra_schemes or ()) + longest * longest // _COPIES_PER_UNIT  # brackets are moved one by one
    return _units(2 * _escaped(text) + words * (_LINK + _escaped(target or "") + _escaped(rel or ""))) + tried


def _center(text: Any, width: int = 80, *_: Any) -> int:
    return _units(max(len(str(text)), width))


def _sum(values: Any, attribute: Any = None, start: Any = 0) -> int:
    """Lists are added one after another, each time into a new one."""
    return len(values) * sum(map(size, values)) // CHARACTERS_PER_UNIT if isinstance(start, list | tuple) else 0


def _translate(text: str, table: Any) -> int:
    values = table.values() if isinstance(table, dict) else table
    return _units(len(text) * max((len(value) for value in values if isinstance(value, str) and value), default=1))


def _split(text: str, sep: str | None = None, maxsplit: int = -1) -> int:
    parts = _count(text, _SPACES) if sep is None else text.count(sep)
    return 1 + (parts if maxsplit < 0 else min(parts, maxsplit))


FILTERS: dict[str, Rule] = {
    "center": _center,
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
    "expandtabs": lambda text, tabsize=8: _units(len(text) + text.count("\t") * tabsize),
    "translate": _translate,
    "split": _split,
    "rsplit": _split,
    "splitlines": lambda text, *_, **__: 1 + _count(text, _LINE_ENDS),
    "extend": lambda _, more: len(more) if isinstance(more, str) else 0,
    "escape": lambda _, value: ESCAPED * size(value),
    "maketrans": lambda _, first, *__: len(first),
    **dict.fromkeys(("center", "ljust", "rjust", "zfill"), _center),
    **dict.fromkeys(("capitalize", "casefold", "lower", "swapcase", "title", "upper"), lambda text: 3 * size(text)),
}
ITERATING = frozenset({
    "batch", "groupby", "join", "list", "map", "max", "min", "reject", "rejectattr", "select", "selectattr", "slice", "sort",
    "sum", "unique",
})  # fmt: skip
"""Filters that take a text apart into its characters."""
WRITING: dict[str, int] = {
    **dict.fromkeys((
        "center", "dictsort", "format", "groupby", "indent", "join", "max", "min", "replace", "safe", "sort", "string",
        "striptags", "sum", "trim", "truncate", "unique", "urlize", "wordcount", "wordwrap",
    ), 1),
    **dict.fromkeys(("capitalize", "lower", "title", "upper"), 3),  # letters such as ΐ are several in the other case
    **dict.fromkeys(("e", "escape", "forceescape", "xmlattr"), ESCAPED),
    "urlencode": 12,  # %XX for each byte of UTF-8
}  # fmt: skip
"""Filters that make texts, or copies, of all that their value holds, and how many characters they make of one at the most."""


def filtered(name: str, most: int, value: Any, *args: Any, autoescape: bool = False, **kwargs: Any) -> int:
    """Return the bound of what a filter makes of its value and arguments; once it is more than `most`, perhaps too little.

    With `autoescape`, the template is inside a block that escapes what is put together.
    """
    if name == "tojson":
        indent = kwargs.get("indent", args[0] if args else None) or 0
        return 2 * weight((value,), most, indent=len(indent) if isinstance(indent, str) else indent)
    if name == "pprint":
        return (3 if isinstance(value, str) else _PRETTY) * weight((value,), most, indent=_PRETTY_STEP, after_keys=True)
    given = (value, *args, *kwargs.values())
    times = WRITING.get(name, 0)
    if times == 1 and (autoescape or _is_markup(*given)):
        times = ESCAPED
    total = times * sum(weight(each, most) for each in given) if times else 0
    return total + _ruled(FILTERS.get(name), value, *args, **kwargs) if total <= most else total


def called(name: str, most: int, owner: Any, *args: Any, **kwargs: Any) -> int:
    """Return the bound of what a method of `owner`, a value or a type, makes; once it is more than `most`, perhaps too little."""
    times = ESCAPED if _is_markup(owner) else 1
    total = times * sum(weight(each, most) for each in args) if name == "join" else 0
    return total + _ruled(METHODS.get(name), owner, *args, **kwargs) if total <= most else total


def _ruled(rule: Rule | None, *args: Any, **kwargs: Any) -> int:
    """Return what a rule says. If the arguments do not fit it, they do not fit its function, which will say so."""
    if rule is not None:
        with suppress(TypeError, ValueError, AttributeError):
            return rule(*args, **kwargs)
    return 0
