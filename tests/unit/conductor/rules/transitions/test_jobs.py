"""A job as a whole: it is submitted, it settles, and it ends once."""

from collections.abc import Callable

import pytest

from tests.support.plans import plan_of
from tests.support.play import Play, facts_of


def test_a_submitted_job_is_queued_and_its_row_and_plan_are_in_the_batch() -> None:
    play = Play(plan_of([[], [1]]), start_sheet=2)
    assert play.kinds == ["job.submitted"]
    assert play.batch.plans == {play.job.loaded.hash: play.job.loaded}
    assert play.batch.jobs == {play.job.seq: play.job}
    assert (play.job.status, play.statuses) == ("queued", {1: "skipped", 2: "pending"})
    assert (sorted(play.job.ready), play.job.blocked, play.job.counts["skipped"]) == ([2], {}, 1)


def something_runs(play: Play) -> None:
    play.start(1)


def something_waits(play: Play) -> None:
    play.run(1, passed=False)
    play.run(2)


def something_is_ready(play: Play) -> None:
    play.run(1)


@pytest.mark.parametrize("before", [something_runs, something_waits, something_is_ready])
def test_a_job_with_something_left_to_do_stays_as_it_is(before: Callable[[Play], None]) -> None:
    play = Play(plan_of([[], []], max_retries=1))
    before(play)
    facts = facts_of(play.job)
    play.settle()
    assert facts_of(play.job) == facts
    assert not play.batch.events


def test_the_end_tells_skipped_before_start_and_blocked_sheets_apart() -> None:
    play = Play(plan_of([[], [], [2], [3], [4]]), start_sheet=2)
    play.start(2)
    play.end(2, passed=False, reason="never_started", skipped=True)
    play.run(3, passed=False)
    kinds = {event.data["sheet"]: event.data["skip_kind"] for event in play.events if event.type == "sheet.skipped"}
    assert kinds == {2: "condition", 4: "blocked", 5: "blocked"}
    ended = play.events[-1]
    assert (ended.type, ended.data["sheets_failed"], ended.data["sheets_skipped"]) == ("job.failed", 1, 1)
    assert (ended.data["sheets_before_start"], ended.data["sheets_blocked"]) == (1, 2)


def test_a_job_whose_sheets_have_all_completed_completes_and_leaves_memory() -> None:
    play = Play(plan_of([[], []]))
    play.to_the_end()
    assert (play.job.status, play.job.reason, play.job.finished_at) == ("completed", "", play.seconds)
    assert play.batch.retired == [play.job]
    nothing = dict.fromkeys(("sheets_failed", "sheets_skipped", "sheets_before_start", "sheets_blocked"), 0)
    assert play.events[-1].data == {"reason": "", "sheets_completed": 2, **nothing}


def test_a_job_whose_sheets_were_all_skipped_by_their_conditions_completes() -> None:
    play = Play(plan_of([[], [1]]))
    for num in (1, 2):
        play.start(num)
        play.end(num, passed=False, reason="never_started", skipped=True)
    assert (play.job.status, play.job.counts["skipped"]) == ("completed", 2)


def test_a_failed_job_names_the_sheet_that_failed_first_and_counts_the_others() -> None:
    play = Play(plan_of([[], [], []]))
    for num in (1, 2, 3):
        play.start(num)
    play.end(3, passed=False, message="exit code 3", ended_at=play.seconds + 5)
    play.end(1, passed=False, message="exit code 1", ended_at=play.seconds + 20)
    play.end(2)
    assert (play.job.status, play.job.reason) == ("failed", "sheet s3 failed (and 1 more): exit code 3")


def test_a_job_that_is_paused_and_has_something_left_to_do_pauses() -> None:
    play = Play(plan_of([[], [1]]))
    play.start(1)
    play.pause()
    play.end(1)
    assert (play.job.status, play.job.reason, play.job.finished_at) == ("paused", "paused on request", None)
    assert not play.batch.retired


def test_a_changed_score_with_nothing_left_to_do_completes_the_job_in_the_same_batch() -> None:
    play = Play(plan_of([[], []]))
    play.start(1)
    play.modify(plan_of([[]]))
    play.end(1)
    assert [event.type for event in play.batch.events] == ["sheet.completed", "job.modified", "job.completed"]
    assert play.batch.retired == [play.job]


def test_an_ended_job_that_was_resumed_ends_again() -> None:
    play = Play(plan_of([[]]))
    play.run(1, passed=False)
    play.resume()
    assert (play.job.status, play.job.finished_at, play.job.reason) == ("queued", None, "")
    play.run(1)
    assert play.kinds.count("job.failed") == play.kinds.count("job.completed") == 1
    assert play.job.status == "completed"
