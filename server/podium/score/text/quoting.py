"""Lines of a score as problems quote them, and what is said of them, without secrets."""

from podium.contract.secrets.lines import SecretLines
from podium.texts.cleaning import clean_text

SHOWN = 120  # characters of a line
_BEFORE = 40  # of those, how many stand before the place that is meant, if the line is longer
_CUT = "…"


class Quotes:
    """The lines of one score; of a file that is not taken for a score none is `shown`."""

    def __init__(self, text: str, *, shown: bool = True) -> None:
        self._lines = SecretLines(text)
        self._are_shown = shown

    def said(self, message: str) -> str:
        """Return a message, which may repeat what the score holds, without secrets."""
        return self._lines.hide(message)

    def line(self, number: int, column: int) -> str:
        """Return a line, from 1, as it may be shown; of a long one the part around the column, from 1."""
        if not self._are_shown:
            return ""
        shown = " ".join(clean_text(self._lines.line(number)).split())
        if len(shown) <= SHOWN:
            return shown
        begin = min(max(0, column - 1 - _BEFORE), len(shown) - SHOWN)
        end = begin + SHOWN
        return f"{_CUT if begin else ''}{shown[begin:end]}{_CUT if end < len(shown) else ''}"
