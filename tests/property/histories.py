"""What a generated history of jobs stands on: a scheduler, a real database, and what always holds."""

import sqlite3
from collections import Counter
from collections.abc import Callable

from hypothesis.stateful import RuleBasedStateMachine, invariant

from podium.conductor.clock import Moment
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.healing.diagnosis import LONGEST_WAIT_SECONDS
from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import Attempt, JobRun, SheetRun
from podium.conductor.rules.transitions import costs, jobs, sheets
from podium.conductor.rules.transitions.failures import LIMIT_WAITS
from podium.conductor.store import schema
from podium.conductor.store.rows import STATEMENTS
from podium.conductor.supervisor.loading import job_from_rows
from podium.conductor.supervisor.saving import rows_of
from podium.contract import states
from tests.property.approvals import Approvals

LIMIT = 3


class History(RuleBasedStateMachine):
    """A few jobs under one scheduler; every batch is committed to a real database and read back."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(Limits(LIMIT))
        self.jobs: list[JobRun] = []
        self.begun: set[str] = set()
        self.ended: set[str] = set()
        self.events: dict[str, list[int]] = {}
        self.kinds: dict[str, list[tuple[str, str]]] = {}  # type and sheet of each event
        self.approvals = Approvals()
        self.last_event = 0
        self.mono = 100.0
        self.suspending = False
        self.wishes: dict[
            str, bool
        ] = {}  # what was last asked of the engine about an attempt: to suspend it, or to let it go on
        self.withdrawals: set[str] = set()  # attempts that the engine was asked to take back
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("PRAGMA foreign_keys=ON")
        schema.bring_up(self.db, "home")

    # -- helpers --------------------------------------------------------------------------------------------------

    def commit(self, work: Callable[[Batch], object]) -> object:
        """Do one batch as the supervisor does: work, settle, dispatch, commit."""
        batch = Batch(self.last_event + 1, Moment(self.mono, self.mono), suspending=self.suspending)
        try:
            value = work(batch)
        finally:
            self.scheduler.turn(batch.turned)
            for job in self.jobs:
                if job.status not in states.TERMINAL:
                    jobs.settle(job, batch)
            for job in self.jobs:
                self.scheduler.offer(job)
            for job, num, gpus in self.scheduler.next_sheets(self.mono):
                assert all(job.is_satisfied(need) for need in job.plan.sheet(num).needs)
                assert not job.intent
                assert self.scheduler.used <= LIMIT
                assert not costs.beyond_job(job)
                sheets.start(job, num, batch, "home", gpus)
            self._write(batch)
        return value

    def _write(self, batch: Batch) -> None:
        self.db.execute("BEGIN")
        rows = rows_of(batch)
        for kind, statement in STATEMENTS.items():
            self.db.executemany(statement, rows.by_kind.get(kind, []))
        self.db.execute("COMMIT")
        self.last_event = batch.next_seq - 1
        known = {job.job_id: job for job in self.jobs}
        for event in batch.events:
            self.approvals.take(known[event.job_id], event)
            self.events.setdefault(event.job_id, []).append(event.job_seq)
            self.kinds.setdefault(event.job_id, []).append((event.type, str(event.data.get("name"))))
        for launch in batch.launches:
            assert launch.attempt.key not in self.begun
            self.begun.add(launch.attempt.key)
        self.withdrawals.update(attempt.key for attempt in batch.withdrawals)
        self.wishes.update((attempt.key, suspended) for attempt, suspended in batch.wishes)

    def running(self) -> list[tuple[JobRun, Attempt]]:
        return [(job, attempt) for job in self.jobs for attempt in job.running.values()]

    def queued(self) -> list[tuple[JobRun, Attempt]]:
        """Return what is not known to have begun on a cluster."""
        running = self.running()
        return [(job, each) for job, each in running if job.plan.sheet(each.sheet).on_cluster and not each.place]

    # -- what always holds ----------------------------------------------------------------------------------------

    @invariant()
    def slots_are_what_runs(self) -> None:
        playing = sum(not job.plan.sheet(num).on_cluster for job in self.jobs for num in job.playing)
        assert self.scheduler.used == playing
        assert playing <= LIMIT or self.suspending  # what was suspended goes on, whoever has its slot now

    @invariant()
    def a_job_runs_no_more_than_its_score_says(self) -> None:
        for job in self.jobs:
            assert len(job.running) <= job.plan.max_concurrent
            if job.status != "running":
                assert not job.playing
                assert not job.running or job.status == "paused"

    @invariant()
    def what_waits_in_a_queue_keeps_no_job_from_a_pause_or_a_change(self) -> None:
        for job, attempt in self.queued():
            if job.intent in {"pause", "modify"}:
                assert attempt.key in self.withdrawals or attempt.suspended

    @invariant()
    def what_is_suspended_belongs_to_a_pause_and_was_asked_for(self) -> None:
        for job in self.jobs:
            for attempt in job.running.values():
                asked = self.wishes.get(attempt.key, False)
                assert not attempt.suspended or (asked and (job.status == "paused" or job.intent == "pause"))
                assert not asked or job.status == "paused" or job.intent in {"pause", "cancel"}, "nobody let it go on"
            assert job.intent != "pause" or job.playing, "it should be paused"

    @invariant()
    def a_settled_job_has_no_wish_left(self) -> None:
        for job in self.jobs:
            if job.status in states.TERMINAL | {"paused"}:
                assert not job.intent
                assert job.finished_at is not None or job.status == "paused"
            if job.status == "completed":
                assert not any([job.ready, job.blocked, job.waiting, job.held, job.counts["failed"]])

    @invariant()
    def no_job_hangs(self) -> None:
        """A job that goes on runs something, waits for something with an end, or has something that waits for a slot."""
        for job in self.jobs:
            if job.status in {"queued", "running"} and not job.running:
                assert job.waiting or job.ready

    @invariant()
    def what_holds_is_said_and_uses_no_slot(self) -> None:
        for job in self.jobs:
            for num in job.holding if job.intent != "modify" else ():
                assert job.sheets[num].hold == "held"
                assert job.status_of(num) == "pending"
                assert num not in job.running
                assert num not in job.ready
                assert ("sheet.held", job.label(num)) in self.kinds[job.job_id]

    @invariant()
    def events_of_a_job_have_no_gap(self) -> None:
        for numbers in self.events.values():
            assert numbers == list(range(1, len(numbers) + 1))

    @invariant()
    def every_consequence_of_a_failure_is_bounded(self) -> None:
        for job in self.jobs:
            for run in job.sheets.values():
                assert run.limit_waits <= LIMIT_WAITS
                most = job.plan.retries[job.plan.sheet(run.num).retry].max_completion_attempts
                assert run.completions <= most or job.status in states.TERMINAL or run.status == "completed"
                assert bool(run.note) <= bool(run.completions)
                assert run.player == 0 or run.player <= len(job.plan.sheet(run.num).fallbacks)
                assert run.remedy is None or job.self_healing
                assert run.status != "waiting" or (run.waiting_left or 0.0) <= LONGEST_WAIT_SECONDS

    @invariant()
    def a_sheet_has_one_healing_round_until_it_is_asked_to_run_again(self) -> None:
        for kinds in self.kinds.values():
            healed: set[str] = set()
            for kind, sheet in kinds:
                if kind in {"job.resumed", "job.modified"}:
                    healed.clear()
                elif kind == "healing.applied":
                    assert sheet not in healed
                    healed.add(sheet)

    @invariant()
    def the_disk_counts_the_jobs_of_each_status(self) -> None:
        counts = dict(self.db.execute("SELECT status, jobs FROM status_counts WHERE jobs <> 0").fetchall())
        assert counts == Counter(job.status for job in self.jobs)

    @invariant()
    def the_disk_says_what_memory_says(self) -> None:
        for job in self.jobs:
            loaded = job_from_rows(self.db, job.job_id, job.loaded, job.next_plan)
            assert (loaded.status, loaded.intent, loaded.counts) == (job.status, job.intent, job.counts)
            assert {num: run.status for num, run in loaded.sheets.items()} == {
                num: run.status for num, run in job.sheets.items()
            }
            assert (loaded.cost, loaded.cost_granted) == (job.cost, job.cost_granted)
            assert [tried(run) for run in loaded.sheets.values()] == [tried(job.sheets[num]) for num in loaded.sheets]
            assert {num: attempt.instrument for num, attempt in loaded.running.items()} == {
                num: attempt.instrument for num, attempt in job.running.items()
            }
            assert sorted(loaded.running) == sorted(job.running)
            assert loaded.playing == job.playing
            assert sorted(loaded.blocked) == sorted(job.blocked)
            if job.status not in states.TERMINAL:
                assert sorted(loaded.ready) == sorted(job.ready)
                assert loaded.held == job.held
                assert {num: run.hold for num, run in loaded.sheets.items()} == {
                    num: run.hold for num, run in job.sheets.items()
                }

    def teardown(self) -> None:
        self.db.close()


def tried(run: SheetRun) -> tuple[object, ...]:
    """Return what was tried to have a sheet succeed, and its cost."""
    return run.player, run.limit_waits, run.remedy, run.completions, run.note, run.cost
