"""Attempts that another conductor began: each is taken over, learnt from its record, or told as what it is."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import structlog.testing

from podium.conductor.engines.local.folder import BLOCK_BYTES, AttemptFolder, Origin
from podium.conductor.engines.port import AttemptSpec, EndReason
from podium.conductor.processes import facts
from podium.conductor.processes.spawn import spawn
from tests.support.engines import (
    BOUND_SECONDS,
    HERE,
    Gate,
    Holder,
    bystander,
    described,
    make_spec,
    next_end,
    open_engine,
    reattach,
    run_attempt,
)

pytestmark = pytest.mark.anyio


def forged(spec: AttemptSpec, *, identity: str = "", exit_record: str = "") -> AttemptSpec:
    """Leave a folder as a launch that claimed the attempt, and a wrapper that wrote these records, would have left it."""
    folder = AttemptFolder(spec.folder)
    folder.prepare(spec, HERE)
    folder.stdout.touch()
    with folder.record.open("r+") as file:
        file.write(identity)
        file.seek(BLOCK_BYTES)
        file.write(exit_record)
    return spec


async def test_leaving_the_engine_ends_no_attempt(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        spec = make_spec(tmp_path, "echo x >said; read -r x <hold; exit 5")
        async with open_engine() as engine:
            await engine.submit(spec)
            await said.line()
        async with open_engine() as engine:
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
        async with open_engine() as engine:
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
    async with open_engine() as engine:
        for spec in specs:
            await engine.reattach(spec)
        ends = [await next_end(engine) for _ in specs]
    assert len({end.key for end in ends}) == len(specs)
    assert {end.reason for end in ends} <= {"exited", "never_started"}
    ran = (tmp_path / "ran").read_text().split()
    assert len(ran) == len(set(ran)) == sum(end.reason == "exited" for end in ends)


async def test_a_re_attached_attempt_can_be_cancelled(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said:
        spec = make_spec(tmp_path, "echo x >said; sleep 1000; exit 1")
        Holder(spec).kill()
        await said.line()
        async with open_engine() as engine:
            await engine.reattach(spec)
            await engine.cancel(spec.key, grace_seconds=10)
            end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("cancelled", 143)


async def test_a_re_attached_attempt_has_what_is_left_of_its_time(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said:
        spec = make_spec(tmp_path, "echo x >said; sleep 1000", timeout_seconds=0.2)
        unlimited = make_spec(tmp_path, spec.script, key=spec.key, folder=spec.folder)
        Holder(unlimited).kill()
        await said.line()
        end = await reattach(spec)
    assert (end.reason, end.exit_code) == ("timed_out", 143)


async def test_an_attempt_that_nobody_claimed_never_started_and_never_will(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, "echo ran >ran", intended_at=time.time())
    folder = AttemptFolder(spec.folder)
    folder.prepare(spec, HERE)
    assert (await reattach(spec)).reason == "never_started"
    # What the killed conductor was just launching wakes up only now, or the conductor dies and the next one looks.
    with pytest.raises(FileExistsError):
        spawn(["/bin/true"], {}, stdout=folder.stdout, new_stdout=True)
    assert (await reattach(spec)).reason == "never_started"


async def test_an_attempt_without_a_folder_never_started(tmp_path: Path) -> None:
    assert (await reattach(make_spec(tmp_path, intended_at=time.time()))).reason == "never_started"


async def test_an_unclaimed_attempt_from_before_the_machine_started_is_lost(tmp_path: Path) -> None:
    end = await reattach(make_spec(tmp_path, intended_at=facts.booted_at() - 60))
    assert (end.reason, end.detail) == ("lost", "the machine restarted")


@pytest.mark.parametrize(("boot", "reason"), [(HERE.boot_id, "never_started"), ("00000000-aaaa", "lost")])
async def test_the_boot_id_not_the_clock_tells_whether_the_machine_restarted(
    tmp_path: Path, boot: str, reason: str
) -> None:
    for intended_at in (facts.booted_at() - 3600, time.time(), time.time() + 3600):
        spec = make_spec(tmp_path, "echo ran >ran", intended_at=intended_at)
        AttemptFolder(spec.folder).prepare(spec, Origin(boot))
        assert (await reattach(spec)).reason == reason


async def test_a_clock_set_back_gives_an_attempt_no_more_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = time.time
    with Gate(tmp_path / "said") as said:
        taken_over = make_spec(tmp_path, "echo x >said; sleep 1000")
        Holder(taken_over).kill()
        await said.line()
        monkeypatch.setattr(time, "time", lambda: clock() - 86400)
        assert (await reattach(replace(taken_over, timeout_seconds=0.2))).reason == "timed_out"
        assert (await run_attempt(make_spec(tmp_path, "sleep 1000", timeout_seconds=0.2))).reason == "timed_out"


async def test_a_reused_pid_is_not_mistaken_for_the_attempt(tmp_path: Path) -> None:
    with bystander() as stranger:
        stat = facts.read_stat(stranger.pid)
        assert stat is not None
        identity = f"{stranger.pid} {stat.start_ticks - 1} {facts.boot_id()} end\n"
        end = await reattach(forged(make_spec(tmp_path), identity=identity))
        assert (end.reason, end.processes_ended) == ("lost", 0)
        assert facts.read_stat(stranger.pid) is not None


async def test_an_attempt_of_an_earlier_boot_is_lost(tmp_path: Path) -> None:
    stat = facts.read_stat(os.getpid())
    assert stat is not None
    spec = forged(make_spec(tmp_path), identity=f"{os.getpid()} {stat.start_ticks} 00000000-aaaa end\n")
    end = await reattach(spec)
    assert (end.reason, end.detail) == ("lost", "the machine restarted")


async def test_an_attempt_that_came_to_no_identity_before_the_machine_restarted_is_lost_with_it(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    AttemptFolder(spec.folder).prepare(spec, Origin("00000000-aaaa"))
    AttemptFolder(spec.folder).stdout.touch()
    end = await reattach(spec)
    assert (end.reason, end.detail) == ("lost", "the machine restarted")


async def test_a_torn_record_does_not_exist(tmp_path: Path) -> None:
    spec = forged(make_spec(tmp_path), identity=f"999999999 1 {facts.boot_id()} end\n", exit_record="exited 13")
    assert (await reattach(spec)).reason == "lost"


async def test_a_record_wins_over_everything_else(tmp_path: Path) -> None:
    spec = forged(make_spec(tmp_path), identity="1 1 00000000-aaaa end\n", exit_record="exited 13 end\n")
    end = await reattach(spec)
    assert (end.reason, end.exit_code) == ("exited", 13)


async def test_a_claim_without_an_identity_is_lost_when_its_tree_is_gone(tmp_path: Path) -> None:
    spec = forged(make_spec(tmp_path))
    with bystander(**{facts.MARKER: spec.key}):
        end = await reattach(spec)
    assert (end.reason, end.processes_ended) == ("lost", 1)


async def test_survivors_of_a_killed_wrapper_are_ended_before_it_is_lost(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids:
        spec = make_spec(tmp_path, "trap '' TERM; echo $PPID $$ >pids; sleep 1000; sleep 1000", grace_seconds=0.2)
        Holder(spec).kill()
        wrapper, command = map(int, (await pids.line()).split())
        os.kill(wrapper, signal.SIGKILL)
        end = await reattach(spec)
    assert (end.reason, end.processes_ended) == ("lost", 2)
    stat = facts.read_stat(command)
    assert stat is None or stat.state == "Z"


@pytest.mark.parametrize("reason", ["timed_out", "output_limit"])
@pytest.mark.parametrize("exit_record", ["", "exited 143 end\n"])
async def test_a_limit_that_an_earlier_conductor_enforced_is_the_reason_of_the_end(
    tmp_path: Path, reason: EndReason, exit_record: str
) -> None:
    spec = forged(make_spec(tmp_path), identity="1 1 00000000-aaaa end\n", exit_record=exit_record)
    AttemptFolder(spec.folder).note_stop(reason)
    end = await reattach(spec)
    assert (end.reason, end.exit_code) == (reason, 143 if exit_record else None)


async def test_an_attempt_whose_limit_an_earlier_conductor_noted_is_ended_by_the_next(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said:
        spec = make_spec(tmp_path, "echo x >said; sleep 1000", grace_seconds=0.2)
        Holder(spec).kill()
        await said.line()
        AttemptFolder(spec.folder).note_stop("output_limit")
        end = await reattach(spec)
    assert (end.reason, end.exit_code) == ("output_limit", 143)


async def test_what_cannot_be_read_now_is_unknown_and_looked_at_again(tmp_path: Path) -> None:
    spec = forged(make_spec(tmp_path), identity="1 1 00000000-aaaa end\n")
    record = AttemptFolder(spec.folder).record
    kept = record.read_bytes()
    record.unlink()
    record.mkdir()  # stands for any refusal of the system, such as no descriptors
    async with open_engine() as engine:
        with structlog.testing.capture_logs() as logs:
            await engine.reattach(spec)
            with anyio.fail_after(BOUND_SECONDS):
                while not any(entry["event"] == "attempt_unknown" for entry in logs):
                    await anyio.lowlevel.checkpoint()
        record.rmdir()
        record.write_bytes(kept[:BLOCK_BYTES] + b"exited 13 end\n")
        end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("exited", 13)
