"""Numbers that cursors are made of."""

_DIGITS = 18  # what SQLite's integers hold, whatever the digits


def number_in(text: str) -> int | None:
    """Return the number that a cursor is, None where the conductor never gave out such a one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
