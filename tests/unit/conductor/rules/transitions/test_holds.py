"""Sheets that wait for an approval: when a job pauses at one, what a resume approves, and what takes an approval back."""

from dataclasses import replace

import pytest

from podium.contract.states import PAUSED_ON_REQUEST
from podium.errors import WrongState
from podium.score.model.plan import Plan
from tests.support.plans import plan_of
from tests.support.play import Play, memory_database

BUILD_DEPLOY_AFTER = plan_of([[], [1], [2]], holds={2})
BESIDE = plan_of([[], [1], [2], [], []], holds={2})  # the last two need nothing


def at_the_hold(plan: Plan = BUILD_DEPLOY_AFTER) -> Play:
    """A job whose first sheet is done, so that the second one holds."""
    play = Play(plan)
    play.run(1)
    return play


def approved(plan: Plan = BUILD_DEPLOY_AFTER) -> Play:
    """A job whose second sheet was approved and runs."""
    play = at_the_hold(plan)
    play.resume()
    play.start(2)
    return play


def with_template(plan: Plan, text: str) -> Plan:
    return plan.model_copy(update={"templates": (text,)})


def test_a_job_of_which_nothing_else_can_go_on_is_paused_and_uses_no_slot() -> None:
    play = at_the_hold()
    assert (play.job.status, play.job.held, sorted(play.job.ready), play.job.running) == ("paused", {2}, [], {})
    assert play.kinds[-2:] == ["sheet.held", "job.paused"]
    assert play.events[-2].data == {"sheet": 2, "name": "s2", "text": "run s2?"}
    assert play.events[-1].data["holding"] == ["s2"]


def test_a_job_whose_first_sheet_holds_is_paused_before_it_starts() -> None:
    play = Play(plan_of([[], [1]], holds={1}))
    play.settle()
    assert (play.job.status, play.job.started_at) == ("paused", None)


def test_others_go_on_beside_a_sheet_that_holds_and_the_job_pauses_only_after_them() -> None:
    play = Play(BESIDE)
    play.run(1)
    assert (play.job.phase, sorted(play.job.ready)) == ("holding", [4, 5])
    play.run(4)
    assert play.job.phase == "holding"
    play.run(5)
    assert play.job.status == "paused"
    assert play.kinds.count("sheet.held") == 1


def test_a_sheet_that_waits_for_a_retry_keeps_the_job_going_beside_a_hold() -> None:
    play = Play(plan_of([[], []], holds={2}, max_retries=1))
    play.settle()
    play.run(1, passed=False)
    assert play.job.phase == "holding"
    play.wake(1)
    play.run(1)
    assert play.job.status == "paused"


def test_a_resume_approves_what_holds_now_and_names_it() -> None:
    play = at_the_hold()
    done = play.resume()
    assert done == {"message": "Approved in job demo-1: s2.", "pending": False, "released": ["s2"]}
    assert (play.job.status, sorted(play.job.ready)) == ("queued", [2])
    assert play.kinds[-2:] == ["sheet.released", "job.resumed"]
    assert play.events[-1].data == {"released": ["s2"]}
    assert play.to_the_end() == [2, 3]
    assert play.job.status == "completed"


def test_a_hold_that_is_reached_after_a_resume_waits_for_its_own_approval() -> None:
    play = Play(plan_of([[], [1], [2]], holds={2, 3}))
    play.run(1)
    assert play.resume()["released"] == ["s2"]
    play.run(2)
    assert (play.job.status, play.job.held) == ("paused", {3})
    assert play.resume()["released"] == ["s3"]


def test_a_running_job_can_be_resumed_only_while_something_of_it_holds() -> None:
    play = Play(BESIDE)
    play.run(1)
    play.start(4)
    assert play.resume()["released"] == ["s2"]
    assert (play.job.status, play.job.phase, sorted(play.job.ready)) == ("running", "running", [2, 5])
    with pytest.raises(WrongState, match="already running"):
        play.resume()


def test_a_resume_of_a_pause_on_request_approves_nothing() -> None:
    play = Play(plan_of([[], [1], []], holds={2}))
    play.start(1)
    play.pause()
    play.end(1)  # the hold is reached only now: whoever asked for the pause need not know
    assert (play.job.status, play.job.reason, play.job.held) == ("paused", PAUSED_ON_REQUEST, {2})
    assert "released" not in play.resume()
    assert (play.job.phase, sorted(play.job.ready)) == ("holding", [3])
    play.run(3)
    assert (play.job.status, play.job.reason) == ("paused", "")
    assert play.resume()["released"] == ["s2"]


def test_withdrawing_a_pending_pause_approves_nothing() -> None:
    play = Play(BESIDE)
    play.run(1)
    play.start(4)
    play.pause()
    assert "released" not in play.resume()
    assert play.job.held == {2}


@pytest.mark.parametrize("from_sheet", [1, 2])
def test_from_sheet_approves_nothing_and_takes_an_approval_back(from_sheet: int) -> None:
    play = at_the_hold()
    assert "released" not in play.resume(from_sheet=from_sheet)
    play.settle()
    if from_sheet == 1:
        play.run(1)
    assert play.job.held == {2}
    play.resume()
    play.run(2)
    play.run(3, passed=False)
    assert play.job.status == "failed"
    play.resume(from_sheet=from_sheet)
    play.settle()
    if from_sheet == 1:
        play.run(1)
    assert (play.job.status, play.job.held) == ("paused", {2})


