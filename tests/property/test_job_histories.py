"""Generated histories of jobs: whatever clients ask and attempts do, in any order, the promises of the state table hold."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from podium.conductor.clock import Moment
from podium.conductor.engines.port import End, EndReason, Place
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.healing.diagnosis import LONGEST_WAIT_SECONDS
from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import Attempt, JobRun, SheetRun
from podium.conductor.rules.transitions import control, costs, jobs, rate_limits, sheets
from podium.conductor.rules.transitions.control import Done
from podium.conductor.rules.transitions.failures import LIMIT_WAITS
from podium.conductor.rules.verdicts import Trouble, Verdict
from podium.conductor.store import schema
from podium.conductor.store.rows import STATEMENTS
from podium.conductor.supervisor.loading import job_from_rows
from podium.conductor.supervisor.saving import rows_of
from podium.contract import states
from podium.errors import WrongState
from podium.score.model.plan import CostLimits, Plan
from tests.property.approvals import Approvals
from tests.support.examples import examples
from tests.support.plans import job_of, plan_of
from tests.support.play import checked

LIMIT = 3
ENDS: list[EndReason] = ["exited", "exited", "exited", "exited", "timed_out", "stale", "lost", "never_started"]
TROUBLES: list[Trouble] = ["", "rate_limit", "rate_limit", "auth", "capacity", "missing"]
DOLLARS = st.none() | st.sampled_from([0.25, 1.0, 4.0])


@st.composite
def changed_plans(draw: st.DrawFn, present: Plan) -> Plan:
    """Return another score, or the present one with nothing changed but its name and, perhaps, what one sheet asks."""
    if draw(st.booleans()):
        holds = draw(st.sets(st.integers(1, 3), max_size=1))
        return plan_of([[] for _ in range(draw(st.integers(1, 5)))], name="changed", holds=holds)
    sheets = list(present.sheets)
    if draw(st.booleans()):
        num = draw(st.sampled_from([sheet.num for sheet in sheets if sheet.hold] or [1]))
        sheets[num - 1] = replace(sheets[num - 1], hold=f"{sheets[num - 1].hold} sure?")
    return present.model_copy(update={"name": "changed", "sheets": tuple(sheets)})


class Histories(RuleBasedStateMachine):
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

    # -- what may happen ------------------------------------------------------------------------------------------

    @initialize(suspending=st.booleans())
    def begin(self, suspending: bool) -> None:
        self.suspending = suspending

    @precondition(lambda self: len(self.jobs) < 4)
    @rule(data=st.data(), count=st.integers(1, 6), concurrent=st.integers(1, 3), retries=st.integers(0, 2),
          fail_fast=st.booleans(), fallbacks=st.integers(0, 2), healing=st.booleans(),
          holds=st.sets(st.integers(1, 3), max_size=2), completions=st.integers(0, 2), on_cluster=st.booleans(),
          limits=st.none() | st.builds(CostLimits, max_cost_per_sheet=DOLLARS, max_cost_per_job=DOLLARS))  # fmt: skip
    def submit(self, data: st.DataObject, count: int, concurrent: int, retries: int, fail_fast: bool, fallbacks: int,
               healing: bool, holds: set[int], completions: int, on_cluster: bool,
               limits: CostLimits | None) -> None:  # fmt: skip
        needs = [
            data.draw(st.sets(st.integers(1, num - 1)) if num > 1 else st.just(set())) for num in range(1, count + 1)
        ]
        plan = plan_of(
            [sorted(each) for each in needs], holds=holds, max_concurrent=concurrent, max_retries=retries, fail_fast=fail_fast,
            instruments=("goose", "aider", "crush")[: fallbacks + 1] if fallbacks or healing or completions else (),
            checks=2, completions=completions, cost_limits=limits,
        )  # fmt: skip
        if on_cluster:
            plan = plan.model_copy(update={"sheets": tuple(replace(sheet, engine="slurm") for sheet in plan.sheets)})
        job = job_of(plan, seq=len(self.jobs) + 1, start_sheet=data.draw(st.integers(1, count)))
        job.self_healing = healing
        self.jobs.append(job)
        self.commit(lambda batch: jobs.submit(job, batch))

    @precondition(lambda self: self.running())
    @rule(
        data=st.data(), passed=st.booleans(), reason=st.sampled_from(ENDS), trouble=st.sampled_from(TROUBLES),
        wait=st.none() | st.floats(0, 3600) | st.floats(0, 10 * 86_400), gone=st.booleans(),
        checks=st.sampled_from(["", "", "y", "yn", "nn"]), cost=DOLLARS,
    )  # fmt: skip
    def attempt_ends(self, data: st.DataObject, passed: bool, reason: EndReason, trouble: Trouble, wait: float | None,
                     gone: bool, checks: str, cost: float | None) -> None:  # fmt: skip
        job, attempt = self.running()[data.draw(st.integers(0, len(self.running()) - 1))]
        assert attempt.key not in self.ended
        self.ended.add(attempt.key)
        verdict = Verdict(
            End(attempt.key, reason, 0 if passed or checks else 1), passed=passed and reason == "exited", message="no",
            validations=checked(checks), cost=cost,
            trouble=trouble if reason == "exited" and not checks and job.profile_of(attempt.sheet).kind == "agent" else "",
            wait_seconds=wait, missing_folders=(job.workspace,) if gone else (),
        )  # fmt: skip
        self.scheduler.give_back(attempt)
        self.commit(lambda batch: sheets.attempt_ended(job, attempt, verdict, batch))

    @precondition(lambda self: self.queued())
    @rule(data=st.data())
    def an_attempt_reaches_a_node(self, data: st.DataObject) -> None:
        job, attempt = self.queued()[data.draw(st.integers(0, len(self.queued()) - 1))]
        place = Place("running", "512", "f1")
        self.commit(lambda batch: sheets.placed(attempt.serial, place, job, batch))

    @precondition(lambda self: any(attempt.key in self.withdrawals for _, attempt in self.queued()))
    @rule(data=st.data())
    def an_attempt_is_taken_back(self, data: st.DataObject) -> None:
        """It may be late: the job may have been let go on meanwhile. The sheet is as if it had not been started."""
        asked = [(job, attempt) for job, attempt in self.queued() if attempt.key in self.withdrawals]
        job, attempt = asked[data.draw(st.integers(0, len(asked) - 1))]
        self.ended.add(attempt.key)
        self.scheduler.give_back(attempt)
        run = job.sheets[attempt.sheet]
        before, cancelled = (_tried(run), run.unbegun), job.intent == "cancel"
        batch = Batch(self.last_event + 1, Moment(self.mono, self.mono), suspending=self.suspending)
        verdict = Verdict(End(attempt.key, "withdrawn"), passed=False, message="taken back")
        changes = job.intent == "modify"
        sheets.attempt_ended(job, attempt, verdict, batch)
        assert changes or (run.status, attempt.outcome) == (
            ("cancelled",) * 2 if cancelled else ("pending", "abandoned")
        )
        assert changes or (_tried(run), run.unbegun) == before
        self._write(batch)
        self.commit(lambda batch: None)

    @precondition(lambda self: any(attempt.key in self.wishes for _, attempt in self.running()))
    @rule(data=st.data(), done=st.sampled_from([True, True, True, False]))
    def an_engine_answers(self, data: st.DataObject, done: bool) -> None:
        """An attempt is suspended, or cannot be. The answer may come late: the job may have been let go on, and paused again."""
        asked = [(job, attempt) for job, attempt in self.running() if attempt.key in self.wishes]
        job, attempt = asked[data.draw(st.integers(0, len(asked) - 1))]
        serial = attempt.serial
        self.commit(lambda batch: sheets.attempt_suspended(job, batch, serial=serial, done=done))

    @precondition(lambda self: any(job.waiting and job.status != "paused" for job in self.jobs))
    @rule(data=st.data())
    def a_wait_is_over(self, data: st.DataObject) -> None:
        waiting = [job for job in self.jobs if job.waiting and job.status != "paused"]
        job = waiting[data.draw(st.integers(0, len(waiting) - 1))]
        num = data.draw(st.sampled_from(sorted(job.waiting)))
        self.mono += 10
        self.commit(lambda batch: sheets.wake(job, num, batch))

    @precondition(lambda self: any(any(rate_limits.limited(job, None)) for job in self.jobs))
    @rule(data=st.data(), instrument=st.sampled_from([None, "goose", "aider"]))
    def limits_are_cleared(self, data: st.DataObject, instrument: str | None) -> None:
        """What waits for a limit that is cleared may run, and nothing else of its job changes."""
        limited = [job for job in self.jobs if any(rate_limits.limited(job, None))]
        job = limited[data.draw(st.integers(0, len(limited) - 1))]
        chosen = {run.num for run in rate_limits.limited(job, instrument)}
        waiting, status, intent = set(job.waiting), job.status, job.intent
        self.commit(lambda batch: rate_limits.clear(job, batch, instrument=instrument))
        assert job.waiting == waiting - chosen
        assert not any(rate_limits.limited(job, instrument))
        assert (job.intent, job.status) == (intent, status) or status == "queued"

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), action=st.sampled_from(["pause", "resume", "modify", "cancel"]))
    def ask(self, data: st.DataObject, action: states.Action) -> None:
        """Every action in every phase does what the table says: it is refused, or leads where the table points."""
        self.ask_of(self.jobs[data.draw(st.integers(0, len(self.jobs) - 1))], data, action)

    @precondition(lambda self: any(job.holding for job in self.jobs))
    @rule(data=st.data(), then=st.sampled_from(["resume", "modify", "cancel"]))
    def somebody_answers_a_hold(self, data: st.DataObject, then: states.Action) -> None:
        """A hold is answered, and often the job is changed before the sheet has run."""
        job = next(job for job in self.jobs if job.holding)
        self.ask_of(job, data, "resume")
        self.ask_of(job, data, then)

    def ask_of(self, job: JobRun, data: st.DataObject, action: states.Action) -> None:
        """Ask one thing of a job."""
        before = job.phase
        changed = job_of(data.draw(changed_plans(job.plan)), seq=job.seq).loaded
        present = changed if action == "modify" else job.next_plan or job.loaded
        from_sheet = data.draw(st.none() | st.integers(1, len(present.plan.sheets)))
        if action in {"resume", "modify"} and states.rule(action, before).allowed:
            self.approvals.ask(job, from_sheet)

        def work(batch: Batch) -> Done:
            calls: dict[str, Callable[[], Done]] = {
                "pause": lambda: control.pause(job, batch),
                "resume": lambda: control.resume(job, batch, from_sheet=from_sheet),
                "modify": lambda: control.modify(job, batch, new=changed, from_sheet=from_sheet),
                "cancel": lambda: control.cancel(job, batch),
            }
            return calls[action]()

        if states.rule(action, before).allowed:
            self.commit(work)
            return
        with pytest.raises(WrongState) as refusal:
            self.commit(work)
        assert refusal.value.facts["allowed"] == states.allowed_actions(before)
        assert job.phase == before or before == "queued"  # the batch of the refusal may have started a sheet

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
            assert [_tried(run) for run in loaded.sheets.values()] == [_tried(job.sheets[num]) for num in loaded.sheets]
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


def _tried(run: SheetRun) -> tuple[object, ...]:
    """Return what was tried to have a sheet succeed, and its cost."""
    return run.player, run.limit_waits, run.remedy, run.completions, run.note, run.cost


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=examples(60),
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
