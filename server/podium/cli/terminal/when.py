"""Times as people read them: how long ago, on the clock of this machine's zone, and how long something took.

The conductor's times are ISO-8601 UTC; the zone of the reader is the one of the process (`TZ`, else the system's).
"""

import re
from datetime import UTC, datetime

from podium.times import elapsed_between, epoch, iso, measured, span

JUST_NOW = 1.0  # seconds; less than this needs no number
_ISO = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def took(seconds: float | None) -> str:
    """Return a duration in its two largest units, such as "0.2 s", "12 s" or "3 min 20 s"; "" for None."""
    return "" if seconds is None else measured(seconds)


def since(time: str | None) -> str:
    """Return how long ago a time was, as a duration; "" if it has not come."""
    return took(elapsed_between(time, None))


def ago(time: str | None) -> str:
    """Return how long ago a time was, in its largest unit: "just now", "2 min ago", "3 d ago"; "" if it has not come."""
    seconds = elapsed_between(time, None)
    if seconds is None:
        return ""
    if seconds < JUST_NOW:
        return "just now"
    number, unit = span(seconds, whole=True).split()[:2]
    return f"{number} {unit} ago"


def clock(time: str | None) -> str:
    """Return a time in the reader's zone: "14:03:22", with its date if that is not today's; "" if it has not come."""
    try:
        found = datetime.fromisoformat(time or "")
    except ValueError:
        return ""
    there = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone()
    today = datetime.fromtimestamp(epoch(), UTC).astimezone().date()
    return f"{there:%H:%M:%S}" if there.date() == today else f"{there:%Y-%m-%d %H:%M:%S}"


def at(time: str | None) -> str:
    """Return a time on the clock with its age: "14:03:22, 2 min ago"; "" if it has not come."""
    shown = clock(time)
    return f"{shown}, {ago(time)}" if shown else ""


def ahead(time: str | None) -> str:
    """Return a time on the clock with how long it is until then: "14:03:22, in 2 min 5 s"; "" for none."""
    left = elapsed_between(iso(epoch()), time) if time else None
    return "" if left is None else f"{clock(time)}, in {span(left, whole=True)}"


def in_times(text: str) -> str:
    """Return a text of the conductor with the times in it told on the reader's clock."""
    return _ISO.sub(lambda found: clock(found[0]), text)
