"""Generated histories of jobs: whatever clients ask and attempts do, in any order, the promises of the state table hold."""

from collections.abc import Callable
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import initialize, precondition, rule

from podium.conductor.clock import Moment
from podium.conductor.engines.port import End, EndReason, Place
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control, jobs, rate_limits, sheets
from podium.conductor.rules.transitions.control import Done
from podium.conductor.rules.verdicts import Trouble, Verdict
from podium.contract import states
from podium.errors import WrongState
from podium.score.model.plan import CostLimits, Plan
from tests.property.histories import History, tried
from tests.support.examples import examples
from tests.support.plans import job_of, plan_of
from tests.support.play import checked

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


class Histories(History):
    """What may happen to the jobs of a history."""

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
        before, cancelled = (tried(run), run.unbegun), job.intent == "cancel"
        batch = Batch(self.last_event + 1, Moment(self.mono, self.mono), suspending=self.suspending)
        verdict = Verdict(End(attempt.key, "withdrawn"), passed=False, message="taken back")
        changes = job.intent == "modify"
        sheets.attempt_ended(job, attempt, verdict, batch)
        assert changes or (run.status, attempt.outcome) == (
            ("cancelled",) * 2 if cancelled else ("pending", "abandoned")
        )
        assert changes or (tried(run), run.unbegun) == before
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


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=examples(60),
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
