"""The numbers in cursors."""

_DIGITS = 18  # any number of so many digits fits into SQLite's integers


def number_in(text: str) -> int | None:
    """Return the number in a cursor, None for a text that the conductor never gave out."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
