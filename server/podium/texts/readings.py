"""Texts of a score that YAML 1.1 reads as something else: `no`, `False`, `~`, `3.10`, `01234`.

They are used as they are written. But whoever writes `dry: no` and `{% if dry %}` means what YAML makes of it. So where a
template or a condition asks for the truth of such a text, or compares it with a boolean or null, its reading counts.

Numbers: a numbered score is to run as it ran elsewhere, so there a template calculates with the reading (`Counted`). In a named
score `3.10` is a text, and calculating or comparing it with a number is an error.

Where a plan is stored, the readings stand beside its variables: a tree of the same form, with `[reading]` for each such text, and
`[tree, "numbers"]` for a mapping with numbers as keys (see `texts.number_keys`).
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Self

from podium.texts.number_keys import NumberKeys, has_number_keys

_NUMBERS = "numbers"  # marks a mapping that has numbers as keys
Reading = bool | int | float | None
Tree = dict[str, Any]


class Written(str):
    """A text and what YAML 1.1 reads."""

    reading: Reading

    def __new__(cls, text: str, reading: Reading = None) -> Self:
        """Return the text with its reading."""
        self = super().__new__(cls, text)
        self.reading = reading
        return self

    def __deepcopy__(self, _: Any) -> Self:
        """Return itself: nothing can change it."""
        return self

    def __bool__(self) -> bool:
        """Return whether the reading is true."""
        return bool(self.reading)

    def __hash__(self) -> int:
        """Return what a text with these letters has."""
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        """Compare letters with a text, and the reading with everything else."""
        if isinstance(other, str):
            return str.__eq__(self, other)
        if not self.is_word:
            refuse(self, other)
        return self.reading == other

    def __ne__(self, other: object) -> bool:
        """Compare like `==`."""
        return not self == other

    @property
    def is_word(self) -> bool:
        """Whether the reading is a boolean or null."""
        return self.reading is None or isinstance(self.reading, bool)

    @property
    def plain(self) -> Any:
        """The value for tests and JSON: a boolean or null as it is read, a number as text."""
        return self.reading if self.is_word else str(self)


class Counted(Written):
    """A number that a template calculates with, and prints as it is written."""

    __hash__ = Written.__hash__

    def __eq__(self, other: object) -> bool:
        """Compare letters with a text, and the reading with everything else."""
        if isinstance(other, str) and not isinstance(other, Counted):
            return str.__eq__(self, other)
        return bool(self.reading == number(other))

    @property
    def plain(self) -> Any:
        """The number."""
        return self.reading

    def __float__(self) -> float:
        """Return the number, for `%f`."""
        return float(number(self))

    def __int__(self) -> int:
        """Return the number, for `%d`."""
        return int(number(self))

    def __lt__(self, other: Any) -> bool:
        """Compare with a number by the reading."""
        return self._ordered(operator.lt, other)

    def __le__(self, other: Any) -> bool:
        """Compare with a number by the reading."""
        return self._ordered(operator.le, other)

    def __gt__(self, other: Any) -> bool:
        """Compare with a number by the reading."""
        return self._ordered(operator.gt, other)

    def __ge__(self, other: Any) -> bool:
        """Compare with a number by the reading."""
        return self._ordered(operator.ge, other)

    def _ordered(self, order: Callable[[Any, Any], bool], other: Any) -> bool:
        is_text = isinstance(other, str) and not isinstance(other, Counted)
        return order(str(self), other) if is_text else order(self.reading, number(other))


def number(value: Any) -> Any:
    """Return the number that a value stands for, every other value as it is."""
    return value.reading if isinstance(value, Counted) else value


def plain(value: Any) -> Any:
    """Return a value as tests and JSON see it, with all that it holds."""
    if isinstance(value, Written):
        return value.plain
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def refuse(value: str, other: object) -> None:
    """Refuse to compare or calculate with a number; raises TypeError."""
    if isinstance(other, int | float) and not isinstance(other, bool):
        raise TypeError(f"{str(value)[:40]!r} is a text, not a number; compare texts, or use the filter int or float")


def operands(left: Any, right: Any) -> tuple[Any, Any]:
    """Return what a template calculates with: numbers, unless one side is a text.

    Raises:
        TypeError: one side looks like a number and is a text, which `*` would repeat.
    """
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Written) and not isinstance(one, Counted):
            refuse(one, other)
    is_text = any(isinstance(side, str) and not isinstance(side, Counted) for side in (left, right))
    return (left, right) if is_text else (number(left), number(right))


def readings_of(variables: Mapping[str, Any], *, numbers: bool) -> Tree:
    """Return the trees of the readings of variables, by their names. With `numbers` keys that are numbers in quotes count."""
    found = ((name, _tree(value, numbers=numbers)) for name, value in variables.items())
    return {name: tree for name, tree in found if tree is not None}


def _tree(value: Any, *, numbers: bool) -> Any:
    """Return the tree of the readings in a value; None if it has none."""
    if isinstance(value, Written):
        return [value.reading]
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        found = {str(key): tree for key, inner in parts if (tree := _tree(inner, numbers=numbers)) is not None}
        by_number = isinstance(value, dict) and has_number_keys(value, quoted=numbers)
        return [found, _NUMBERS] if by_number else found or None
    return None


def with_readings(value: Any, tree: Any, *, numbers: bool) -> Any:
    """Return a value with the readings of a tree; `numbers` says whether templates calculate with them."""
    if isinstance(tree, list) and len(tree) > 1:
        return NumberKeys(with_readings(value, tree[0], numbers=numbers))
    if isinstance(tree, list):
        kind = Counted if numbers and not (tree[0] is None or isinstance(tree[0], bool)) else Written
        return kind(str(value), tree[0])
    if tree and isinstance(value, Mapping):
        return {key: with_readings(inner, tree.get(str(key)), numbers=numbers) for key, inner in value.items()}
    if tree and isinstance(value, list):
        return [with_readings(inner, tree.get(str(key)), numbers=numbers) for key, inner in enumerate(value)]
    return value
