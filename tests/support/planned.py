"""Jobs that are put into a home as plans, for what no score can say."""

from pathlib import Path

import anyio

from podium.conductor import clock
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import jobs
from podium.conductor.store.store import open_store
from podium.conductor.supervisor.saving import rows_of
from podium.score.model.plan import Plan
from tests.support.plans import job_of


def put_into(home: Path, workspace: Path, *plans: Plan) -> list[str]:
    """Submit jobs of these plans to a new home, whose conductor has not been started yet; return their ids."""
    made = [job_of(plan, seq=seq) for seq, plan in enumerate(plans, 1)]
    for job in made:
        job.workspace = str(workspace)
    home.mkdir(mode=0o700)
    anyio.run(_commit, home, made)
    return [job.job_id for job in made]


async def _commit(home: Path, made: list[JobRun]) -> None:
    async with open_store(home) as store:
        batch = Batch(1, clock.now())
        for job in made:
            jobs.submit(job, batch)
        await store.commit(rows_of(batch))