def test_a_retry_does_not_ask_again() -> None:
    play = approved(plan_of([[], [1]], holds={2}, max_retries=1))
    play.end(2, passed=False)
    play.wake(2)
    assert (sorted(play.job.ready), play.job.held) == ([2], set())


def test_a_sheet_that_was_approved_and_failed_is_not_asked_for_again_when_its_job_is_resumed() -> None:
    play = approved()
    play.end(2, passed=False)
    assert play.job.status == "failed"
    play.resume()
    play.settle()
    assert (sorted(play.job.ready), play.job.held) == ([2], set())


def test_a_cancel_takes_the_approval_of_what_is_not_done_back() -> None:
    play = approved()
    play.cancel()
    play.end(2, passed=False, reason="cancelled")
    play.resume()
    play.settle()
    assert (play.job.status, play.job.held) == ("paused", {2})
    assert play.kinds.count("sheet.held") == 2


def test_a_cancelled_job_holds_no_more_and_asks_again_when_it_is_resumed() -> None:
    play = at_the_hold()
    play.cancel()
    assert (play.job.status, play.job.holding, play.job.sheets[2].hold) == ("cancelled", [], "")
    play.resume()
    play.settle()
    assert (play.job.status, play.job.holding) == ("paused", [2])


def test_a_failed_sheet_leaves_the_job_paused_as_long_as_another_one_could_be_approved() -> None:
    play = Play(plan_of([[], []], holds={1}))
    play.settle()
    play.run(2, passed=False)
    assert play.job.status == "paused"
    play.resume()
    play.run(1)
    assert (play.job.status, play.job.reason) == ("failed", "sheet s2 failed: no")


def test_with_fail_fast_a_failure_skips_what_holds() -> None:
    play = Play(plan_of([[], []], holds={1}, fail_fast=True))
    play.settle()
    play.run(2, passed=False)
    assert (play.job.status, play.statuses[1]) == ("failed", "skipped")
    play.resume()
    play.settle()
    assert play.job.held == {1}
    assert play.kinds.count("sheet.held") == 2


def test_a_hold_before_start_sheet_holds_nothing_and_one_at_it_does() -> None:
    before, at = Play(BUILD_DEPLOY_AFTER, start_sheet=3), Play(BUILD_DEPLOY_AFTER, start_sheet=2)
    assert (before.job.held, at.job.held) == (set(), {2})


def test_a_changed_score_adds_and_removes_holds_of_what_is_not_done() -> None:
    play = at_the_hold(plan_of([[], [1], [2]]))
    play.modify(BUILD_DEPLOY_AFTER)
    play.settle()
    assert (play.job.status, play.job.held) == ("paused", {2})
    play.modify(plan_of([[], [1], [2]]))
    play.settle()
    assert (play.job.status, sorted(play.job.ready)) == ("queued", [2])


@pytest.mark.parametrize(
    ("changed", "asks_again"),
    [
        (BUILD_DEPLOY_AFTER, False),
        (plan_of([[], [1], [2], []], holds={2}, max_concurrent=1), False),
        (with_template(BUILD_DEPLOY_AFTER, "deploy --force"), True),
        (BUILD_DEPLOY_AFTER.model_copy(update={"env": {"TARGET": "production"}}), True),
        (
            BUILD_DEPLOY_AFTER.model_copy(
                update={
                    "sheets": tuple(replace(each, hold=each.hold and "other?") for each in BUILD_DEPLOY_AFTER.sheets)
                }
            ),
            True,
        ),
    ],
    ids=["same", "other-sheets", "text", "environment", "hold"],
)
@pytest.mark.parametrize("state", ["ready", "running"])
def test_a_changed_score_takes_an_approval_back_only_if_the_sheet_is_another_one(
    changed: Plan, asks_again: bool, state: str
) -> None:
    play = at_the_hold()
    play.resume()
    if state == "running":
        play.start(2)
    play.modify(changed)
    if state == "running":
        play.end(2, passed=False)
    play.settle()
    assert (2 in play.job.held) is asks_again
    assert (2 in play.job.ready) is not asks_again


def test_a_template_counts_as_another_one_if_anything_that_it_may_depend_on_differs() -> None:
    plan = with_template(BUILD_DEPLOY_AFTER, "deploy {{ target }}").model_copy(update={"variables": {"target": "test"}})
    play = at_the_hold(plan)
    play.resume()
    play.modify(plan.model_copy(update={"variables": {"target": "production"}}))
    play.settle()
    assert play.job.held == {2}


def test_a_change_that_is_pending_and_withdrawn_leaves_what_holds_said() -> None:
    play = Play(BESIDE)
    play.start(1)
    play.start(4)
    play.modify(plan_of([[]]))
    play.end(1)
    assert "sheet.held" not in play.kinds
    play.resume()
    play.settle()
    assert play.kinds[-1] == "sheet.held"


def test_deciding_the_state_again_says_nothing_twice() -> None:
    with memory_database() as connection:
        play = Play(BUILD_DEPLOY_AFTER, database=connection)
        play.run(1)
        play.job.rebuild()
        play.settle()
        assert (play.kinds.count("sheet.held"), play.kinds.count("job.paused")) == (1, 1)
        assert [row["hold"] for row in connection.execute("SELECT hold FROM sheets ORDER BY num")] == ["", "held"]
