"""Why an instrument's attempt failed, and what it has cost, as read from the end of its output."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import regex

from podium.score.patterns import PatternFault, compile_pattern

FailureKind = Literal["rate_limit", "auth", "capacity", "error"]
KINDS: tuple[Literal["rate_limit", "auth", "capacity"], ...] = ("rate_limit", "auth", "capacity")
TAIL_CHARS = 20_000
MATCH_SECONDS = 0.2  # for one pattern; the time of all of them is bounded by their number
LONGEST_WAIT_SECONDS = 7 * 86_400.0
MOST_DOLLARS = 1e9  # that an attempt can have cost; more is a misread number

_EPOCH = regex.compile(r"limit reached\|(\d{10})\b", regex.I)
_WAIT = regex.compile(
    r"(?:retry[- _]?after|retry[- _]?delay|try again in|resets? in|resets? after)\W{1,5}(?=\d)", regex.I
)
_CLOCK = regex.compile(
    r"(?:try again at|resets?(?: at)?) (\d{1,2})(?::(\d\d))? ?([ap]m)\b(?: \(([A-Za-z_/+-]+)\))?", regex.I
)
_PART = regex.compile(r"[\s,]*(\d++(?:\.\d++)?)\s?(ms|[dhms])?(?:(?<=[dhms])[a-z]*+)?", regex.I)
_UNITS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


Patterns = Mapping[Literal["rate_limit", "auth", "capacity"], tuple[str, ...]]


def classify(patterns: Patterns, tail: str) -> FailureKind:
    """Return the kind of a failure. `tail` is the end of stdout and of stderr, since tools report errors on either.

    A pattern that takes too long does not match.
    """
    end = tail[-TAIL_CHARS:]
    for kind in KINDS:
        if _any(patterns.get(kind, ()), end):
            return kind
    return "error"


def retry_after_seconds(tail: str, now: float) -> float | None:
    """Return how many seconds the tool asks to wait, from its last message about it; None if it names no time.

    `now` is in seconds since the epoch. Understood are durations ("try again in 1h 5m", "Retry-After: 30"), a time of day
    ("resets 8:20pm (Asia/Tokyo)"; without a zone, this machine's), and Claude Code's epoch.
    """
    text = tail[-TAIL_CHARS:]
    waits = [  # the most reliable come last
        *(_seconds_until(found, now) for found in _CLOCK.finditer(text)),
        *(_duration(text, found.end()) for found in _WAIT.finditer(text)),
        *(float(found[1]) - now for found in _EPOCH.finditer(text)),
    ]
    return next((wait for wait in reversed(waits) if wait is not None and 0 <= wait <= LONGEST_WAIT_SECONDS), None)


def cost_in(tail: str, pattern: str) -> float | None:
    """Return the dollars that the last match of a pattern names in its group; None without a match or with no number there."""
    try:
        found = list(compile_pattern(pattern, regex.I).finditer(tail[-TAIL_CHARS:], timeout=MATCH_SECONDS))
        cost = float((found[-1][1] or "").replace(",", ""))
    except (TimeoutError, ValueError, IndexError):  # of a pattern, too, that an older version took
        return None
    return cost if 0 <= cost <= MOST_DOLLARS else None


def _any(patterns: tuple[str, ...], text: str) -> bool:
    """Return whether one of the patterns is found within its time."""
    for pattern in patterns:
        with suppress(TimeoutError, PatternFault):  # one that an older version took may not be one any more
            if compile_pattern(pattern, regex.I).search(text, timeout=MATCH_SECONDS):
                return True
    return False


def _duration(text: str, position: int) -> float:
    """Return a duration such as "3 days 6 hours 57 minutes" or "1h2m3s" in seconds; a bare number is in seconds."""
    total = 0.0
    while found := _PART.match(text, position):
        total += float(found[1]) * _UNITS[(found[2] or "s").lower()]
        position = found.end()
        if not found[2]:
            break
    return total


def _seconds_until(found: regex.Match[str], now: float) -> float | None:
    """Return the seconds until a time of day comes next, None for a time or a zone that does not exist."""
    hour, minute = int(found[1]) % 12 + 12 * (found[3].lower() == "pm"), int(found[2] or 0)
    if int(found[1]) > 12 or minute > 59:
        return None
    try:
        zone = ZoneInfo(found[4]) if found[4] else None  # None: this machine's
    except (KeyError, OSError, ValueError):
        return None
    here = datetime.fromtimestamp(now, UTC).astimezone(zone)
    then = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return ((then if then > here else then + timedelta(days=1)) - here).total_seconds()
