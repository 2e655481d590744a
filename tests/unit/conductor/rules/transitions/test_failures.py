"""What follows from failed attempts, whatever they are: it is recorded, and it ends."""

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from podium.conductor.clock import Moment
from podium.conductor.engines.port import End, EndReason
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control, jobs, sheets
from podium.conductor.rules.transitions.failures import LIMIT_WAITS, LONGEST_LIMIT_WAIT_SECONDS
from podium.conductor.rules.verdicts import Trouble, Verdict
from podium.score.model.plan import RateLimit, Resources
from tests.support.plans import job_of, plan_of

NOW = Moment(1000.0, 1000.0)


class Play:
    """A job of one sheet, played by hand."""

    def __init__(self, *instruments: str, retries: int = 0, healing: bool = False) -> None:
        self.job = job_of(plan_of([[]], max_retries=retries, instruments=instruments))
        self.job.self_healing = healing
        self.batch = Batch(1, NOW)
        jobs.submit(self.job, self.batch)

    @property
    def events(self) -> list[str]:
        return [event.type for event in self.batch.events]

    def fail(self, reason: EndReason = "exited", trouble: Trouble = "", wait: float | None = None) -> JobRun:
        """Start the sheet's next attempt and let it fail."""
        if self.job.waiting:
            sheets.wake(self.job, 1, self.batch)
        self.job.ready.remove(1)
        sheets.start(self.job, 1, self.batch, "home")
        verdict = Verdict(End("key", reason, 1), passed=False, message="no", trouble=trouble, wait_seconds=wait)
        sheets.attempt_ended(self.job, self.job.running[1], verdict, self.batch)
        return self.job


TROUBLES = st.sampled_from(["", "rate_limit", "auth", "capacity", "missing"])


@given(
    st.lists(st.tuples(st.sampled_from(["exited", "timed_out", "lost", "killed"]), TROUBLES), min_size=60, max_size=60),
    st.integers(0, 2),
    st.integers(0, 3),
    st.booleans(),
)
def test_a_sheet_that_always_fails_ends(
    failures: list[tuple[EndReason, Trouble]], fallbacks: int, retries: int, healing: bool
) -> None:
    play = Play(*("goose", "aider", "crush")[: fallbacks + 1], retries=retries, healing=healing)
    attempts = 0
    for reason, trouble in failures:
        if play.fail(reason, trouble).status == "failed":
            break
        attempts += 1
    assert play.job.status == "failed"
    assert attempts <= retries + (fallbacks + 1) * (LIMIT_WAITS + 1) + 2
    assert play.events.count("healing.diagnosed") == play.events.count("healing.failed") == int(healing)
    assert play.events.count("healing.applied") <= 1


@pytest.mark.parametrize("wait", [None, 0.0, 5.0])
def test_a_rate_limit_is_waited_for_a_bounded_number_of_times(wait: float | None) -> None:
    play = Play("goose", retries=3)
    waits = []
    while play.fail(trouble="rate_limit", wait=wait).waiting:
        waits.append(play.job.sheets[1].waiting_left)
    assert waits == ([60.0, 120.0, 240.0, 480.0, 960.0] if wait in (None, 0.0) else [5.0] * 5)
    assert play.job.sheets[1].retries_used == 0
    assert play.job.reason.endswith("failed: no; it has waited 5 times")


def test_a_limit_that_lasts_too_long_falls_back_with_a_fresh_number_of_waits() -> None:
    play = Play("goose", "aider")
    play.fail(trouble="rate_limit", wait=60.0)
    play.fail(trouble="rate_limit", wait=LONGEST_LIMIT_WAIT_SECONDS + 1)
    assert (play.job.profile_of(1).name, play.job.sheets[1].limit_waits) == ("aider", 0)
    assert play.fail(trouble="rate_limit", wait=60.0).waiting
    assert play.batch.events[-1].data["instrument"] == "aider"


