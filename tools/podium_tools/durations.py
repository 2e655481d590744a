"""How long jobs and sheets have taken, as results show it: of sheets in the form `label=seconds`."""

from collections.abc import Iterable

from podium.contract.models import EventView, JobView
from podium.times import elapsed_between

SHOWN = 10  # sheets of a job
RUNNING_SHOWN = 5  # of them, those that still run


def shown_seconds(seconds: float) -> float:
    """Return a duration with the digits that say something."""
    return round(seconds, 2 if seconds < 10 else 1)


def labelled(label: str, seconds: float) -> str:
    """Return a duration with the sheet that it belongs to."""
    return f"{label}={shown_seconds(seconds):.12g}"


def job_seconds(job: JobView) -> float | None:
    """Return how long the job has taken, until it ended or until now; None if it has not begun."""
    return None if (seconds := job.elapsed_seconds) is None else shown_seconds(seconds)


def sheet_seconds(job: JobView, events: Iterable[EventView] = ()) -> list[str]:
    """Return how long the first running sheets of a job have been running, and how long the last ones that ended took.

    `events` are where the ended ones are found; of a sheet that ended several times only the last end counts.
    """
    running = zip(job.running[:RUNNING_SHOWN], job.running_since, strict=False)
    seconds = {label: taken for label, since in running if (taken := elapsed_between(since, None)) is not None}
    ended: dict[str, float] = {}
    for event in events:
        label, took = event.data.get("name"), event.data.get("duration_seconds")
        if event.job_id == job.job_id and isinstance(label, str) and isinstance(took, float):
            ended.pop(label, None)
            ended[label] = took
    finished = [(label, taken) for label, taken in ended.items() if label not in seconds]
    seconds.update(finished[-(SHOWN - len(seconds)) :])
    return [labelled(label, taken) for label, taken in seconds.items()]
