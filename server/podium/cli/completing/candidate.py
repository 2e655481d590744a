"""One candidate."""

from typing import NamedTuple


class Candidate(NamedTuple):
    """A word that may be typed, and what it is, for the shells that show it."""

    text: str
    says: str = ""
