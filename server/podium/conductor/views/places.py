"""What callers see of attempts that are not, or not yet, at work: in the queue of a cluster, suspended, or out of sight."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from podium.conductor.engines.port import Place
from podium.conductor.rules.places import TITLES, again, in_queue, reason_in, silence, told, why_queued
from podium.conductor.rules.state import JobRun
from podium.contract.slurm import waits_for
from podium.times import iso

PlaceOf = Callable[[str], Place | None]
"""Where the attempt with this key was when it was last looked at (see `Engine.place`)."""
_REASONS = 3  # of the queue, that a job's reason tells


def nowhere(key: str) -> None:
    """Say nothing about any attempt."""


def is_away(place: Place | None) -> bool:
    """Whether an attempt is known not to run now, or cannot be seen."""
    return place is not None and place.state != "running"


def held(place: Place | None) -> float:
    """Return for how many seconds an attempt was suspended so far."""
    return place.held_seconds if place is not None else 0.0


def place_text(job: JobRun, num: int, place_of: PlaceOf) -> str:
    """Return where the running attempt of a sheet is, in a clause; "" for this machine, and if there is nothing to say."""
    place = place_of(job.running[num].key)
    return told(place, job.plan.sheet(num).engine) if place is not None else ""


def since(job: JobRun, num: int, place_of: PlaceOf) -> str:
    """Return since when a running sheet has been running, "" while it waits in a queue, or did when that was seen last."""
    attempt = job.running[num]
    place = place_of(attempt.key)
    unseen = place is not None and place.state == "unknown" and not (place.node or attempt.place)
    return "" if unseen or (place is not None and place.state == "queued") else iso(job.run_of(num).started_at)


@dataclass(frozen=True)
class Waits:
    """Why sheets of a job that were started do not run. `reason` is of all of them; `beside` of some, while others run."""

    reason: str = ""
    beside: str = ""


def waits_of(job: JobRun, nums: Sequence[int], place_of: PlaceOf) -> Waits:
    """Return why these sheets of a job, which were started, are not seen to run."""
    queued: list[tuple[int, Place]] = []
    for num in nums:
        place = place_of(job.running[num].key)
        if place is not None and place.state == "unknown":
            return Waits(silence(place, job.plan.sheet(num).engine))
        if place is not None and place.state == "queued":
            queued.append((num, place))
    if not queued:
        return Waits()
    one, all_of_them = len(queued) == 1, len(queued) == len(nums)
    if not all_of_them:
        return Waits(beside=f"{len(queued)} {'waits' if one else 'wait'} {_in_queue(job, queued)}")
    return Waits(
        f"{f'sheet {job.label(nums[0])} waits' if one else f'{len(nums)} sheets wait'} {_in_queue(job, queued)}"
    )


def _in_queue(job: JobRun, queued: Sequence[tuple[int, Place]]) -> str:
    reasons = Counter(why for _, place in queued if (why := reason_in(place)))
    several = len(reasons) > 1
    why = ", ".join(f"{each} ({count})" if several else each for each, count in reasons.most_common(_REASONS))
    starts = [place.expected_start for _, place in queued if place.expected_start]
    start = f"; {'the first is ' if len(queued) > 1 else ''}expected to start at {iso(min(starts))}" if starts else ""
    moments = [place.again_at for _, place in queued if place.again_at]
    where = "in" if not reasons or any(place.engine_id for _, place in queued) else "to be put into"
    next_ = start or again(min(moments, default=None))
    return f"{where} {TITLES[job.plan.sheet(queued[0][0]).engine]}'s queue{f': {why}' if why else ''}{next_}"


def explained(job: JobRun, num: int, place_of: PlaceOf, said: str) -> str:
    """Return in sentences why a sheet that was started is not at work, "" if it is. `said` is the job's reason: what that tells
    of the queue is not told again.
    """
    place = place_of(job.running[num].key)
    if place is None or place.state == "running":
        return ""
    text, label = place_text(job, num, place_of), job.label(num)
    if place.state == "unknown":
        unsure = f"So it is not known how sheet {label} fares; it is not given up, and is looked for again."
        return f"{text[:1].upper()}{text[1:]}. {unsure}"
    if place.state == "suspended":
        return f"Sheet {label} is {text}."
    meaning, why = waits_for(place.reason, place.engine_id), why_queued(place)
    told_before = bool(why) and why in said
    where = in_queue(place, job.plan.sheet(num).engine) if told_before else text
    what = f"{reason_in(place)} means" if told_before else "That means"
    return f"Sheet {label} is {where}.{f' {what}: {meaning}.' if meaning else ''}"
