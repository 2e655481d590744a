"""Times and durations as they are shown: ISO-8601 UTC, and words for durations.

The server and its conductor always run on the same machine, so both read the same clock: `now` of an answer, and the times of
jobs in it, fit each other. That clock may be set back, so what is told as a duration is never less than 0.
"""

import math
import re
import time
from datetime import UTC, datetime

FEW_SECONDS = 10.0  # less than this is told with a fraction
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?", re.ASCII)


def iso(seconds: float | None) -> str:
    """Return an epoch time as ISO-8601 UTC with milliseconds, "" for None."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch() -> float:
    """Read the clock of this machine, in seconds since the epoch."""
    return time.time()


def present() -> str:
    """Return the present time as ISO-8601 UTC, to the second."""
    return datetime.fromtimestamp(epoch(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def elapsed(start: float, end: float) -> float:
    """Return the seconds between two epoch times with milliseconds, 0 if the clock was set back between them."""
    return max(0.0, round(end - start, 3))


def elapsed_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds from one ISO-8601 time to another, or to now if that has not come yet.

    None if the first one has not come, or one of them is no such time. A time without a zone is UTC.
    """
    began, ended = moment(start), moment(end) if end else epoch()
    return None if began is None or ended is None else elapsed(began, ended)


def moment(text: str | None) -> float | None:
    """Return an ISO-8601 time in seconds since the epoch, None if it is no such time. A time without a zone is UTC."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def duration(text: str, *, unit: str = "") -> float | None:
    """Return the seconds of a written duration, such as "90s", "5m", "2h" or "7d"; None if it is none.

    A plain number is one in `unit`, and none without that.
    """
    written = _WRITTEN.fullmatch(text.strip())
    size = _UNITS.get(written[2] or unit) if written else None
    return None if written is None or size is None else float(written[1]) * size


def measured(seconds: float) -> str:
    """Return how long something took: as `span`, but in tenths below 10 s: "0.1 s", "2.0 s", "12 s", "3 min 20 s"."""
    is_short = math.isfinite(seconds) and round(seconds, 1) < FEW_SECONDS
    return f"{max(0.0, seconds):.1f} s" if is_short else span(seconds)


def span(seconds: float, *, whole: bool = False) -> str:
    """Return a duration in its two largest units: "1.5 s", "45 s", "3 min 20 s", "5 h 2 min", "2 d 4 h".

    `whole`: without a fraction, for what has been measured. A duration of a foreign conductor may be no finite number.
    """
    if not math.isfinite(seconds):
        return "an unknown time"
    if seconds < FEW_SECONDS and not whole:
        return f"{max(0.0, seconds):.2g} s"
    left, parts = max(0, round(seconds)), []
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"
