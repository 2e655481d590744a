"""Single values of a score and the text that each of them stands for: what was written is what is used."""

from typing import Any


def shown(value: Any) -> str:
    """Return a value as it is written: JSON's `true`, `false` and `null`, not Python's words for them."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_words_of_json(value: Any) -> Any:
    """Return a boolean or null as its text, everything else as it is."""
    return shown(value) if value is None or isinstance(value, bool) else value
