"""How many columns of a terminal a text takes, and texts cut and wrapped to fit some.

Letters of East Asia and pictures take two, marks that join the letter before them none. Texts are clean (see `cleaning`), so
nothing in them is invisible.
"""

import unicodedata
from collections.abc import Iterable

CUT = "…"
_JOINING = range(0x1160, 0x1200)  # vowels and ends of Korean syllables, drawn into the letter before


def width(text: str) -> int:
    """Return how many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_width_of, text))


def _width_of(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me"} or ord(letter) in _JOINING:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """Return a text with blanks at its end, so that it takes so many columns if it takes no more already."""
    return text + " " * (columns - width(text))


def cut_end(text: str, columns: int) -> str:
    """Return a text that takes at most so many columns: its end is left out if need be."""
    return text if width(text) <= columns else f"{_beginning(text, columns - 1)}{CUT}"


def cut_middle(text: str, columns: int) -> str:
    """Return a text that takes at most so many columns: its middle is left out if need be."""
    if width(text) <= columns:
        return text
    begin = _beginning(text, columns // 2)
    end = _beginning(_clusters(text)[::-1], columns - 1 - width(begin), turned=True)
    return f"{begin}{CUT}{end}"


def _clusters(text: str) -> list[str]:
    """Return the letters of a text, each with the marks that join it."""
    found: list[str] = []
    for letter in text:
        if found and not _width_of(letter):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _beginning(letters: str | list[str], columns: int, *, turned: bool = False) -> str:
    """Return the first letters that take at most so many columns together; `turned` if they come from the end."""
    taken: list[str] = []
    for letter in _clusters(letters) if isinstance(letters, str) else letters:
        columns -= width(letter)
        if columns < 0:
            break
        taken.append(letter)
    return "".join(taken[::-1] if turned else taken)


def folded(text: str, columns: int) -> Iterable[str]:
    """Yield a text in pieces that take at most so many columns each, broken anywhere."""
    letters = _clusters(text)
    while letters:
        piece = _beginning(letters, columns) or letters[0]
        yield piece
        letters = letters[len(_clusters(piece)) :]


def wrapped(text: str, columns: int | None, *, indent: int = 0) -> Iterable[str]:
    """Yield a text in lines that take at most so many columns (None: as many as it takes), each after an indent.

    Lines break between words; a word that takes more, an id or a path, is left whole for whoever copies it.
    """
    blank, begun = " " * indent, ""
    for word in text.split():
        if begun and columns is not None and indent + width(begun) + 1 + width(word) > columns:
            yield f"{blank}{begun}"
            begun = word
        else:
            begun = f"{begun} {word}" if begun else word
    if begun:
        yield f"{blank}{begun}"
