"""What pause, resume, modify, cancel and delete do in every phase of a job."""

from collections.abc import Callable

import pytest

from podium.conductor.supervisor.saving import rows_of
from podium.contract.states import Action, Phase
from podium.errors import InvalidArguments, WrongState
from tests.support.plans import plan_of
from tests.support.play import Play, facts_of

CHANGED = plan_of([[], [], []])


def queued() -> Play:
    return Play(plan_of([[], []], max_retries=1))


def running() -> Play:
    play = queued()
    play.start(1)
    return play


def holding() -> Play:
    play = Play(plan_of([[], [], []], holds={2}))
    play.settle()
    play.start(1)
    return play


def pause_pending() -> Play:
    play = running()
    play.pause()
    return play


def cancel_pending() -> Play:
    play = running()
    play.cancel()
    return play


def paused() -> Play:
    play = queued()
    play.pause()
    return play


def completed() -> Play:
    play = queued()
    play.to_the_end()
    return play


def failed() -> Play:
    play = Play(plan_of([[], []]))
    play.run(1)
    play.run(2, passed=False)
    return play


def cancelled() -> Play:
    play = queued()
    play.cancel()
    return play


IN: dict[Phase, Callable[[], Play]] = {
    "queued": queued,
    "running": running,
    "holding": holding,
    "pause_pending": pause_pending,
    "cancel_pending": cancel_pending,
    "paused": paused,
    "completed": completed,
    "failed": failed,
    "cancelled": cancelled,
}

DO: dict[Action, Callable[[Play], object]] = {
    "pause": Play.pause,
    "resume": Play.resume,
    "modify": lambda play: play.modify(CHANGED),
    "cancel": Play.cancel,
    "delete": Play.delete,
}

# The phase that each action leads to; "-" is a refusal. Written down here once more, apart from the table that the code reads.
COLUMNS: tuple[Action, ...] = ("pause", "resume", "modify", "cancel", "delete")
TABLE = """
queued          paused         -        queued         cancelled       -
running         pause_pending  -        pause_pending  cancel_pending  -
holding         pause_pending  running  pause_pending  cancel_pending  -
pause_pending   -              running  pause_pending  cancel_pending  -
cancel_pending  -              -        -              -               -
paused          -              queued   queued         cancelled       -
completed       -              -        -              -               completed
failed          -              queued   queued         -               failed
cancelled       -              queued   queued         -               cancelled
"""
ROWS = {phase: dict(zip(COLUMNS, cells, strict=True)) for phase, *cells in map(str.split, TABLE.split("\n")[1:-1])}
CELLS = [(phase, action, to) for phase, row in ROWS.items() for action, to in row.items()]


@pytest.mark.parametrize(("phase", "to"), [(phase, phase) for phase in IN])
def test_each_phase_of_the_table_can_be_reached(phase: Phase, to: str) -> None:
    assert IN[phase]().job.phase == to


@pytest.mark.parametrize(("phase", "action", "to"), [cell for cell in CELLS if cell[2] != "-"])
def test_an_allowed_action_leads_where_the_table_says(phase: Phase, action: Action, to: Phase) -> None:
    play = IN[phase]()
    DO[action](play)
    assert play.job.phase == to


@pytest.mark.parametrize(("phase", "action", "to"), [cell for cell in CELLS if cell[2] == "-"])
def test_a_refused_action_changes_nothing_and_names_what_is_allowed(phase: Phase, action: Action, to: str) -> None:
    play = IN[phase]()
    before = facts_of(play.job)
    with pytest.raises(WrongState) as refusal:
        DO[action](play)
    assert facts_of(play.job) == before
    assert not play.batch.events
    assert refusal.value.message.startswith(f"Cannot {action} job demo-1: ")
    assert refusal.value.fix
    assert {name: refusal.value.facts[name] for name in ("state", "phase", "allowed")} == {
        "state": play.job.status,
        "phase": phase,
        "allowed": [action for action in ROWS[phase] if ROWS[phase][action] != "-"],
    }


def test_a_pause_takes_effect_when_the_last_running_sheet_ends() -> None:
    play = Play(plan_of([[], [], []]))
    play.start(1)
    play.start(2)
    assert play.pause()["pending"]
    play.end(1)
    assert play.job.phase == "pause_pending"
    play.end(2)
    assert (play.job.status, play.job.intent, sorted(play.job.ready)) == ("paused", "", [3])
    assert play.kinds[-1] == "job.paused"


def test_a_pause_during_the_last_sheets_ends_in_completed_and_says_so() -> None:
    play = Play(plan_of([[]]))
    play.start(1)
    play.pause()
    play.end(1)
    assert (play.job.status, play.job.reason) == ("completed", "completed before the pause took effect")


def test_a_paused_job_goes_on_where_it_was() -> None:
    play = Play(plan_of([[], [1], []], max_retries=1))
    play.run(1)
    play.start(3)
    play.end(3, passed=False)
    play.pause()
    assert play.statuses == {1: "completed", 2: "pending", 3: "waiting"}
    play.resume()
    assert (play.job.status, play.statuses) == ("queued", {1: "completed", 2: "pending", 3: "waiting"})
    assert play.job.sheets[3].retries_used == 1


