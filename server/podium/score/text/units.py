"""Durations with units, such as `90s`, `5m` or `2h`; a plain number is in the unit that the field's name says."""

import re
from typing import Any

from podium.score.text.problems import describe
from podium.times import duration

_NUMBER = re.compile(r"[-+]?\d[\d_]*(?:\.\d+)?", re.ASCII)


def seconds(value: Any) -> Any:
    """Return a duration in seconds; what is not text is left to the field.

    Raises:
        ValueError: the text is no duration.
    """
    if not isinstance(value, str):
        return value
    if (written := duration(value)) is not None:
        return written
    if _NUMBER.fullmatch(value):
        return value
    raise ValueError(f"should be a number of seconds, or one with a unit such as 90s, 5m or 2h, not {describe(value)}")


def milliseconds(value: Any) -> Any:
    """Return a duration in milliseconds; what is not text is left to the field.

    Raises:
        ValueError: the text is no duration.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    written = duration(value, unit="ms")
    if written is None:
        raise ValueError(
            f"should be a number of milliseconds, or one with a unit such as 500ms or 2s, not {describe(value)}"
        )
    return round(written * 1000)
