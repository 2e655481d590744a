"""What a recording is made of: what a terminal showed, and when."""

from collections.abc import Iterable
from dataclasses import dataclass

Row = tuple[tuple[str, str], ...]
"""A line as its runs of letters that look the same: how they look ("bold green", "" for the usual), and the text."""
MOST_SECONDS = 1.5  # nobody watches a picture that stands still: longer pauses are cut to this
CURRENT_SECONDS = 0.25  # of what changes faster, such as a turning wheel, one frame is kept


@dataclass(frozen=True)
class Frame:
    """A screen, and when it came to be so, in seconds since the beginning."""

    seconds: float
    rows: tuple[Row, ...]


def plain(text: str, style: str = "") -> Row:
    """Return a line that looks the same all over."""
    return ((style, text),)


def thinned(frames: Iterable[Frame]) -> list[Frame]:
    """Return the frames that differ, with none shorter than `CURRENT_SECONDS` but the last, and no pause longer than `MOST_SECONDS`."""
    kept: list[Frame] = []
    for frame in frames:
        if kept and frame.rows == kept[-1].rows:
            continue
        if kept and frame.seconds - kept[-1].seconds < CURRENT_SECONDS:
            kept[-1] = Frame(kept[-1].seconds, frame.rows)
        else:
            kept.append(frame)
    return without_pauses(kept)


def without_pauses(frames: list[Frame]) -> list[Frame]:
    """Return the frames with no pause longer than `MOST_SECONDS`."""
    shown: list[Frame] = []
    now, before = 0.0, 0.0
    for frame in frames:
        now += min(frame.seconds - before, MOST_SECONDS)
        before = frame.seconds
        shown.append(Frame(round(now, 2), frame.rows))
    return shown


def slowed(frames: list[Frame], seconds: float) -> list[Frame]:
    """Return the frames, each shown for so long at least: nobody reads as fast as a program answers."""
    shown = frames[:1]
    for frame, before in zip(frames[1:], frames, strict=False):
        took = max(frame.seconds - before.seconds, seconds)
        shown.append(Frame(round(shown[-1].seconds + took, 2), frame.rows))
    return shown
