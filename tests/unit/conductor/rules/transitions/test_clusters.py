"""What follows from the ends that only a cluster has, and when an attempt there counts as begun."""

from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.engines.port import End, EndReason, Place
from podium.conductor.rules.ends import ENDS, MOST_AGAIN
from podium.conductor.rules.verdicts import Verdict
from podium.conductor.supervisor.saving import attempt_from, run_from
from podium.score.model.plan import EngineName
from tests.support.plans import plan_of
from tests.support.play import Play, memory_database

LOST: tuple[EndReason, ...] = ("lost", "node_failed", "preempted", "cancelled_elsewhere")
NEVER: tuple[EndReason, ...] = ("deadline", "refused")
AGAIN: tuple[EndReason, ...] = ("never_started", "boot_failed")


def play_of(*, retries: int = 2, on_lost: Literal["retry", "fail"] = "retry", engine: EngineName = "slurm",
            healing: bool = False, database: Any = None) -> Play:  # fmt: skip
    """A job of one sheet on a cluster."""
    plan = plan_of([[]], max_retries=retries)
    sheet = replace(plan.sheets[0], on_lost=on_lost, engine=engine)
    play = Play(plan.model_copy(update={"sheets": (sheet,)}), database=database)
    play.job.self_healing = healing
    return play


def end(play: Play, reason: EndReason, *, passed: bool = False, **facts: Any) -> None:
    """End the sheet's running attempt."""
    found = End(play.job.running[1].key, reason, **facts)
    play.judged(1, Verdict(found, passed=passed, message="" if passed else f"{reason}: words"))


@pytest.mark.parametrize("reason", LOST)
def test_what_was_lost_uses_up_a_retry_and_runs_again(reason: EndReason) -> None:
    play = play_of(retries=1)
    play.start()
    end(play, reason)
    run = play.job.sheets[1]
    assert (run.status, run.retries_used, run.reason) == ("waiting", 1, f"retry 1 of 1 after: {reason}: words")
    play.wake(1)
    play.start()
    end(play, reason)
    assert (play.job.status, run.reason) == ("failed", f"{reason}: words")


@pytest.mark.parametrize("reason", LOST)
@pytest.mark.parametrize("healing", [False, True])
def test_what_was_lost_fails_at_once_where_the_score_says_so(reason: EndReason, healing: bool) -> None:
    play = play_of(on_lost="fail", healing=healing)
    play.start()
    end(play, reason)
    assert (play.job.status, play.job.sheets[1].attempts, play.job.sheets[1].retries_used) == ("failed", 1, 0)
    assert play.kinds.count("healing.applied") == 0


@pytest.mark.parametrize("reason", NEVER)
@pytest.mark.parametrize("healing", [False, True])
def test_what_no_other_try_can_help_is_never_tried_again(reason: EndReason, healing: bool) -> None:
    play = play_of(retries=5, healing=healing)
    play.start()
    end(play, reason)
    assert (play.job.status, play.job.sheets[1].attempts, play.job.sheets[1].retries_used) == ("failed", 1, 0)
    diagnosed = [event.data["cause"] for event in play.events if event.type == "healing.diagnosed"]
    assert diagnosed == ([reason] if healing else [])


@pytest.mark.parametrize("reason", ["timed_out", "out_of_memory", "killed", "output_limit", "launch_failed"])
def test_an_end_that_is_known_from_this_machine_is_an_ordinary_failure(reason: EndReason) -> None:
    play = play_of(retries=1)
    play.start()
    end(play, reason)
    assert (play.job.sheets[1].status, play.job.sheets[1].retries_used) == ("waiting", 1)


@pytest.mark.parametrize("reason", AGAIN)
def test_what_never_began_starts_again_without_a_retry_less_and_less_often_and_not_for_ever(reason: EndReason) -> None:
    play = play_of(retries=1)
    run, pauses = play.job.run_of(1), []
    while True:
        play.start()
        end(play, reason)
        if run.retries_used:
            break
        pauses.append(run.waiting_left)
        assert play.events[-1].type == "sheet.abandoned"
        assert play.events[-1].data["delay_seconds"] == pauses[-1]
        play.wake(1)
    assert pauses == [1.0, 5.0, 25.0, 125.0, 625.0]
    assert run.reason == f"retry 1 of 1 after: {reason}: words; its cluster did not begin it 6 times in a row"
    play.wake(1)
    play.start()
    end(play, reason)
    assert (play.job.status, run.attempts) == ("failed", MOST_AGAIN + 2)


