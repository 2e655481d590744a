"""A pause, or a change, of a job whose sheets wait in the queue of a cluster: they are taken back, and nothing is counted."""

from collections.abc import Collection
from dataclasses import replace

from podium.conductor.engines.port import Place
from podium.score.model.plan import CostLimits, Plan
from tests.support.plans import plan_of
from tests.support.play import Play


def on_cluster(plan: Plan, local: Collection[int] = ()) -> Plan:
    sheets = (sheet if sheet.num in local else replace(sheet, engine="slurm") for sheet in plan.sheets)
    return plan.model_copy(update={"sheets": tuple(sheets)})


def begun(*, suspending: bool = False, local: Collection[int] = (), cost_limits: CostLimits | None = None) -> Play:
    """Return a job of which three sheets were started: the first runs on a node, the others wait."""
    plan = plan_of([[], [], [], [1, 2, 3]], max_retries=1, cost_limits=cost_limits)
    play = Play(on_cluster(plan, local), suspending=suspending)
    for num in (1, 2, 3):
        play.start(num)
    play.placed(1, Place("running", "512", "f1"))
    return play


def taken_back(play: Play) -> list[int]:
    """Return the sheets whose attempts the last transition has taken back."""
    return [attempt.sheet for attempt in play.batch.withdrawals]


def withdrawn(play: Play, *nums: int) -> None:
    for num in nums:
        play.end(num, passed=False, reason="withdrawn", message="taken back")


def test_a_pause_takes_back_what_waits_and_lets_end_what_runs() -> None:
    play = begun()
    done = play.pause()
    assert (taken_back(play), done["pending"]) == ([2, 3], True)
    assert done["message"] == (
        "Pause recorded: job demo-1 pauses when its running sheets end (s1) and what is in its cluster's queue is taken back (s2, s3)."
    )
    withdrawn(play, 2, 3)
    assert (play.job.phase, play.statuses) == (
        "pause_pending",
        {1: "running", 2: "pending", 3: "pending", 4: "pending"},
    )
    play.end(1)
    assert (play.job.status, list(play.job.ready)) == ("paused", [2, 3])


def test_a_job_of_which_all_waits_is_paused_as_soon_as_it_is_taken_back_and_goes_on_where_it_was() -> None:
    play = begun()
    play.end(1)
    assert play.pause()["message"] == (
        "Pause recorded: job demo-1 pauses when what is in its cluster's queue is taken back (s2, s3)."
    )
    withdrawn(play, 2, 3)
    assert play.job.status == "paused"
    assert [event.data["reason"] for event in play.events if event.type == "sheet.abandoned"] == ["taken back"] * 2
    play.resume()
    assert play.to_the_end() == [2, 3, 4]
    run = play.job.sheets[2]
    assert (play.job.status, run.attempts, run.retries_used, run.unbegun) == ("completed", 2, 0, 0)


def test_one_that_was_taken_back_neither_continues_nor_ends_a_row_of_those_that_did_not_begin() -> None:
    play = begun()
    play.end(2, passed=False, reason="boot_failed")
    play.wake(2)
    play.start(2)
    play.pause()
    withdrawn(play, 2)
    assert play.job.sheets[2].unbegun == 1


def test_what_has_begun_all_the_same_is_let_end() -> None:
    play = begun()
    play.pause()
    withdrawn(play, 3)
    play.placed(2, Place("running", "513", "f2"))
    play.end(1)
    assert play.job.phase == "pause_pending"
    play.end(2)
    assert (play.job.status, play.job.counts["completed"]) == ("paused", 2)


def test_a_sheet_that_was_taken_back_for_a_pause_that_is_withdrawn_simply_starts_again() -> None:
    play = begun()
    play.pause()
    play.resume()
    assert taken_back(play) == []
    withdrawn(play, 2)
    assert (play.job.status, list(play.job.ready)) == ("running", [2])


def test_a_change_does_not_wait_for_what_waits() -> None:
    play = begun()
    play.end(1)
    done = play.modify(on_cluster(plan_of([[], [], [], [1, 2, 3], [4]])))
    assert taken_back(play) == [2, 3]
    assert done["message"] == (
        "Change recorded: job demo-1 uses it when what is in its cluster's queue is taken back (s2, s3), then continues."
    )
    withdrawn(play, 2, 3)
    assert (play.job.status, play.job.total, play.to_the_end()) == ("queued", 5, [2, 3, 4, 5])


def test_sheets_of_this_machine_are_never_taken_back() -> None:
    play = begun(local=(2, 3))
    play.pause()
    assert taken_back(play) == []


def test_a_pause_that_suspends_takes_back_too_and_asks_of_each_to_be_suspended_should_it_have_begun() -> None:
    play = begun(suspending=True)
    play.pause()
    assert taken_back(play) == [2, 3]
    assert {attempt.sheet for attempt, suspended in play.batch.wishes if suspended} == {1, 2, 3}
    withdrawn(play, 2, 3)
    play.answer(1)
    assert (play.job.status, play.job.suspended_labels) == ("paused", ["s1"])


def test_a_job_at_its_limit_of_costs_takes_back_what_would_cost_more() -> None:
    play = begun(cost_limits=CostLimits(max_cost_per_job=1.0))
    play.end(1, cost=2.0)
    assert (taken_back(play), play.job.phase) == ([2, 3], "pause_pending")
    withdrawn(play, 2, 3)
    assert play.job.status == "paused"


def test_a_cancel_counts_more_than_what_it_overtakes() -> None:
    play = begun()
    play.pause()
    play.cancel()
    withdrawn(play, 2, 3)
    play.end(1, passed=False, reason="cancelled")
    assert (play.job.status, play.statuses[2]) == ("cancelled", "cancelled")


def test_of_many_that_are_taken_back_the_answer_names_some() -> None:
    play = Play(on_cluster(plan_of([[]] * 23)))
    for num in range(1, 24):
        play.start(num)
    assert play.pause()["message"].endswith("s19, s20 and 3 more).")
    assert len(taken_back(play)) == 23