def test_capacity_without_another_instrument_is_tried_again_after_the_delay() -> None:
    play = Play("goose", retries=1)
    assert play.fail(trouble="capacity").waiting
    assert play.events[-1] == "sheet.retrying"
    assert play.fail(trouble="capacity").status == "failed"


def test_the_instrument_of_an_attempt_is_kept_with_it() -> None:
    play = Play("goose", "aider")
    play.fail(trouble="missing")
    play.fail()
    assert [attempt.instrument for attempt in play.batch.attempts.values()] == ["goose", "aider"]


def test_a_resume_begins_with_the_first_instrument_and_a_new_healing_round() -> None:
    play = Play("goose", "aider", healing=True)
    play.fail(trouble="auth")
    assert play.fail().status == "failed"
    control.resume(play.job, play.batch)
    run = play.job.sheets[1]
    assert (run.player, run.remedy, run.limit_waits) == (0, None, 0)
    assert play.fail(trouble="auth").status == "running"


def test_a_finished_sheet_points_to_no_instrument_that_its_changed_score_lacks() -> None:
    play = Play("goose", "aider")
    play.fail(trouble="missing")
    sheets.start(play.job, 1, play.batch, "home")
    end = End("key", "exited", 0)
    sheets.attempt_ended(play.job, play.job.running[1], Verdict(end, passed=True), play.batch)
    assert play.job.sheets[1].player == 1
    play.job.status = "failed"  # of another sheet, say
    control.modify(play.job, play.batch, new=job_of(plan_of([[]])).loaded)
    assert (play.job.sheets[1].player, play.job.player_of(1).instrument) == (0, "cli")


def test_a_doubled_time_limit_is_the_limit_of_the_next_attempt() -> None:
    play = Play(healing=True)
    sheet = replace(play.job.plan.sheets[0], timeout_seconds=3.0)
    play.job.loaded.plan = play.job.plan.model_copy(update={"sheets": (sheet,)})
    play.fail("timed_out")
    assert play.job.limit_of(1) == 6.0


@pytest.mark.parametrize(
    ("own", "most", "limit"), [(None, None, None), (3.0, None, 3.0), (None, 4.0, 4.0), (3.0, 4.0, 3.0), (9.0, 4.0, 4.0)]
)
def test_an_attempt_ends_with_the_time_of_its_resources_if_that_is_shorter(
    own: float | None, most: float | None, limit: float | None
) -> None:
    plan = Play().job.plan
    sheet = replace(plan.sheets[0], timeout_seconds=own, resources=1)
    update = {"sheets": (sheet,), "resources": (Resources(), Resources(time_seconds=most))}
    assert job_of(plan.model_copy(update=update)).limit_of(1) == limit


def test_a_doubled_time_limit_stays_within_the_time_of_the_resources() -> None:
    play = Play(healing=True)
    sheet = replace(play.job.plan.sheets[0], timeout_seconds=3.0, resources=1)
    update = {"sheets": (sheet,), "resources": (Resources(), Resources(time_seconds=5.0))}
    play.job.loaded.plan = play.job.plan.model_copy(update=update)
    play.fail("timed_out")
    assert play.job.limit_of(1) == 5.0


def test_a_score_says_how_long_and_how_often_a_rate_limit_is_waited_for() -> None:
    play = Play("goose", retries=3)
    limit = RateLimit(wait_seconds=8 * 3600.0, max_waits=2)  # longer than is waited for otherwise
    play.job.loaded.plan = play.job.plan.model_copy(update={"rate_limit": limit})
    assert play.fail(trouble="rate_limit").sheets[1].waiting_left == 8 * 3600.0
    assert play.fail(trouble="rate_limit", wait=30.0).sheets[1].waiting_left == 30.0, "the instrument knows better"
    assert play.fail(trouble="rate_limit").status == "failed"
    assert play.job.reason.endswith("failed: no; it has waited 2 times")
