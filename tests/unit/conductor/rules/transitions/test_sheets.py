"""A sheet's attempts: how each begins, how each ends, and what that means for the sheets that need it."""

import pytest

from podium.conductor.engines.port import EndReason
from tests.support.plans import plan_of
from tests.support.play import Play, derived


def test_a_start_records_the_intent_before_the_launch() -> None:
    play = Play(plan_of([[]]))
    play.start(1)
    attempt = play.job.running[1]
    assert (attempt.key, attempt.serial, attempt.attempt, attempt.open) == ("home.demo-1.1", 1, 1, True)
    assert play.batch.attempts == {attempt.key: attempt}
    assert [launch.attempt for launch in play.batch.launches] == [attempt]
    assert (play.job.status, play.job.started_at) == ("running", play.seconds)


def test_a_job_starts_once_and_its_attempts_have_numbers_of_their_own() -> None:
    play = Play(plan_of([[], []], max_retries=1))
    play.run(1, passed=False)
    play.wake(1)
    play.run(1)
    play.run(2)
    assert play.kinds.count("job.started") == 1
    started = [event.data for event in play.events if event.type == "sheet.started"]
    assert [(data["sheet"], data["attempt"]) for data in started] == [(1, 1), (1, 2), (2, 1)]
    assert play.job.serial == 3


def test_the_sheets_of_a_job_start_with_its_stagger_between_them() -> None:
    play = Play(plan_of([[], []]).model_copy(update={"stagger_delay_ms": 2500}))
    play.start(1)
    assert play.job.not_before == play.seconds + 2.5


@pytest.mark.parametrize(("skipped", "pause"), [(False, 7.0), (True, 0.0)])
def test_a_job_pauses_after_a_sheet_that_ran_and_not_after_one_that_was_skipped(skipped: bool, pause: float) -> None:
    play = Play(plan_of([[], []]).model_copy(update={"pause_between_sheets_seconds": 7.0}))
    play.start(1)
    play.seconds += 100
    play.end(1, passed=not skipped, reason="never_started" if skipped else "exited", skipped=skipped)
    assert max(0.0, play.job.not_before - play.seconds) == pause


@pytest.mark.parametrize(
    ("passed", "reason", "skipped", "outcome", "status", "event"),
    [
        (True, "exited", False, "completed", "completed", "sheet.completed"),
        (False, "never_started", True, "skipped", "skipped", "sheet.skipped"),
        (False, "never_started", False, "abandoned", "pending", "sheet.abandoned"),
        (False, "cancelled", False, "cancelled", "cancelled", "sheet.cancelled"),
        (False, "exited", False, "failed", "failed", "sheet.failed"),
        (False, "timed_out", False, "failed", "failed", "sheet.failed"),
    ],
)
def test_an_attempt_ends_once_and_the_sheet_follows(
    passed: bool, reason: EndReason, skipped: bool, outcome: str, status: str, event: str
) -> None:
    play = Play(plan_of([[], []]))
    play.start(1)
    attempt = play.job.running[1]
    play.end(1, passed=passed, reason=reason, skipped=skipped)
    assert (attempt.open, attempt.outcome, attempt.end_reason) == (False, outcome, reason)
    assert (play.statuses[1], play.kinds[-1], play.job.running) == (status, event, {})
    assert play.batch.attempts == {attempt.key: attempt}


def test_an_abandoned_attempt_uses_up_no_retry_and_the_sheet_is_ready_again() -> None:
    play = Play(plan_of([[]]))
    play.start(1)
    play.end(1, passed=False, reason="never_started")
    assert (play.job.sheets[1].retries_used, sorted(play.job.ready)) == (0, [1])
    assert play.to_the_end() == [1]
    assert play.job.sheets[1].attempts == 2


@pytest.mark.parametrize("skipped", [False, True])
def test_a_sheet_is_ready_when_the_last_of_its_needs_is_satisfied(skipped: bool) -> None:
    play = Play(plan_of([[], [], [1, 2]]))
    play.run(1)
    assert (sorted(play.job.ready), play.job.blocked) == ([2], {3: 1})
    play.start(2)
    play.end(2, passed=not skipped, reason="never_started" if skipped else "exited", skipped=skipped)
    assert (sorted(play.job.ready), play.job.blocked) == ([3], {})


def test_a_failed_sheet_skips_all_that_depend_on_it_and_nothing_else() -> None:
    play = Play(plan_of([[], [1], [2], [], [3, 4]]))
    play.run(1, passed=False)
    assert play.statuses == {1: "failed", 2: "skipped", 3: "skipped", 4: "pending", 5: "skipped"}
    assert play.job.sheets[5].reason == "blocked by failed sheet s1"
    assert play.job.counts == {"completed": 0, "failed": 1, "skipped": 3}
    assert play.to_the_end() == [4]
    assert (play.job.status, play.job.reason) == ("failed", "sheet s1 failed: no")


def test_with_fail_fast_nothing_else_starts_and_what_runs_may_end() -> None:
    play = Play(plan_of([[], [], [], [2]], fail_fast=True))
    play.start(1)
    play.start(2)
    play.end(1, passed=False)
    assert play.statuses == {1: "failed", 2: "running", 3: "skipped", 4: "skipped"}
    assert derived(play.job) == {
        "counts": {"completed": 0, "failed": 1, "skipped": 2},
        "ready": [],
        "blocked": {},
        "waiting": set(),
        "held": set(),
    }
    play.end(2)
    assert (play.job.status, play.statuses[2]) == ("failed", "completed")


def test_a_wait_that_is_over_makes_the_sheet_ready() -> None:
    play = Play(plan_of([[]], max_retries=1))
    play.run(1, passed=False)
    run = play.job.sheets[1]
    assert (play.job.waiting, list(play.job.ready), run.waiting_until) == ({1}, [], play.seconds + 1.0)
    play.wake(1)
    assert (play.job.waiting, list(play.job.ready), run.waiting_until, run.waiting_left) == (set(), [1], None, None)


def test_a_stuck_job_is_stuck_no_longer_when_a_sheet_has_ended() -> None:
    play = Play(plan_of([[], []]))
    play.start(1)
    play.job.stuck = True
    play.end(1)
    assert not play.job.stuck