FAILURES = sorted(set(ENDS) - {"cancelled", "withdrawn"})


@given(st.lists(st.sampled_from(FAILURES), min_size=60, max_size=60), st.integers(0, 3), st.booleans())
def test_a_sheet_of_a_cluster_ends_whatever_happens_to_its_attempts(
    reasons: list[EndReason], retries: int, healing: bool
) -> None:
    play = play_of(retries=retries, healing=healing)
    for reason in reasons:
        play.start()
        end(play, reason)
        if play.job.status == "failed":
            break
        for num in list(play.job.waiting):
            play.wake(num)
    assert play.job.status == "failed"
    assert play.job.sheets[1].attempts <= (retries + 2) * (MOST_AGAIN + 1)


def test_one_that_began_ends_the_row_of_those_that_did_not() -> None:
    play = play_of(retries=1)
    for reason in ("boot_failed", "never_started", "exited"):
        play.start()
        end(play, reason)
        play.wake(1)
    assert (play.job.sheets[1].unbegun, play.job.sheets[1].retries_used) == (0, 1)
    play.start()
    end(play, "boot_failed")
    assert play.job.sheets[1].waiting_left == 1.0


def test_a_sheet_of_this_machine_that_never_began_starts_at_once_however_often() -> None:
    play = play_of(engine="local")
    for _ in range(MOST_AGAIN + 2):
        play.start()
        end(play, "never_started")
        assert (list(play.job.ready), play.job.waiting) == ([1], set())


def test_the_queue_of_a_cluster_does_not_count_in_the_time_of_an_attempt() -> None:
    play = play_of()
    play.start()
    attempt, intent = play.job.running[1], play.seconds
    end(play, "exited", passed=True, began_at=intent + 100, ended_at=intent + 107.5, place="Slurm job 512 on\nnode f2")
    assert (attempt.started_at, attempt.ended_at, attempt.place) == (
        intent + 100,
        intent + 107.5,
        "Slurm job 512 on node f2",
    )
    assert (play.job.sheets[1].started_at, play.job.sheets[1].finished_at) == (intent + 100, intent + 107.5)
    done = next(event for event in play.events if event.type == "sheet.completed")
    assert done.data["duration_seconds"] == 7.5


@pytest.mark.parametrize(("began", "ended", "expected"), [(-50, 7, (0, 7)), (90, 7, (7, 7)), (0, 7, (0, 7))])
def test_clocks_that_differ_turn_no_time_around(began: float, ended: float, expected: tuple[float, float]) -> None:
    play = play_of()
    play.start()
    attempt, intent = play.job.running[1], play.seconds
    end(play, "exited", passed=True, began_at=intent + began, ended_at=intent + ended)
    assert (attempt.started_at - intent, attempt.ended_at) == (expected[0], intent + expected[1])


def test_an_attempt_that_reaches_a_node_says_so_once_and_runs_since_then() -> None:
    with memory_database() as database:
        play = play_of(database=database)
        play.start()
        attempt, intent = play.job.running[1], play.seconds
        play.seconds += 60
        play.placed(1, Place("queued", "512", partition="main", reason="Resources"))
        assert "sheet.placed" not in play.kinds
        for since in (intent + 30, None):
            play.placed(1, Place("running", "512", "f2", "main", since=since))
        told = [event.data for event in play.events if event.type == "sheet.placed"]
        assert told == [{"sheet": 1, "name": "s1", "attempt": 1, "place": "Slurm job 512 on node f2"}]
        assert (play.job.sheets[1].started_at, attempt.started_at) == (intent + 30, intent)
        kept = attempt_from(database.execute("SELECT * FROM attempts").fetchone())
        assert (kept.place, kept.started_at, kept.open) == ("Slurm job 512 on node f2", intent, True)


def test_how_often_a_sheet_did_not_begin_survives_a_restart() -> None:
    with memory_database() as database:
        play = play_of(database=database)
        play.start()
        end(play, "boot_failed")
        assert run_from(database.execute("SELECT * FROM sheets").fetchone()).unbegun == 1
