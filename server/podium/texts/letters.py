"""Letters that nobody sees. Two texts that differ in them look the same, and a text of them looks like none.

Invisible are controls, format characters (they join, hide or reorder others), unpaired surrogates, separators of lines, what
Unicode calls default-ignorable, and letters and signs that are drawn as nothing (DerivedCoreProperties.txt and the names in
UnicodeData.txt; both are tested against what Python and `regex` know).
"""

import unicodedata

_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_IGNORABLE = {
    0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2065, 0x3164, *range(0xFE00, 0xFE10), 0xFFA0,
    *range(0xFFF0, 0xFFF9), *range(0x13430, 0x13440), *range(0xE0000, 0xE1000),
}  # fmt: skip
_BLANK = {
    0x2800,  # braille pattern blank
    0x13441, 0x13442,  # Egyptian hieroglyph blanks
    0x16FE4,  # Khitan small script filler
    0x1D159,  # musical symbol null notehead
}  # fmt: skip
_INVISIBLE = _IGNORABLE | _BLANK


def is_invisible(letter: str) -> bool:
    """Return whether a character shows nothing, or changes how others are shown. Spaces, tab and line feed do not count."""
    return ord(letter) in _INVISIBLE or (letter not in "\t\n" and unicodedata.category(letter) in _CATEGORIES)


def all_visible(text: str) -> bool:
    """Return whether each letter of a name can be seen: it is printable, a space is a plain one, and nothing is invisible."""
    return text.isprintable() and not any(map(is_invisible, text))


def escaped(letter: str) -> str:
    """Return a letter as it is written in a program."""
    return letter.encode("unicode_escape").decode("ascii")
