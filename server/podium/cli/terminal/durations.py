"""Durations on the command line: `--timeout 10m`, `--older 7d`."""

from podium.errors import InvalidArguments
from podium.times import duration

METAVAR = "TIME"  # as the help of an option calls one


def seconds(option: str, text: str) -> float:
    """Return the seconds of what was given to an option: a duration with its unit, such as 90s, 5m, 2h or 7d.

    A number without a unit is refused unless it is 0: what is meant by it decides whether a job of today is removed.

    Raises:
        InvalidArguments: the text is no such duration.
    """
    given = text.strip()
    if (found := duration(given)) is not None:
        return found
    if duration(given, unit="s") == 0:
        return 0.0
    if duration(given, unit="s") is None:
        raise InvalidArguments(f"{option} {text!r}: this is no duration.", fix="Write it as 90s, 5m, 2h or 7d.")
    examples = ", ".join(f"{given}{unit}" for unit in "smhd")
    raise InvalidArguments(f"{option} {text}: the unit is missing.", fix=f"Write it as one of {examples}.")
