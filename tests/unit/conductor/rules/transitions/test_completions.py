"""An agent that has done a part of its work is asked to complete it: when, how often, with what, and what follows."""

import sqlite3
from collections.abc import Iterator

import pytest

from podium.conductor.supervisor.loading import job_from_rows
from tests.support.plans import plan_of
from tests.support.play import Play, memory_database


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """A database under a play."""
    with memory_database() as opened:
        yield opened


def agent(*, checks: int = 2, completions: int = 2, retries: int = 0, instrument: str = "goose",
          database: sqlite3.Connection | None = None) -> Play:  # fmt: skip
    """A job of one sheet, which an agent plays, in its first attempt."""
    plan = plan_of([[]], checks=checks, completions=completions, max_retries=retries, instruments=[instrument])
    play = Play(plan, database=database)
    play.start()
    return play


def again(play: Play) -> None:
    """Let the wait of the sheet end and its next attempt start."""
    play.wake(1)
    play.start()


def test_a_partial_pass_is_completed_with_a_note_of_what_is_missing_and_uses_up_no_retry() -> None:
    play = agent(retries=1)
    play.end(1, passed=False, checks="yn")
    run = play.job.sheets[1]
    assert (run.status, run.completions, run.retries_used, run.waiting_left) == ("waiting", 1, 0, 5.0)
    assert run.reason == "completion 1 of 2 after: no"
    assert "- file_exists: expected made-1 exists, found nothing" in run.note
    assert "made-0" not in run.note
    completing = play.events[-1]
    assert completing.type == "sheet.completing"
    assert (completing.data["completion"], completing.data["max_completions"]) == (1, 2)
    again(play)
    play.end(1, checks="yy")
    assert play.job.status == "completed"


def test_after_its_completions_come_the_retries_with_the_prompt_alone() -> None:
    play = agent(completions=1, retries=1)
    play.end(1, passed=False, checks="yn")
    again(play)
    play.end(1, passed=False, checks="yn")
    run = play.job.sheets[1]
    assert (run.reason, run.note) == ("retry 1 of 1 after: no", "")
    again(play)
    play.end(1, passed=False, checks="yn")
    assert play.job.status == "failed"
    assert [kind for kind in play.kinds if kind in {"sheet.completing", "sheet.retrying"}] == [
        "sheet.completing",
        "sheet.retrying",
    ]


@pytest.mark.parametrize(
    ("checks", "of", "exit_code", "instrument"),
    [
        ("nn", 2, 0, "goose"),  # nothing is done
        ("ynn", 3, 0, "goose"),  # less than half
        ("y", 3, 0, "goose"),  # the later stages did not run
        ("yn", 2, 1, "goose"),  # it did not end well
        ("yn", 2, 0, "cli"),  # a script cannot read a note
    ],
)
def test_what_is_no_partial_pass_of_an_agent_is_an_ordinary_failure(
    checks: str, of: int, exit_code: int, instrument: str
) -> None:
    play = agent(checks=of, instrument=instrument)
    play.end(1, passed=False, checks=checks, exit_code=exit_code)
    assert play.job.status == "failed"
    assert "sheet.completing" not in play.kinds


def test_a_rate_limit_in_a_completion_keeps_its_note() -> None:
    play = agent()
    play.end(1, passed=False, checks="yn")
    again(play)
    note = play.job.sheets[1].note
    play.end(1, passed=False, trouble="rate_limit", wait=5.0)
    run = play.job.sheets[1]
    assert (run.status, run.note, run.completions) == ("waiting", note, 1)


def test_how_often_and_with_what_is_on_the_disk_and_a_resume_begins_anew(database: sqlite3.Connection) -> None:
    play = agent(completions=1, database=database)
    play.end(1, passed=False, checks="yn")
    (stored,) = job_from_rows(database, play.job.job_id, play.job.loaded, None).sheets.values()
    assert (stored.completions, stored.note) == (1, play.job.sheets[1].note)
    again(play)
    play.end(1, passed=False, checks="yn")
    assert play.job.status == "failed"
    play.resume()
    run = play.job.sheets[1]
    assert (run.completions, run.note) == (0, "")
