"""Attempts that another conductor began: each is taken over, learnt from the keeper's journal, or told as what it is."""

import os
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.command import STRICT
from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.local.folder import AttemptFolder
from podium.conductor.engines.port import AttemptSpec, End, EndReason
from podium.conductor.processes import facts
from podium.conductor.processes.keepers.child import PLAY
from podium.keeper import folder
from tests.support.engines import (
    Gate,
    Holder,
    bystander,
    described,
    make_spec,
    next_end,
    open_engine,
    open_keepers,
    reattach,
    run_attempt,
)
from tests.support.journals import NOBODY, OTHER_BOOT, begun, ended, leave_journal, newest, read_journal, started
from tests.support.podium_home import until

pytestmark = pytest.mark.anyio


def left(spec: AttemptSpec, *records: tuple[object, ...], boot: str = "") -> AttemptSpec:
    """Leave an attempt as a keeper that is dead left it, its journal and its folder."""
    folder.make(str(spec.folder), spec.script)
    leave_journal(spec.folder.parent / "keepers", *records, boot=boot)
    return spec


async def test_leaving_the_engine_ends_no_attempt(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        spec = make_spec(tmp_path, "echo x >said; read -r x <hold; exit 5")
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.submit(spec)
            await said.line()
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.reattach(spec)
            await engine.reattach(spec)
            hold.open()
            assert (await next_end(engine)).exit_code == 5


async def test_attempts_outlive_a_killed_conductor(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        going = make_spec(tmp_path, "echo start >>log; echo x >said; read -r x <hold; echo end >>log; exit 42")
        over = make_spec(tmp_path, "echo over; exit 43")
        Holder(going, over).kill(after=2)
        await said.line()
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.reattach(over)
            assert (await next_end(engine)).exit_code == 43
            await engine.reattach(going)
            assert (await described(engine, going.key)).alive
            hold.open()
            end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("exited", 42)
    assert (tmp_path / "log").read_text() == "start\nend\n"


@pytest.mark.parametrize("launched", [1, 7, 20])
async def test_a_conductor_killed_at_any_moment_leaves_no_attempt_undecided(tmp_path: Path, launched: int) -> None:
    specs = [make_spec(tmp_path, f"echo {number} >>ran; exit 1") for number in range(20)]
    Holder(*specs).kill(after=launched)
    async with open_engine(keepers=tmp_path / "keepers") as engine:
        for spec in specs:
            await engine.reattach(spec)
        ends = [await next_end(engine) for _ in specs]
    assert len({end.key for end in ends}) == len(specs)
    assert {end.reason for end in ends} <= {"exited", "never_started"}
    ran = (tmp_path / "ran").read_text().split()
    assert len(ran) == len(set(ran)) == sum(end.reason == "exited" for end in ends)


@pytest.mark.parametrize(
    ("script", "reason", "code", "signal"),
    [
        ("exit 0", "exited", 0, None),
        ("exit 137", "exited", 137, None),
        ("kill -KILL $$", "killed", None, 9),
        ("kill -TERM 0", "killed", None, 15),
        ("kill -SEGV $$", "killed", None, 11),
        ("no-such-tool", "exited", 127, None),
    ],
)
async def test_what_ended_while_no_conductor_ran_has_its_own_code_or_signal_and_moment(
    tmp_path: Path, script: str, reason: str, code: int | None, signal: int | None
) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        spec = make_spec(tmp_path, f"echo x >said; read -r x <hold; {script}")
        Holder(spec).kill()
        await said.line()
        before = time.time()
        hold.open()
        keeper = newest(tmp_path / "keepers")
        await run_sync(until, lambda: any(words[0] == "ended" for words in read_journal(keeper)))
        after = time.time()
        end = await reattach(spec)
    assert (end.reason, end.exit_code, end.signal) == (reason, code, signal)
    assert before <= end.ended_at <= after


async def test_a_re_attached_attempt_can_be_cancelled(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said:
        spec = make_spec(tmp_path, "echo x >said; sleep 1000; exit 1")
        Holder(spec).kill()
        await said.line()
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.reattach(spec)
            await engine.cancel(spec.key, grace_seconds=10)
            end = await next_end(engine)
    assert (end.reason, end.exit_code, end.signal) == ("cancelled", None, 15)


async def test_a_re_attached_attempt_has_what_is_left_of_its_time(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said:
        spec = make_spec(tmp_path, "echo x >said; sleep 1000", timeout_seconds=0.2)
        unlimited = make_spec(tmp_path, spec.script, key=spec.key, folder=spec.folder)
        Holder(unlimited).kill()
        await said.line()
        end = await reattach(spec)
    assert (end.reason, end.signal) == ("timed_out", 15)


async def test_an_attempt_that_no_keeper_began_never_started_whatever_was_prepared(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, "echo ran >ran", intended_at=time.time())
    assert (await reattach(spec)).reason == "never_started"
    left(spec)
    assert (await reattach(spec)).reason == "never_started"
    assert not (tmp_path / "ran").exists()


async def test_an_attempt_from_before_the_machine_started_of_which_no_journal_tells_is_lost(tmp_path: Path) -> None:
    end = await reattach(make_spec(tmp_path, intended_at=facts.booted_at() - 60))
    assert (end.reason, end.detail) == ("lost", "the machine restarted")


async def test_a_clock_set_back_gives_an_attempt_no_more_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = time.time
    with Gate(tmp_path / "said") as said:
        taken_over = make_spec(tmp_path, "echo x >said; sleep 1000")
        Holder(taken_over).kill()
        await said.line()
        monkeypatch.setattr(time, "time", lambda: clock() - 86400)
        assert (await reattach(replace(taken_over, timeout_seconds=0.2))).reason == "timed_out"
        assert (await run_attempt(make_spec(tmp_path, "sleep 1000", timeout_seconds=0.2))).reason == "timed_out"


# -- journals of keepers that are dead --------------------------------------------------------------------------------


def script_that_waits(place: Path) -> Path:
    """Leave a script that does not end."""
    script = place / "waits"
    script.write_text("sleep 1000; exit 1\n")
    return script


async def test_an_end_in_a_journal_is_the_end_whoever_is_dead(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    end = await reattach(left(spec, begun(spec.key), started(spec.key), ended(spec.key, 13)))
    assert (end.reason, end.exit_code) == ("exited", 13)


async def test_an_end_in_a_journal_outlives_the_machine(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    records = begun(spec.key), started(spec.key), ended(spec.key, -11)
    end = await reattach(left(spec, *records, boot=OTHER_BOOT))
    assert (end.reason, end.exit_code, end.signal) == ("killed", None, 11)


async def test_a_start_that_failed_says_why(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    end = await reattach(left(spec, begun(spec.key), ("failed", spec.key, 7, os.strerror(7))))
    assert (end.reason, end.detail) == ("launch_failed", os.strerror(7))


async def test_a_start_that_was_begun_and_never_finished_is_lost_when_its_tree_is_gone(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    left(spec, begun(spec.key))
    with bystander(**{facts.MARKER: f"{spec.key}#1.1"}):
        end = await reattach(spec)
    assert (end.reason, end.processes_ended) == ("lost", 1)


@pytest.mark.parametrize("options", [(), STRICT])
async def test_a_start_that_was_begun_and_whose_process_runs_is_adopted(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    spec = make_spec(tmp_path)
    left(spec, begun(spec.key))
    with bystander(
        "/bin/bash", *options, "-c", PLAY, script_that_waits(tmp_path), tmp_path, **{facts.MARKER: spec.key}
    ) as process:
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.reattach(spec)
            usage = await described(engine, spec.key)
            assert (usage.alive, usage.pid) == (True, process.pid)
            await engine.cancel(spec.key, grace_seconds=10)
            assert (await next_end(engine)).reason == "cancelled"


async def test_what_a_start_that_nobody_named_has_left_is_not_taken_for_it_but_ended(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    with bystander(**{facts.MARKER: spec.key}) as leftover:
        stat = facts.read_stat(leftover.pid)
        assert stat is not None
        orphaned = "orphaned", -9, [[leftover.pid, stat.start_ticks], [NOBODY, stat.start_ticks - 1]]
        gone = "gone", NOBODY, 3, stat.start_ticks - 1, NOBODY, time.time_ns()
        end = await reattach(left(spec, begun(spec.key), orphaned, gone))
    assert (end.reason, end.exit_code, end.processes_ended) == ("exited", 3, 1)


async def test_the_end_of_what_another_sheet_left_is_not_taken_for_the_end_of_a_start_without_a_name(
    tmp_path: Path,
) -> None:
    spec = make_spec(tmp_path)
    orphaned = "orphaned", -9, [[NOBODY, 1]]
    gone = "gone", NOBODY, -15, 1, NOBODY, time.time_ns(), "/podium-home/other"
    left(spec, begun(spec.key, f"/sys/fs/cgroup/podium-home/{spec.key}"), orphaned, gone, ("over",))
    end = await reattach(spec)
    assert (end.reason, end.signal) == ("never_started", None)


async def test_a_start_whose_process_is_still_loading_its_program_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = make_spec(tmp_path)
    left(spec, begun(spec.key))
    marker, looks = facts.marker, count()
    with bystander(
        "/bin/bash", "-c", PLAY, script_that_waits(tmp_path), tmp_path, **{facts.MARKER: spec.key}
    ) as process:
        # A program that is being loaded has no environment yet.
        monkeypatch.setattr(
            facts, "marker", lambda pid: None if pid == process.pid and next(looks) < 3 else marker(pid)
        )
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.reattach(spec)
            assert (await described(engine, spec.key)).pid == process.pid
            await engine.cancel(spec.key, grace_seconds=10)
            assert (await next_end(engine)).reason == "cancelled"


async def test_a_started_attempt_whose_process_is_gone_is_lost_and_what_it_left_is_ended(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    left(spec, begun(spec.key), started(spec.key))
    with bystander(**{facts.MARKER: spec.key}):
        end = await reattach(spec)
    assert (end.reason, end.processes_ended) == ("lost", 1)
    assert "neither the conductor nor its keeper" in end.detail


async def test_a_reused_pid_is_not_mistaken_for_the_attempt(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    with bystander() as stranger:
        stat = facts.read_stat(stranger.pid)
        assert stat is not None
        left(spec, begun(spec.key), started(spec.key, stranger.pid, stat.start_ticks - 1))
        end = await reattach(spec)
        assert (end.reason, end.processes_ended) == ("lost", 0)
        assert stranger.poll() is None


@pytest.mark.parametrize("records", [1, 2])
async def test_an_attempt_of_an_earlier_boot_is_lost_with_it(tmp_path: Path, records: int) -> None:
    spec = make_spec(tmp_path)
    with bystander() as stranger:  # by chance its pid and start time are those of the attempt
        stat = facts.read_stat(stranger.pid)
        assert stat is not None
        told = [begun(spec.key), started(spec.key, stat.pid, stat.start_ticks)][:records]
        end = await reattach(left(spec, *told, boot=OTHER_BOOT))
        assert stranger.poll() is None
    assert (end.reason, end.detail) == ("lost", "the machine restarted")


@pytest.mark.parametrize(("state", "reason"), [("running", "elsewhere"), ("ended", "exited"), ("restarted", "lost")])
async def test_a_copied_home_takes_over_only_what_has_ended(tmp_path: Path, state: str, reason: str) -> None:
    spec = make_spec(tmp_path)
    with bystander() as process:
        stat = facts.read_stat(process.pid)
        assert stat is not None
        records = [begun(spec.key), started(spec.key, stat.pid, stat.start_ticks)]
        over = [begun(spec.key), started(spec.key), ended(spec.key, 3)]
        left(spec, *(over if state == "ended" else records), boot=OTHER_BOOT if state == "restarted" else "")
        async with open_keepers(tmp_path / "keepers") as keepers, LocalEngine(keepers, mark="other-home") as engine:
            await engine.reattach(spec)
            assert (await next_end(engine)).reason == reason
        assert process.poll() is None


# -- limits that an earlier conductor enforced ------------------------------------------------------------------------


def told(end: End) -> tuple[str, int | None, int | None]:
    """Return the reason of an end and how its process ended."""
    return end.reason, end.exit_code, end.signal


@pytest.mark.parametrize("reason", ["timed_out", "output_limit"])
@pytest.mark.parametrize("code", [None, -15, 3])
async def test_a_limit_that_an_earlier_conductor_enforced_is_the_reason_of_the_end(
    tmp_path: Path, reason: EndReason, code: int | None
) -> None:
    spec = make_spec(tmp_path)
    records = [begun(spec.key), started(spec.key)] + ([] if code is None else [ended(spec.key, code)])
    left(spec, *records)
    AttemptFolder(spec.folder).note_stop(reason)
    known = code is not None and code >= 0
    assert told(await reattach(spec)) == (reason, code if known else None, None if known or code is None else -code)


async def test_an_attempt_whose_limit_an_earlier_conductor_noted_is_ended_by_the_next(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said:
        spec = make_spec(tmp_path, "echo x >said; sleep 1000", grace_seconds=30)
        Holder(spec).kill()
        await said.line()
        AttemptFolder(spec.folder).note_stop("output_limit")
        assert told(await reattach(spec)) == ("output_limit", None, 15)