def test_a_failed_job_runs_what_did_not_finish_with_fresh_retries() -> None:
    play = Play(plan_of([[], [], [2]], max_retries=1))
    play.run(1)
    play.run(2, passed=False)
    play.wake(2)
    play.run(2, passed=False)
    assert play.statuses == {1: "completed", 2: "failed", 3: "skipped"}
    play.resume()
    assert play.job.sheets[2].retries_used == 0
    assert play.job.counts == {"completed": 1, "failed": 0, "skipped": 0}
    assert play.to_the_end() == [2, 3]
    assert play.job.status == "completed"


def test_a_resume_from_a_sheet_runs_it_and_all_that_depend_on_it_again() -> None:
    play = Play(plan_of([[], [1], [2], []]))
    play.run(1)
    play.run(2)
    play.run(4)
    play.pause()
    play.resume(from_sheet=2)
    assert play.to_the_end() == [2, 3]


def test_a_resume_from_a_sheet_before_the_first_one_runs_only_that_one_of_those_before() -> None:
    play = Play(plan_of([[], [], []]), start_sheet=3)
    play.pause()
    play.resume(from_sheet=1)
    assert play.job.start_sheet == 1
    assert play.statuses == {1: "pending", 2: "skipped", 3: "pending"}
    assert play.to_the_end() == [1, 3]


def test_a_resume_from_a_sheet_waits_for_the_sheets_that_run() -> None:
    play = pause_pending()
    assert play.resume(from_sheet=1)["pending"]
    play.end(1)
    assert (play.job.status, play.statuses) == ("queued", {1: "pending", 2: "pending"})


def test_a_resume_withdraws_a_changed_score_that_is_not_taken_yet() -> None:
    play = running()
    play.modify(CHANGED, from_sheet=1)
    assert play.resume()["message"] == "The pending change of job demo-1 was withdrawn; the job continues."
    assert (play.job.next_plan, play.job.next_from_sheet) == (None, None)
    play.end(1)
    assert (play.job.total, play.statuses) == (2, {1: "completed", 2: "pending"})


def test_a_changed_score_wins_over_a_pause_and_a_cancel_over_both() -> None:
    play = pause_pending()
    play.modify(CHANGED)
    assert play.job.intent == "modify"
    assert play.cancel().get("dropped_change") is True
    play.end(1, passed=False, reason="cancelled")
    assert (play.job.status, play.job.next_plan, play.job.total) == ("cancelled", None, 2)


def test_the_last_of_two_changed_scores_is_taken() -> None:
    play = running()
    play.modify(plan_of([[]] * 4))
    play.modify(plan_of([[]] * 5))
    play.end(1)
    assert (play.job.status, play.job.total) == ("queued", 5)


def test_a_cancel_ends_what_runs_after_the_commit_and_what_waits_at_once() -> None:
    play = Play(plan_of([[], [], [1]], max_retries=1))
    play.run(1, passed=False)
    attempt = play.job.running[play.start(2)]
    assert play.cancel() == {
        "message": "Cancel recorded: the processes of s2 are being terminated.",
        "pending": True,
        "dropped_change": False,
    }
    assert play.batch.cancels == [attempt]
    assert (play.statuses, play.job.waiting) == ({1: "cancelled", 2: "running", 3: "pending"}, set())
    play.end(2, passed=False, reason="cancelled")
    assert (play.job.status, play.job.reason) == ("cancelled", "cancelled on request")


def test_a_sheet_that_succeeds_while_its_job_is_cancelled_has_completed() -> None:
    play = cancel_pending()
    play.end(1)
    assert (play.job.status, play.statuses) == ("cancelled", {1: "completed", 2: "pending"})
    play.resume()
    assert play.to_the_end() == [2]


def test_a_deleted_job_leaves_its_id_and_its_key_taken() -> None:
    play = completed()
    play.delete()
    assert [event.type for event in play.batch.events] == ["job.deleted"]
    rows = rows_of(play.batch).by_kind
    assert rows["tombstones"] == [(play.job.job_id, play.seconds)]
    assert rows["deleted_keys"] == [(play.seconds, play.job.job_id)]
    assert {"deleted_events", "deleted_jobs", "removals"} <= set(rows)


def test_a_resume_from_a_sheet_keeps_the_changed_score_that_is_pending() -> None:
    play = running()
    play.modify(plan_of([[]] * 4))
    assert play.resume(from_sheet=1)["pending"]
    play.end(1)
    assert (play.job.status, play.job.total, play.statuses[1]) == ("queued", 4, "pending")


def test_from_sheet_counts_in_the_changed_score_that_is_pending() -> None:
    play = running()
    play.modify(plan_of([[], [], [], [3]]))
    play.resume(from_sheet=4)
    play.end(1)
    assert play.to_the_end() == [2, 3, 4]
    with pytest.raises(InvalidArguments, match="has no sheet 5"):
        running().resume(from_sheet=5)
