"""Cleaning of text that is not ours: a job's output, and names and reasons that may contain text of a job.

This removes terminal sequences, control characters except tab and line feed, characters that reorder or hide text (bidi
controls, zero-width, tag characters, variation selectors, fillers) and lone surrogates. Visible text is unchanged.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x9b[0-?]*[ -/]*[@-~]"  # the same with the one-byte introducer
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC: titles, hyperlinks
    r"|\x1b[ -/]*[0-~]"  # two-character sequences
)
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_FILLERS = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
_SELECTORS_AND_TAGS = {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000)}
_HIDDEN = _FILLERS | _SELECTORS_AND_TAGS
_SUSPECT = re.compile(r"[^\t\n -~]")


def clean_text(text: str) -> str:
    """Return `text` without terminal sequences and without characters that cannot be seen."""
    if not _SUSPECT.search(text):
        return text
    lines = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _SUSPECT.sub(_shown, lines)


def _shown(found: re.Match[str]) -> str:
    """Return the character that was found, "" if it is invisible or steers how others are shown."""
    is_hidden = ord(found[0]) in _HIDDEN or unicodedata.category(found[0]) in _HIDDEN_CATEGORIES
    return "" if is_hidden else found[0]


def every_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with every text in it changed, including the names of members."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(str(key)): every_text(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [every_text(item, change) for item in value]
    return value
