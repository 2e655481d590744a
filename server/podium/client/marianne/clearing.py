"""Which jobs of a Marianne conductor's list are meant: by a filter, or to be removed.

They are chosen here, since that conductor's own clear, given a status of active jobs, drops all its ended ones too.
"""

import time
from collections import Counter
from collections.abc import Sequence

from podium.client.marianne import views
from podium.client.marianne.replies import JobState
from podium.contract.methods import ClearParams
from podium.contract.models import ClearView
from podium.contract.states import TERMINAL, JobFilter
from podium.errors import UnsupportedByConductor


def choose(entries: Sequence[JobState], params: ClearParams) -> tuple[list[JobState], ClearView]:
    """Return the ended jobs to remove in one call, the oldest first, and what a dry run says of them.

    `entries` are newest first. A job whose end has no time has no age.
    """
    statuses = TERMINAL.intersection(TERMINAL if params.statuses is None else params.statuses)
    matching = [each for each in entries if views.job_status(each) in statuses]
    if params.older_than_seconds is not None:
        latest = time.time() - params.older_than_seconds
        matching = [each for each in matching if isinstance(each.completed_at, float) and each.completed_at <= latest]
    others = matching[params.keep_newest :][::-1]
    chosen = others if params.limit is None else others[: params.limit]
    counts = Counter(views.job_status(each) for each in others)
    return chosen, ClearView(jobs=list(map(views.job_view, chosen)), total=len(others), counts=dict(counts))


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
    found = views.job_status(entry)
    match status:
        case None | "any":
            return True
        case "ended" | "active":
            return (found in TERMINAL) == (status == "ended")
        case _:
            return found == status
