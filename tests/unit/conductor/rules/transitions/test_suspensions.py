"""A pause that suspends what runs: when the job is paused, what goes on with it, and what becomes of the slots."""

from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.score.model.plan import CostLimits
from tests.support.plans import plan_of
from tests.support.play import Play


def asked(play: Play) -> dict[int, bool]:
    """Return the sheets about whose attempts something is asked of the engine after the last commit: to suspend them, or not."""
    return {attempt.sheet: suspended for attempt, suspended in play.batch.wishes}


def two_running(*, suspending: bool = True) -> Play:
    play = Play(plan_of([[], [], [1, 2]], max_retries=1), suspending=suspending)
    play.start(1)
    play.start(2)
    return play


def suspended() -> Play:
    """Return a job that is paused with two suspended sheets."""
    play = two_running()
    play.pause()
    play.answer(1)
    play.answer(2)
    return play


def test_a_pause_asks_for_the_suspension_of_all_that_runs_and_takes_effect_when_all_of_it_is() -> None:
    play = two_running()
    done = play.pause()
    assert done["pending"]
    assert done["message"] == (
        "Pause recorded: job demo-1 pauses when its running sheets are suspended or, where that cannot be, have ended (s1, s2)."
    )
    assert asked(play) == {1: True, 2: True}
    play.answer(1)
    assert (play.job.status, play.job.playing_labels, play.job.suspended_labels) == ("running", ["s2"], ["s1"])
    play.answer(2)
    assert (play.job.status, play.job.phase, play.job.reason) == ("paused", "paused", "paused on request")
    assert play.events[-1].data == {"sheets_completed": 0, "suspended": ["s1", "s2"]}


def test_without_the_setting_nothing_is_asked() -> None:
    play = two_running(suspending=False)
    assert play.pause()["message"] == "Pause recorded: job demo-1 pauses when its running sheets end (s1, s2)."
    assert asked(play) == {}


def test_what_cannot_be_suspended_is_let_end_and_the_rest_stays_suspended() -> None:
    play = two_running()
    play.pause()
    play.answer(1)
    play.answer(2, done=False)
    assert play.job.phase == "pause_pending"
    play.end(2)
    assert (play.job.status, play.job.suspended_labels, play.job.counts["completed"]) == ("paused", ["s1"], 1)


def test_a_resume_lets_go_on_what_is_suspended_and_the_job_runs_at_once() -> None:
    play = suspended()
    done = play.resume()
    assert done["message"] == "Job demo-1 continues."
    assert (play.job.status, play.job.intent, play.job.playing) == ("running", "", [1, 2])
    assert asked(play) == {1: False, 2: False}
    assert play.events[-1].data == {"from_sheet": None, "continued": ["s1", "s2"]}
    play.end(1)
    play.end(2)
    play.run(3)
    assert play.job.status == "completed"


def test_a_withdrawn_pause_lets_go_on_also_what_is_only_about_to_be_suspended() -> None:
    play = two_running()
    play.pause()
    play.answer(1)
    play.resume()
    assert asked(play) == {1: False, 2: False}
    play.answer(2)  # it was on its way
    assert (play.job.playing, play.job.status) == ([1, 2], "running")


def test_a_suspension_that_did_not_last_makes_the_pause_pending_again() -> None:
    play = suspended()
    play.answer(2, done=False)
    assert (play.job.phase, play.job.playing_labels) == ("pause_pending", ["s2"])
    play.end(2)
    assert (play.job.status, play.job.suspended_labels) == ("paused", ["s1"])


def test_a_cancel_of_a_job_with_suspended_sheets_is_pending_until_they_have_ended() -> None:
    play = suspended()
    done = play.cancel()
    assert (done["pending"], play.job.phase) == (True, "cancel_pending")
    assert [attempt.sheet for attempt in play.batch.cancels] == [1, 2]
    assert asked(play) == {}  # the engine lets them go on as it ends them
    play.end(1, passed=False, reason="cancelled")
    play.end(2, passed=False, reason="cancelled")
    assert play.job.status == "cancelled"


def test_a_changed_score_lets_suspended_sheets_end_with_their_old_text_first() -> None:
    play = suspended()
    done = play.modify(plan_of([[], [], [1, 2], [3]]))
    assert (done["pending"], play.job.phase, play.job.playing) == (True, "pause_pending", [1, 2])
    assert asked(play) == {1: False, 2: False}
    play.end(1)
    play.end(2)
    assert (play.job.status, play.job.total, play.job.counts["completed"]) == ("queued", 4, 2)


def test_a_sheet_that_is_to_run_again_ends_first_if_it_is_suspended() -> None:
    play = suspended()
    assert play.resume(from_sheet=1)["pending"]
    play.end(1)
    play.end(2)
    assert play.statuses == {1: "pending", 2: "completed", 3: "pending"}


def test_a_suspended_sheet_that_ends_all_the_same_is_recorded_and_its_job_stays_paused() -> None:
    play = suspended()
    play.end(1, passed=False, reason="killed")
    assert (play.job.status, play.statuses[1], play.job.suspended_labels) == ("paused", "waiting", ["s2"])
    play.end(2)
    assert (play.job.status, play.job.running) == ("paused", {})


def test_a_pause_at_a_limit_of_costs_suspends_nothing() -> None:
    play = Play(plan_of([[], [], []], cost_limits=CostLimits(max_cost_per_job=1.0)), suspending=True)
    play.start(1)
    play.start(2)
    play.end(1, cost=2.0)
    assert (play.job.phase, asked(play)) == ("pause_pending", {})


def test_the_slot_of_a_suspended_sheet_is_free_and_taken_again_even_beyond_the_limit() -> None:
    play, scheduler = suspended(), Scheduler(Limits(2))
    for attempt in play.job.running.values():
        scheduler.hold(play.job, attempt)
    assert scheduler.used == 0
    other = Play(plan_of([[], [], []]))
    scheduler.offer(other.job)
    for job, num, _ in scheduler.next_sheets(1e9):
        job.make_ready(num)
        other.start(num)
    assert len(other.job.running) == 2
    play.resume()
    scheduler.turn(play.batch.turned)
    assert scheduler.used == 4
    scheduler.offer(other.job)
    assert list(scheduler.next_sheets(1e9)) == []
