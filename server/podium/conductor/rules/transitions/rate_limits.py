"""The sheets that wait for the rate limit of their instrument, and the end of that wait on request."""

from collections.abc import Iterator

from podium.conductor.rules.batch import Batch
from podium.conductor.rules.limits import waits_for_limit
from podium.conductor.rules.state import JobRun, SheetRun
from podium.conductor.rules.transitions.sheets import wake
from podium.contract.states import TERMINAL

_CLEARED = "its rate limit was cleared: it runs as soon as there is a slot"


def limited(job: JobRun, instrument: str | None) -> Iterator[SheetRun]:
    """Return the sheets of a job that wait for the limit of an instrument, given by its name or an alias, None for any."""
    if job.intent == "cancel" or job.status in TERMINAL:
        return
    for run in (job.sheets[num] for num in sorted(job.waiting)):
        profile = job.profile_of(run.num)
        if waits_for_limit(run.reason) and (instrument is None or instrument in {profile.name, *profile.aliases}):
            yield run


def clear(job: JobRun, batch: Batch, *, instrument: str | None) -> dict[str, list[str]]:
    """End the waits of a job for the limit of an instrument, None for any; the reply names the instrument of each."""
    cleared = []
    for run in list(limited(job, instrument)):
        cleared.append(job.profile_of(run.num).name)
        wake(job, run.num, batch)
        run.reason = _CLEARED
    return {"cleared": cleared}
