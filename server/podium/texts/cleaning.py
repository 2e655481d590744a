"""Cleaning of text that is not ours: a job's output, and names and reasons that may contain text of a job.

This removes terminal sequences, control characters except tab and line feed, and letters that nobody sees (see `letters`).
Visible text is unchanged. A sequence that does not end hides nothing: it counts as ended at once.
"""

import re
from collections.abc import Callable
from typing import Any

from podium.texts.letters import is_invisible

_LONGEST = 65_536  # of the text of a sequence
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x9b[0-?]*[ -/]*[@-~]"  # the same with the one-byte introducer
    # OSC, DCS, SOS, PM, APC: titles, hyperlinks. They end in their line, or are none.
    rf"|\x1b[\]PX^_][^\x07\x1b\x9c\n]{{0,{_LONGEST}}}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"  # two-character sequences, and the introducer of one that does not end
)
_SUSPECT = re.compile(r"[^\t\n -~]")


def clean_text(text: str) -> str:
    """Return `text` without terminal sequences and without characters that cannot be seen."""
    if not _SUSPECT.search(text):
        return text
    lines = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _SUSPECT.sub(lambda found: "" if is_invisible(found[0]) else found[0], lines)


def every_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with every text in it changed, including the names of members."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(str(key)): every_text(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [every_text(item, change) for item in value]
    return value
