"""How long partitions let a job run that does not say how long it takes. Nothing is run here."""

import re
from collections.abc import Iterable
from typing import NamedTuple

_TIME = re.compile(r"(?:(\d{1,9})-)?(\d{1,9})(?::(\d{1,9}))?(?::(\d{1,9}))?", re.ASCII)


class Times(NamedTuple):
    """What a partition gives a job that asks for no time, in seconds. `partition` ends with `*` if it is the usual one."""

    partition: str
    seconds: float


def seconds_of(text: str) -> float | None:
    """Return a time of Slurm's, such as `30:00` or `1-12:00:00`, in seconds; None if it is none, or has no end.

    A number by itself counts minutes. With days the hours come first, else two numbers are minutes and seconds.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    days, *rest = found.groups()
    numbers = [int(each) for each in rest if each is not None]
    if days is not None:
        hours, minutes, seconds = [*numbers, 0, 0][:3]
    elif len(numbers) == 3:
        hours, minutes, seconds = numbers
    else:
        hours, (minutes, seconds) = 0, [*numbers, 0][:2]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def read_times(text: str) -> list[Times]:
    """Return what `sinfo` lists in the form of `commands.TIMES_FORMAT`, of partitions with a limit only."""
    found = []
    for line in text.splitlines():
        partition, *given = line.split("|", 2)
        seconds = next(
            (each for each in map(seconds_of, given) if each is not None), None
        )  # the default, else the most
        if seconds is not None:
            found.append(Times(partition, seconds))
    return found


def least(times: Iterable[Times], partition: str) -> float | None:
    """Return what a job gets at least in a partition, or in one of several with a comma between; None if there is no limit.

    What names none gets the usual one.
    """
    wanted = partition.split(",")
    here = [
        each
        for each in times
        if (each.partition.removesuffix("*") in wanted if partition else each.partition.endswith("*"))
    ]
    return min((each.seconds for each in here), default=None)
