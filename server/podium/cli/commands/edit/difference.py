"""From the text that was shown and the one that was saved to edits of the score: what is there once, and what replaces it.

The text as it is shown is not the score itself: a secret shows as `[value of NAME]`, and of a very long line only the beginning
does. So what is sent are the places that differ, none of which touches such a stand-in. Each place is made longer, up to the next
stand-in, until it stands there once.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from podium.contract.methods import EDITS
from podium.errors import InvalidArguments

STAND_IN = re.compile(r"\[value of [^\]\n]+\]|…\[\d+ more characters\]")
_TOKEN = re.compile(rf"{STAND_IN.pattern}|\w+|\s|.", re.DOTALL)
WHOLE = "Give the whole score: podium edit JOB --score FILE"
_WIDER = 40  # characters by which a place is made longer at first


def edits_of(shown: str, saved: str) -> list[tuple[str, str]]:
    """Return the edits that make `saved` of `shown`, in order; each find stands once in the text that the earlier ones leave.

    Raises:
        InvalidArguments: a stand-in was changed, moved, copied or removed, or the edits are too many.
    """
    _check_stand_ins(shown, saved)
    edits: list[tuple[str, str]] = []
    text, moved = shown, 0
    for start, end, new in _places(shown, saved):
        _check_beside(shown, start, end)
        at, to = start + moved, end + moved
        first, last = _unique(text, at, to)
        edits.append((text[first:last], text[first:at] + new + text[to:last]))
        text = text[:at] + new + text[to:]
        moved += len(new) - (end - start)
    if len(edits) > EDITS:
        raise InvalidArguments(f"The text differs at {len(edits)} places, more than {EDITS}.", fix=WHOLE)
    return edits


def _places(shown: str, saved: str) -> list[tuple[int, int, str]]:
    """Return what differs: from and to in the text that was shown, and what stands there now."""
    old, new = shown.splitlines(keepends=True), saved.splitlines(keepends=True)
    places = []
    for before, after in _differing(old, new):
        start = sum(map(len, old[: before.start]))
        there, here = "".join(old[before]), "".join(new[after])
        if not STAND_IN.search(there):
            places.append(_trimmed(start, there, here))
            continue
        words, others = _TOKEN.findall(there), _TOKEN.findall(here)
        for part, put in _differing(words, others):
            at = start + sum(map(len, words[: part.start]))
            places.append((at, at + sum(map(len, words[part])), "".join(others[put])))
    return places


def _trimmed(start: int, there: str, here: str) -> tuple[int, int, str]:
    """Return a place without what is the same at both of its ends."""
    head = _alike(there, here)
    tail = _alike(there[head:][::-1], here[head:][::-1])
    return start + head, start + len(there) - tail, here[head : len(here) - tail]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many members at the start of both are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _differing(old: list[str], new: list[str]) -> list[tuple[slice, slice]]:
    """Return the parts of two lists that differ; equal ends are not looked at twice."""
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    middle = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    return [
        (slice(head + a, head + b), slice(head + c, head + d))
        for kind, a, b, c, d in middle.get_opcodes()
        if kind != "equal"
    ]


def _unique(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the place made longer until it stands there once, without touching a stand-in.

    Raises:
        InvalidArguments: it stands there more than once between the same stand-ins.
    """
    least = max((each.end() for each in STAND_IN.finditer(text, 0, start)), default=0)
    after = STAND_IN.search(text, end)
    most = after.start() if after else len(text)
    wider = 0
    while True:
        first, last = max(least, start - wider), min(most, end + wider)
        if first < last and _stands_once(text, text[first:last]):
            return first, last
        if (first, last) == (least, most):
            row = text.count("\n", 0, start) + 1
            raise InvalidArguments(
                f"The change at line {row} stands between values that are not shown, in a text that occurs more than once.",
                fix=WHOLE,
            )
        wider = 2 * wider or _WIDER


def _stands_once(text: str, part: str) -> bool:
    at = text.find(part)
    return at >= 0 and text.find(part, at + 1) < 0


def _check_stand_ins(shown: str, saved: str) -> None:
    """Refuse a text in which the stand-ins are not those that were there, in their order."""
    for before, after in zip_longest(STAND_IN.finditer(shown), STAND_IN.finditer(saved)):
        if before is None or after is None or before[0] != after[0]:
            text, mark = (shown, before) if before is not None else (saved, after)
            raise _touched(mark[0], text.count("\n", 0, mark.start()) + 1)


def _check_beside(shown: str, start: int, end: int) -> None:
    """Refuse a change of a stand-in, or within one."""
    for mark in STAND_IN.finditer(shown):
        if mark.start() < end and start < mark.end():
            raise _touched(mark[0], shown.count("\n", 0, mark.start()) + 1)


def _touched(mark: str, row: int) -> InvalidArguments:
    return InvalidArguments(
        f"Line {row}: {mark} only stands for a text that is not shown, so it cannot be changed, moved, copied or removed here.",
        fix=f"Leave it where it stands, and change the text around it. Or: {WHOLE[0].lower()}{WHOLE[1:]}",
    )
