"""Times as they are shown: ISO-8601 UTC with milliseconds."""

from datetime import UTC, datetime


def iso(seconds: float | None) -> str:
    """Return an epoch time as ISO-8601 UTC, "" for None."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(seconds: float) -> str:
    """Return a duration in its two largest units: "45 s", "3 min 20 s", "5 h 2 min", "2 d 4 h"."""
    left, parts = round(seconds), []
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or f"{seconds:.2g} s"
