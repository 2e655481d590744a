"""Homes whose registry is full already: ended or paused jobs, written by the conductor's own transitions and store."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import anyio

from podium.conductor import clock
from podium.conductor.engines.port import End
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.claims import Claim
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control, jobs, sheets
from podium.conductor.rules.verdicts import Verdict
from podium.conductor.store.store import Store, open_store
from podium.conductor.supervisor.saving import rows_of
from podium.score.model.plan import Plan, PlanSheet, dump_plan

JOBS_A_COMMIT = 2_000
LOG_TEXT = "".join(f"line {number} of what a sheet wrote\n" for number in range(1, 201))
PLAN = Plan(name="seeded", dialect="named", templates=("true",), sheets=(PlanSheet(num=1, name="only", template=0),))


def seed(home: Path, count: int, *, paused: bool = False) -> None:
    """Fill a new home with jobs of one sheet; the last hundred ended ones have output. No conductor may run on it."""
    home.mkdir(parents=True, mode=0o700)
    anyio.run(_fill, home, count, paused)
    for seq in () if paused else range(max(1, count - 99), count + 1):
        _write_logs(home / "jobs" / job_id_of(seq) / "1")


def job_id_of(seq: int) -> str:
    """Return the id of the seeded job with this number, from 1."""
    return f"seeded-{seq:06d}"


async def _fill(home: Path, count: int, paused: bool) -> None:
    text = dump_plan(PLAN)
    digest = hashlib.sha256(text.encode()).hexdigest()
    loaded = LoadedPlan(digest, PLAN, "name: seeded\nsheets: [{name: only, run: 'true'}]\n", text)
    async with open_store(home) as store:
        next_seq = 1
        for first in range(1, count + 1, JOBS_A_COMMIT):
            batch = Batch(next_seq, clock.now())
            for job in _new_jobs(home, loaded, range(first, min(first + JOBS_A_COMMIT, count + 1))):
                _live(job, batch, store, paused)
            await store.commit(rows_of(batch))
            next_seq = batch.next_seq


def _new_jobs(home: Path, loaded: LoadedPlan, numbers: range) -> Iterator[JobRun]:
    for seq in numbers:
        yield JobRun(
            seq=seq, job_id=job_id_of(seq), name="seeded", loaded=loaded, workspace=str(home), submitted_at=float(seq)
        )


def _live(job: JobRun, batch: Batch, store: Store, paused: bool) -> None:
    """Let a job run through its states without running anything."""
    jobs.submit(job, batch)
    if paused:
        control.pause(job, batch)
        return
    num = job.ready.take(Claim("cli"))
    sheets.start(job, num, batch, store.home_id)
    attempt = job.running[num]
    sheets.attempt_ended(job, attempt, Verdict(End(attempt.key, "exited", 0, ended_at=batch.now.wall), True), batch)


def _write_logs(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    (folder / "stdout.log").write_text(LOG_TEXT)
    (folder / "stderr.log").write_text("")
