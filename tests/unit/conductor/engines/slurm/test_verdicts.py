"""How an attempt on a cluster ended."""

from pathlib import Path

import pytest

from podium.conductor.engines.port import AttemptSpec, EndReason
from podium.conductor.engines.slurm.answers import STATES, Row
from podium.conductor.engines.slurm.flights import Flight, Pool
from podium.conductor.engines.slurm.verdicts import (
    ADVICE,
    EXPLAINED_SECONDS,
    LIMIT,
    MEMORY,
    SILENT_SECONDS,
    VANISHED,
    Fate,
    end_of,
    fate_of,
    is_of_memory,
    never_begun,
)
from podium.lane.place import Claim, Exit

NOW = 1000.0
LATE = NOW + SILENT_SECONDS + 1


def flight(end: Exit | None = None, *, cancelled: bool = False) -> Flight:
    spec = AttemptSpec("mk.job-1.1", Path("/home/jobs/job-1/1"), "", Path("/w"), {})
    found = Flight(spec, Pool("job-1.hash", "mk.job-1.hash"), "/root/jobs/job-1/1", "playing", sign_at=NOW)
    found.claim, found.exit, found.exit_seen, found.exit_at = Claim("5", "f1"), end, NOW, 500.0
    found.cancelled_at = NOW if cancelled else None
    return found


def row(state: str) -> Row:
    return Row("5", "5", state, STATES[state], nodes="f1", name="mk.job-1.hash")


@pytest.mark.parametrize("state", [*STATES, None])
@pytest.mark.parametrize(
    "reason", ["exited", "timed_out", "stale", "output_limit", "out_of_memory", "cancelled", "launch_failed"]
)
def test_an_exit_record_wins_over_whatever_the_cluster_says(reason: EndReason, state: str | None) -> None:
    found = fate_of(flight(Exit(reason, code=0, detail="so")), row(state) if state else None, LATE)
    assert found == Fate(reason, "so")


def test_an_attempt_that_a_signal_ended_was_killed() -> None:
    assert fate_of(flight(Exit("exited", signal=9)), None, NOW) == Fate("killed")


@pytest.mark.parametrize("state", [state for state, kind in STATES.items() if kind != "over"])
def test_a_lane_that_is_not_over_goes_on_however_silent_it_is(state: str) -> None:
    assert fate_of(flight(), row(state), LATE) is None


def test_an_end_names_the_lane_as_the_commands_of_the_cluster_do() -> None:
    ended = flight(Exit("exited", code=0))
    ended.claim = Claim("84", "f1", member="83_0")
    assert end_of(ended, Fate("exited"), NOW).place == "Slurm job 83_0 on node f1"


def test_a_cluster_that_does_not_answer_loses_nothing() -> None:
    assert fate_of(flight(), None, LATE + 10_000) is None


@pytest.mark.parametrize("gone", [VANISHED, row("NODE_FAIL"), row("COMPLETED")])
def test_a_lane_that_is_gone_but_gives_signs_of_life_goes_on(gone: Row) -> None:
    assert fate_of(flight(), gone, NOW + SILENT_SECONDS - 1) is None


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("NODE_FAIL", "node_failed"),
        ("PREEMPTED", "preempted"),
        ("TIMEOUT", "timed_out"),
        ("OUT_OF_MEMORY", "out_of_memory"),
        ("DEADLINE", "deadline"),
        ("BOOT_FAIL", "boot_failed"),
        ("CANCELLED", "cancelled_elsewhere"),
        ("FAILED", "lost"),
        ("COMPLETED", "lost"),
    ],
)
def test_a_silent_attempt_ends_as_its_lane_did(state: str, reason: EndReason) -> None:
    found = fate_of(flight(), row(state), LATE)
    assert found is not None
    assert found.reason == reason
    assert state in found.detail or found.detail in {LIMIT, MEMORY}


def test_an_attempt_whose_lane_nobody_knows_is_lost_once_it_is_silent() -> None:
    found = fate_of(flight(), VANISHED, LATE)
    assert found is not None
    assert found.reason == "lost"


