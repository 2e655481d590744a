r"""Names of files as text that can be read back: whatever a job called a file, its path in a listing opens it again.

A name that can be seen as it is stays as it is. In any other the bytes that cannot be seen are written as `\xNN`: of invisible
letters and controls, of what is not UTF-8, of blanks at an end, and of accents apart from their letters, as two names with the
same look are two files. A backslash stays, unless it would begin such an escape.
"""

import os
import re
import unicodedata

from podium.texts.letters import all_visible

_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")


def shown_path(path: bytes) -> str:
    """Return a relative path as text."""
    return "/".join(_shown(name) for name in path.split(b"/"))


def path_of(text: str) -> str:
    """Return the path that a text stands for, as the functions of `os` take it. It may be any path, also `..`."""
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # halves of characters, which no name in a listing has
        data = text.encode("utf-8", "surrogatepass")
    return os.fsdecode(_ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), data))


def _shown(name: bytes) -> str:
    text = _ESCAPE.sub(rb"\\x5cx\1", name).decode("utf-8", "surrogateescape")
    is_composed, first, last = (
        unicodedata.is_normalized("NFC", text),
        len(text) - len(text.lstrip(" ")),
        len(text.rstrip(" ")),
    )
    return "".join(
        each if first <= at < last and all_visible(each) and (is_composed or each.isascii()) else _escaped(each)
        for at, each in enumerate(text)
    )


def _escaped(letter: str) -> str:
    return "".join(rf"\x{byte:02x}" for byte in letter.encode("utf-8", "surrogateescape"))
