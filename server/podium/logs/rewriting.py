r"""Lines that a program rewrites, as progress bars do: which part of a line is its last state.

A new state begins where the cursor goes back to the first column: at `\r`, or at the sequences that libraries use for it, "to
column 1" and "100 or more to the left" (ECMA-48: CHA, CUB). A state of blanks only, which is how a line is cleared, does not
count, so that what was there before it stays readable. Lines that are rewritten after a move upwards stay lines of their own.
"""

import re

MARK_BYTES = 9  # the longest mark; a longer run of digits is no sensible move
_MOVE = rb"\x1b\[(?:[01]?G|\d{3,5}D)"
_MARK = re.compile(rb"\r|" + _MOVE)
_MOVED = re.compile(_MOVE)
_LAST_MOVE = re.compile(rb"(?s:.*)(?=\x1b)(" + _MOVE + rb")")
_SPACES = b" \t\n\r\v\f\0"
_SEQUENCE_BYTES = 32  # of the last escape sequence, at most
_BLANK = re.compile(rb"(?:[\s\0]|\x1b\[[0-?]*[ -/]*[@-~])*+")
_BLANK_BACKWARDS = re.compile(rb"(?:[\s\0]|[@-~][ -/]*[0-?]*\[\x1b)*+")
# Sequences that show nothing, each within its line: CSI; OSC, DCS, SOS, PM and APC with their text; those of two characters.
SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])")


def may_be_rewritten(text: bytes) -> bool:
    """Return whether there may be a mark in the text."""
    return b"\r" in text or b"\x1b[" in text


def last_state(text: bytes | bytearray) -> tuple[int, int]:
    """Return where the last state that shows something begins and ends; of a text without one, its first state.

    The time is linear, and short for each byte, whatever a program writes.
    """
    seen = len(text.rstrip(_SPACES))
    if b"\x1b" in text[max(0, seen - _SEQUENCE_BYTES) : seen] and (blank := _BLANK_BACKWARDS.match(text[:seen][::-1])):
        seen -= blank.end()
    following = _MARK.search(text, seen)
    return start_of_state(text, seen), following.start() if following else len(text)


def after_first_mark(text: bytes) -> int:
    """Return where the text goes on after its first mark; where it ends if there is none."""
    mark = _MARK.search(text)
    return mark.end() if mark else len(text)


def states(text: bytes) -> list[bytes]:
    """Return the states in the text that show something, in order."""
    return [state for state in _MARK.split(text) if not _BLANK.fullmatch(state)]


def start_of_state(text: bytes | bytearray, end: int) -> int:
    """Return where the state that ends there begins: after the last mark before it."""
    begin = text.rfind(b"\r", 0, end) + 1
    if _MOVED.search(text, begin, end) and (last := _LAST_MOVE.match(text, begin, end)):
        return last.end()
    return begin


def as_seen(text: bytes) -> bytes:
    """Return lines as a search compares them: each state a line, without escape sequences, with its backspaces carried out."""
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\x1b" in text:
        text = SEQUENCE.sub(b"", _MOVED.sub(b"\n", text))
    return b"\n".join(map(without_backspaces, text.split(b"\n"))) if b"\b" in text else text


def without_backspaces(text: bytes) -> bytes:
    """Return a line in which each backspace has taken away the character before it."""
    first, *rest = text.split(b"\b")
    kept = bytearray(first)
    for part in rest:
        while kept and kept[-1] & 0xC0 == 0x80:  # the later bytes of a UTF-8 character
            kept.pop()
        if kept:
            kept.pop()
        kept += part
    return bytes(kept)
