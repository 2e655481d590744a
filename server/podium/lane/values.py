"""What is read in the shared folder, as far as it is what it should be: whoever can write there may have written anything."""

from __future__ import annotations

import json
import math
from typing import Any

MOST_CHARS = 500  # of a text
MOST_NUMBER = 2**53


def parsed(text: str | bytes) -> Any:
    """Return the value that a text holds as JSON, None if it holds none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # a few thousand brackets suffice for the second
        return None


def word(value: Any) -> str:
    """Return a text, cut; "" for anything else."""
    return value[:MOST_CHARS] if isinstance(value, str) else ""


def number(value: Any) -> float:
    """Return a number that is neither below zero nor beyond all measure; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return float(value) if 0 <= value <= MOST_NUMBER and math.isfinite(value) else 0.0


def whole(value: Any, most: int = MOST_NUMBER) -> int | None:
    """Return a whole number from 0 to `most`, None for anything else."""
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
    return value if is_one else None
