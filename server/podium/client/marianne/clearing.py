"""Which jobs of a Marianne conductor's list are meant: by a filter, or to be removed.

They are chosen here, since that conductor's own clear, given a status of active jobs, drops all its ended ones too.
"""

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from podium.client.marianne.replies import JobState
from podium.client.marianne.words import job_status
from podium.contract.methods import ClearParams
from podium.contract.states import TERMINAL, JobFilter
from podium.errors import UnsupportedByConductor


def choose(
    entries: Sequence[JobState], params: ClearParams, ended_at: Mapping[str, float]
) -> tuple[list[JobState], dict[str, int]]:
    """Return the ended jobs to remove in one call, the oldest first, and how many there are in all, by status.

    `entries` are newest first. `ended_at` has, by id, when jobs ended; one whose end has no time has no age.
    """
    statuses = TERMINAL.intersection(TERMINAL if params.statuses is None else params.statuses)
    matching = [each for each in entries if job_status(each) in statuses]
    if params.older_than_seconds is not None:
        latest = time.time() - params.older_than_seconds
        matching = [each for each in matching if ended_at.get(each.job_id, math.inf) <= latest]
    others = matching[params.keep_newest :][::-1]
    chosen = others if params.limit is None else others[: params.limit]
    return chosen, dict(Counter(job_status(each) for each in others))


def check_filter(status: JobFilter | None) -> None:
    """Refuse a filter by what that conductor's list does not say."""
    if status in {"waiting", "stuck"}:
        raise UnsupportedByConductor(
            f"This conductor's list does not say which jobs are {status}.",
            fix='List status="active", and call explain_job for one of them.',
        )


def fits(entry: JobState, status: JobFilter | None, name: str) -> bool:
    """Whether a list with these filters shows a job."""
    if not any(name.lower() in each.lower() for each in (entry.job_id, entry.job_name or "")):
        return False
    found = job_status(entry)
    match status:
        case None | "any":
            return True
        case "ended" | "active":
            return (found in TERMINAL) == (status == "ended")
        case _:
            return found == status
