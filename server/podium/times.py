"""Times as they are shown: ISO-8601 UTC with milliseconds."""

from datetime import UTC, datetime


def iso(seconds: float | None) -> str:
    """Return an epoch time as ISO-8601 UTC, "" for None."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
