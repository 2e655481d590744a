"""Mappings with whole numbers as keys: `topics: {1: north, 2: south}`, looked up as `topics[instance]`.

A plan is stored as JSON, which has only text as keys. So the readings of a plan say which mappings have numbers, and a template
sees them as `NumberKeys`, which finds a number by its text too. In a numbered score `{"1": north}` is such a mapping as well.
"""

import re
from typing import Any

_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)


def number_key(key: Any) -> Any:
    """Return the number that a text is, if it is written as numbers are; every other key as it is."""
    return int(key) if isinstance(key, str) and _NUMBER.fullmatch(key) else key


def has_number_keys(value: dict[Any, Any], *, quoted: bool) -> bool:
    """Return whether a mapping has numbers as keys; with `quoted`, texts that are numbers count."""
    return any(isinstance(number_key(key) if quoted else key, int) for key in value)


def twin_key(value: Any) -> int | None:
    """Return a number that a mapping has as a key twice, once as a text."""
    keys = [key for key in value if isinstance(number_key(key), int)]
    return next((number_key(key) for key in keys if isinstance(key, str) and number_key(key) in value), None)


class NumberKeys(dict[Any, Any]):
    """A mapping that has the numbers among its keys as numbers, and finds them by their text too."""

    __module__ = "builtins"  # so that errors of templates call it what its author does: a dict

    def __init__(self, value: dict[Any, Any] | None = None) -> None:
        """Take the entries of a mapping whose keys are numbers or their texts."""
        super().__init__({number_key(key): inner for key, inner in (value or {}).items()})

    def __missing__(self, key: Any) -> Any:
        """Look for the number that a text is."""
        number = number_key(key)
        if number is key:
            raise KeyError(key)
        return self[number]

    def __contains__(self, key: object) -> bool:
        """Return whether there is this number, or the one that a text is."""
        return super().__contains__(number_key(key))

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the value of this number, or of the one that a text is."""
        return super().get(number_key(key), default)


NumberKeys.__name__ = "dict"
