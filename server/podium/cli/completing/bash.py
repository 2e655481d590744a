"""The line that bash is given, as words, and candidates as bash inserts them: as they are, so the quoting is ours.

Readline replaces only what follows the last quote, or the last of its own breaks (`:` and `=` among them), of the word at the
cursor.
"""

from typing import NamedTuple

_NEW_COMMAND = ";|&(\n"
_PLAIN = "@%+=:,./_-"  # needs no quoting, beside letters and digits


class Typed(NamedTuple):
    """The words before the cursor's, and of that its value so far, the part of it that stays, and the quote that is open."""

    words: list[str]
    value: str
    kept: str
    quote: str


def typed(line: str, breaks: str) -> Typed:
    """Return what is typed of the last command of a line that ends at the cursor."""
    words: list[str] = []
    value, kept, quote, begun = "", "", "", False
    letters = iter(line)
    for letter in letters:
        if quote and letter == quote:
            quote, kept = "", value
        elif letter == "\\" and quote != "'":
            escaped = next(letters, "")
            value += escaped if not quote or escaped in '$`"\\' else letter + escaped
            begun = True
        elif quote:
            value += letter
        elif letter in "'\"":
            quote, kept, begun = letter, value, True
        elif letter in _NEW_COMMAND:
            words, value, kept, begun = [], "", "", False
        elif letter in " \t":
            words += [value] if begun else []
            value, kept, begun = "", "", False
        else:
            value, begun = value + letter, True
            kept = value if letter in breaks else kept
    at = next((index for index, word in enumerate(words) if word.rpartition("/")[2] == "podium"), 0)
    return Typed(words[at + 1 :], value, kept, quote)


def written(candidate: str, so_far: Typed) -> str:
    """Return a candidate as bash has to insert it in place of what readline replaces."""
    rest = candidate[len(so_far.kept) :]
    if so_far.quote == "'":
        return rest.replace("'", "'\\''")
    if so_far.quote:
        return "".join(f"\\{letter}" if letter in '$`"\\' else letter for letter in rest)
    return "".join(
        letter if letter.isalnum() or letter in _PLAIN or not letter.isascii() else f"\\{letter}" for letter in rest
    )
