"""Sizes of memory as they are written: `4G`, `512M`, `64k`, or plain bytes. Units are powers of 1024."""

import re

_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_WRITTEN = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)([kmgt]?)", re.ASCII | re.IGNORECASE)


def size(text: str) -> int | None:
    """Return the bytes of a written size, such as "4G", "1.5g" or "4096"; None if it is none."""
    written = _WRITTEN.fullmatch(text.strip())
    return None if written is None else int(float(written[1]) * _UNITS[written[2].lower()])


def size_text(bytes_: int) -> str:
    """Return a size in the largest unit of which it is a whole number: "4G", "1536M", "1000"."""
    for unit in ("T", "G", "M", "k"):
        if bytes_ and bytes_ % _UNITS[unit.lower()] == 0:
            return f"{bytes_ // _UNITS[unit.lower()]}{unit}"
    return str(bytes_)


def rough_size_text(bytes_: int) -> str:
    """Return about how much a size is, rounded down: "62.7G", "512M"; for what nobody has written."""
    for unit in ("T", "G", "M", "k"):
        if bytes_ >= _UNITS[unit.lower()]:
            return f"{bytes_ * 10 // _UNITS[unit.lower()] / 10:g}{unit}"
    return str(bytes_)