def test_what_the_cluster_ended_ends_for_the_reason_of_the_cluster() -> None:
    told = Exit("terminated", signal=15, detail="the cluster told the lane to end")
    assert fate_of(flight(told), row("COMPLETING"), NOW + 1) is None
    found = fate_of(flight(told), row("PREEMPTED"), NOW + 1)
    assert found is not None
    assert found == Fate("preempted", "Slurm says PREEMPTED")


def test_what_the_cluster_ended_and_does_not_explain_was_killed() -> None:
    told = Exit("terminated", detail="the cluster told the lane to end")
    assert fate_of(flight(told), None, NOW + 1) is None
    assert fate_of(flight(told), None, NOW + EXPLAINED_SECONDS + 1) == Fate("killed", told.detail)


@pytest.mark.parametrize("state", ["CANCELLED", "NODE_FAIL", "FAILED"])
def test_what_we_cancelled_is_cancelled(state: str) -> None:
    found = fate_of(flight(cancelled=True), row(state), LATE)
    assert found is not None
    assert found.reason == "cancelled"
    assert fate_of(flight(Exit("terminated"), cancelled=True), None, NOW) == Fate("cancelled")


def test_a_lane_that_was_not_needed_and_had_just_begun_was_cancelled_by_nobody_else() -> None:
    unlucky = flight()
    unlucky.pool.cancelled.add("5")
    found = fate_of(unlucky, row("CANCELLED"), LATE)
    assert found is not None
    assert found.reason == "lost"


def test_an_end_tells_where_and_when_by_this_machines_clock() -> None:
    end = end_of(
        flight(Exit("exited", code=3, seconds=2.0, ended=1, left=((7, "ann", "x"),), node="f1")),
        Fate("exited"),
        400.0,
    )
    assert (end.exit_code, end.processes_ended, end.ended_at, end.began_at) == (3, 1, 400.0, 398.0)
    assert end.place == "Slurm job 5 on node f1"
    assert (
        end.survivors[0].text == "process 7 of ann (the job calls it 'x') could not be ended: it lives on, on node f1"
    )


def test_what_nodes_and_the_cluster_say_is_clean_and_short_at_the_end_of_an_attempt() -> None:
    foul = "a\x1b[2J\u202eb\0\udcff\n" * 100
    hostile = flight(Exit("launch_failed", node=foul, detail=foul, left=((7, foul, foul),)))
    hostile.claim = Claim(foul, foul)
    end = end_of(hostile, Fate("launch_failed", foul), 400.0)
    told = f"{end.detail}{end.place}{end.survivors}"
    assert told.isprintable()
    assert "\u202e" not in told
    assert len(told) < 1200


def test_lanes_that_never_begin_are_explained() -> None:
    failed = row("FAILED")
    told = never_begun(failed, "python3: not found", "/f").detail
    assert told.endswith(f"5 on node f1 (FAILED): python3: not found; {ADVICE}")
    silent = never_begun(failed, "", "/f").detail
    assert silent.endswith(f"(FAILED): f1 may not see /f, or not have slurm_python; {ADVICE}")
    assert never_begun(row("CANCELLED"), "", "/f").reason == "cancelled_elsewhere"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("slurmstepd: error: StepId=5.batch exceeded memory limit (430821376 > 104857600), being killed", True),
        (
            "slurmstepd: error: Detected 1 oom_kill event in StepId=5.batch. Some of the step tasks have been OOM Killed.",
            True,
        ),
        ("slurmstepd: error: StepId=55.batch exceeded memory limit (430821376 > 104857600), being killed", False),
        ("slurmstepd: error: *** JOB 5 ON f1 CANCELLED AT 2026-11-30T15:06:24 ***", False),
    ],
)
def test_the_cluster_says_of_which_lane_it_is_that_it_took_too_much_memory(line: str, told: bool) -> None:
    assert is_of_memory(["something else", line], "5") == told
