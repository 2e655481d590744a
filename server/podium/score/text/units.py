"""Durations with units, such as `90s`, `5m` or `2h`; a plain number is in the unit that the field's name says. And sizes."""

import re
from typing import Any

from podium.score.text.problems import describe
from podium.texts.sizes import size
from podium.times import duration

LEAST_MEMORY, MOST_MEMORY = 1024**2, 1024**5
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


def memory(value: Any) -> Any:
    """Return a size of memory, such as `4G`, in bytes; what is neither text nor a number is left to the field.

    Raises:
        ValueError: the text is no size, or it is none that a process could have.
    """
    written = size(value) if isinstance(value, str) else value
    if written is None:
        raise ValueError(f"should be a size with a unit such as 512M or 4G, not {describe(value)}")
    if isinstance(written, int | float) and not LEAST_MEMORY <= written <= MOST_MEMORY:
        raise ValueError(f"should be 1M to 1024T, where a plain number is in bytes, not {describe(value)}")
    return written
