"""Limits of what a sheet and a job may cost: what follows beyond them, and how the job goes on."""

import sqlite3
from collections.abc import Iterator

import pytest

from podium.conductor.supervisor.loading import job_from_rows
from podium.contract.states import PAUSED_ON_REQUEST
from podium.score.model.plan import CostLimits, Plan
from tests.support.plans import plan_of
from tests.support.play import Play, loaded, memory_database


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """A database under a play."""
    with memory_database() as opened:
        yield opened


def of_job(dollars: float, sheets: int = 3, *, retries: int = 0) -> Plan:
    """A plan of so many sheets, which may cost so much together."""
    return plan_of([[]] * sheets, max_retries=retries, cost_limits=CostLimits(max_cost_per_job=dollars))


def test_a_sheet_beyond_its_limit_is_not_tried_again() -> None:
    play = Play(plan_of([[]], max_retries=5, cost_limits=CostLimits(max_cost_per_sheet=0.5)))
    play.start()
    play.end(1, passed=False, cost=0.3)
    assert play.job.sheets[1].status == "waiting"
    play.wake(1)
    play.start()
    play.end(1, passed=False, cost=0.3)
    assert play.job.sheets[1].reason == "no; its attempts have cost $0.6, more than max_cost_per_sheet, $0.5"
    assert play.job.status == "failed"


def test_a_sheet_that_passes_beyond_its_limit_has_passed() -> None:
    play = Play(plan_of([[]], cost_limits=CostLimits(max_cost_per_sheet=0.5)))
    play.start()
    play.end(1, cost=9.0)
    assert play.job.status == "completed"


def test_a_resume_gives_a_failed_sheet_its_amount_again() -> None:
    play = Play(plan_of([[]], max_retries=1, cost_limits=CostLimits(max_cost_per_sheet=0.5)))
    play.start()
    play.end(1, passed=False, cost=0.6)
    play.resume()
    play.start()
    play.end(1, passed=False, cost=0.4)
    assert (play.job.sheets[1].status, play.job.cost) == ("waiting", 1.0)


def test_a_job_beyond_its_limit_starts_nothing_more_and_is_paused_with_the_reason() -> None:
    play = Play(of_job(1.0))
    play.start(1)
    play.start(2)
    play.end(1, cost=1.5)
    assert (play.job.status, play.job.intent, play.job.dispatchable) == ("running", "pause", False)
    asked = play.events[-1]
    assert (asked.type, asked.data["running"]) == ("job.pause_requested", ["s2"])
    assert asked.data["reason"].startswith("the job has cost $1.50, more than max_cost_per_job, $1.00")
    play.end(2, cost=0.75)
    assert (play.job.status, play.job.intent) == ("paused", "")
    assert play.job.reason == (
        "the job has cost $2.25, more than max_cost_per_job, $1.00; resume_job lets it spend that much again"
    )


def test_a_job_at_its_limit_or_with_nothing_left_to_do_is_not_paused() -> None:
    play = Play(of_job(1.0, sheets=2))
    play.start()
    play.end(1, cost=1.0)
    assert play.job.dispatchable
    play.start()
    play.end(2, cost=5.0)
    assert play.job.status == "completed"


def test_a_resume_grants_the_same_amount_again_and_the_whole_is_still_counted() -> None:
    play = Play(of_job(1.0))
    play.start()
    play.end(1, cost=1.5)
    play.resume()
    play.settle()
    assert play.job.dispatchable
    play.start()
    play.end(2, cost=1.25)
    assert play.job.status == "paused"
    assert play.job.reason.startswith("the job has cost $1.25 since it was resumed, $2.75 in all, more than")


def test_a_resume_before_the_pause_has_come_grants_it_too() -> None:
    play = Play(of_job(1.0))
    play.start(1)
    play.start(2)
    play.end(1, cost=1.5)
    play.resume()
    play.settle()
    assert (play.job.intent, play.job.dispatchable) == ("", True)


def test_a_changed_score_is_judged_by_its_own_limit() -> None:
    play = Play(of_job(1.0))
    play.start()
    play.end(1, cost=1.5)
    play.resume(new=loaded(of_job(1.25)))
    play.settle()
    assert (play.job.status, play.job.reason.startswith("the job has cost $1.5")) == ("paused", True)
    play.resume(new=loaded(of_job(2.0)))
    play.settle()
    assert play.job.status == "queued"
    assert play.job.dispatchable


def test_a_pause_on_request_stays_one() -> None:
    play = Play(of_job(1.0))
    play.pause()
    assert play.job.reason == PAUSED_ON_REQUEST


def test_what_was_spent_and_granted_is_on_the_disk(database: sqlite3.Connection) -> None:
    play = Play(of_job(1.0), database=database)
    play.start()
    play.end(1, cost=1.5)
    play.resume()
    play.start()
    stored = job_from_rows(database, play.job.job_id, play.job.loaded, None)
    assert (stored.cost, stored.cost_granted, stored.sheets[1].cost) == (1.5, 1.5, 1.5)
    assert database.execute("SELECT cost FROM attempts ORDER BY serial").fetchall()[0][0] == 1.5
