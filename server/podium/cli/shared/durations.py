"""Durations as hands type them: 90, 90s, 5m, 2h, 7d, 1w."""

import re

from podium.errors import InvalidArguments

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smhdw]?)", re.IGNORECASE)


def seconds_of(text: str, option: str) -> float:
    """Return a duration in seconds.

    Raises:
        InvalidArguments: it is none; `option` is what it was given for.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise InvalidArguments(f"{option} {text}: this is not a duration.", fix="Write it as 90s, 5m, 2h or 7d.")
    return float(found[1]) * _UNITS[found[2].lower()]
