"""What every engine promises when one is opened after another, as after a crash: each attempt runs once at most, and its end is told."""

import anyio
import pytest

from tests.support.engine_grounds import Attempts, Ground, comes_true, ends_of, until_place
from tests.support.engine_suite import NO_TREE, lines_of, run
from tests.support.engines import Gate, is_alive

pytestmark = pytest.mark.anyio


async def test_the_next_engine_follows_an_attempt_that_runs(
    ground: Ground, attempts: Attempts, pids: Gate, gate: Gate
) -> None:
    spec = attempts.new("echo ran >>runs; echo $$ >pids; read x <gate; exit 6")
    async with ground.open() as engine:
        await engine.submit(spec)
        await pids.line()
    async with ground.open() as engine:
        await engine.reattach(spec)
        await engine.reattach(spec)
        await until_place(engine, spec.key, "running")
        gate.open()
        end = (await ends_of(engine, 1))[spec.key]
    assert (end.reason, end.exit_code) == ("exited", 6)
    assert lines_of(ground.place / "runs") == ["ran"]


async def test_the_next_engine_ends_an_attempt_that_runs(ground: Ground, attempts: Attempts, pids: Gate) -> None:
    spec = attempts.new(NO_TREE)
    async with ground.open() as engine:
        await engine.submit(spec)
        pid = int(await pids.line())
    async with ground.open() as engine:
        await engine.reattach(spec)
        await engine.cancel(spec.key, grace_seconds=0.2)
        assert (await ends_of(engine, 1))[spec.key].reason == "cancelled"
    assert not any(map(is_alive, (pid, int((ground.place / "daemon").read_text()))))


async def test_the_next_engine_learns_how_an_attempt_ended_meanwhile(
    ground: Ground, attempts: Attempts, pids: Gate, gate: Gate
) -> None:
    spec = attempts.new("echo $$ >pids; read x <gate; exit 8")
    async with ground.open() as engine:
        await engine.submit(spec)
        pid = int(await pids.line())
    gate.open()
    await comes_true(lambda: not is_alive(pid))
    async with ground.open() as engine:
        await engine.reattach(spec)
        end = (await ends_of(engine, 1))[spec.key]
    assert (end.reason, end.exit_code) == ("exited", 8)


async def test_the_next_engine_says_of_what_was_never_submitted_that_it_never_started(
    ground: Ground, attempts: Attempts
) -> None:
    intended, half_made = attempts.new("echo ran >>runs"), attempts.new("echo ran >>runs")
    ground.half_make(half_made)
    async with ground.open() as engine:
        await run(engine, attempts.new())
    async with ground.open() as engine:
        await engine.reattach(intended)
        await engine.reattach(half_made)
        ends = await ends_of(engine, 2)
    assert {end.reason for end in ends.values()} == {"never_started"}
    assert not lines_of(ground.place / "runs")


async def test_what_an_engine_out_of_reach_was_given_runs_once_when_the_next_one_is_in_reach(
    ground: Ground, attempts: Attempts
) -> None:
    spec = attempts.new("echo ran >>runs")
    ground.lose()
    async with ground.open() as engine:
        await engine.submit(spec)
        await anyio.sleep(0.3)
    ground.find_again()
    async with ground.open() as engine:
        await engine.reattach(spec)
        end = (await ends_of(engine, 1))[spec.key]
    assert end.reason in {"exited", "never_started"}
    assert len(lines_of(ground.place / "runs")) == (end.reason == "exited")


async def test_an_attempt_whose_engine_is_gone_at_any_moment_runs_once_at_most(
    ground: Ground, attempts: Attempts
) -> None:
    ran = 0
    for number in range(6):
        spec = attempts.new("echo ran >>runs")
        async with ground.open() as engine:
            await engine.submit(spec)
            await anyio.sleep(0.04 * number)
        async with ground.open() as engine:
            await engine.reattach(spec)
            end = (await ends_of(engine, 1))[spec.key]
            await run(engine, attempts.new())
        ran += end.reason == "exited"
        assert end.reason in {"exited", "never_started"}
        assert len(lines_of(ground.place / "runs")) == ran


async def test_an_attempt_of_the_home_that_this_one_is_a_copy_of_is_left_alone(
    ground: Ground, attempts: Attempts, pids: Gate, gate: Gate
) -> None:
    spec = attempts.new("echo $$ >pids; read x <gate; exit 2")
    async with ground.open() as engine:
        await engine.submit(spec)
        pid = int(await pids.line())
    async with ground.open("another") as engine:
        await engine.reattach(spec)
        assert (await ends_of(engine, 1))[spec.key].reason == "elsewhere"
        await run(engine, attempts.new(mark="another"))
        assert is_alive(pid)
    async with ground.open() as engine:
        await engine.reattach(spec)
        gate.open()
        assert (await ends_of(engine, 1))[spec.key].exit_code == 2
    assert not is_alive(pid)
