"""The conductor's variables in the values of an instrument's own: `${NAME}`."""

import re
from collections.abc import Callable

_NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def named_in(text: str) -> list[str]:
    """Return the variables that a value names."""
    return _NAMED.findall(text)


def filled(text: str, value_of: Callable[[str], str]) -> str:
    """Return a value with those of the variables that it names; what they hold is not looked at again."""
    return _NAMED.sub(lambda found: value_of(found[1]), text)
