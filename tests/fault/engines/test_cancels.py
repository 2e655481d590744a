"""What every engine promises of cancels, and of attempts that are suspended, let go on or taken back."""

import anyio
import pytest

from tests.support.engine_grounds import Attempts, Ground, comes_true, ends_of, until_place
from tests.support.engine_suite import NO_TREE, check_never_runs, lines_of, put_into_queue, run, stands_still
from tests.support.engines import Gate, is_alive

pytestmark = pytest.mark.anyio


async def test_a_cancel_ends_the_whole_tree(ground: Ground, attempts: Attempts, pids: Gate) -> None:
    async with ground.open() as engine:
        spec = attempts.new(NO_TREE)
        await engine.submit(spec)
        pid = int(await pids.line())
        await until_place(engine, spec.key, "running")
        await engine.cancel(spec.key, grace_seconds=0.2)
        await engine.cancel(spec.key, grace_seconds=0.2)
        end = (await ends_of(engine, 1))[spec.key]
    assert end.reason == "cancelled"
    assert end.processes_ended >= 2
    assert not any(map(is_alive, (pid, int((ground.place / "daemon").read_text()))))


async def test_an_attempt_that_is_cancelled_at_once_ends_as_cancelled_and_leaves_nothing(
    ground: Ground, attempts: Attempts
) -> None:
    async with ground.open() as engine:
        spec = attempts.new("echo $$ >begun; exec sleep 1000")
        await engine.submit(spec)
        await engine.cancel(spec.key, grace_seconds=0.2)
        end = (await ends_of(engine, 1))[spec.key]
    assert end.reason == "cancelled"
    assert not any(is_alive(int(pid)) for pid in lines_of(ground.place / "begun"))


async def test_to_cancel_or_let_go_on_what_has_ended_or_never_was_is_no_error(
    ground: Ground, attempts: Attempts
) -> None:
    async with ground.open() as engine:
        spec = attempts.new()
        await run(engine, spec)
        for key in (spec.key, "here.nobody.1"):
            await engine.cancel(key, grace_seconds=0.0)
            await engine.resume(key)
            await engine.withdraw(key)
            assert not await engine.suspend(key)
            assert await engine.find(key) is None
        assert await engine.poll([spec.key, "here.nobody.1"]) == {}
        assert await engine.describe([spec.key, "here.nobody.1"]) == {}
        assert (await run(engine, attempts.new("exit 4"))).exit_code == 4


async def test_a_suspended_attempt_stands_still_until_it_is_let_go_on(
    ground: Ground, attempts: Attempts, pids: Gate
) -> None:
    async with ground.open() as engine:
        spec = attempts.new("echo $$ >pids; while :; do echo x >>ticks; sleep 0.02; done")
        await engine.submit(spec)
        await pids.line()
        await until_place(engine, spec.key, "running")
        done = await engine.suspend(spec.key)
        assert done == engine.capabilities.suspend
        if done:
            await until_place(engine, spec.key, "suspended")
            await stands_still(ground.place / "ticks")
            await engine.resume(spec.key)
            await until_place(engine, spec.key, "running")
            before = len(lines_of(ground.place / "ticks"))
            await comes_true(lambda: len(lines_of(ground.place / "ticks")) > before)
            assert await engine.suspend(spec.key)
        await engine.cancel(spec.key, grace_seconds=0.2)
        assert (await ends_of(engine, 1))[spec.key].reason == "cancelled"


async def test_an_attempt_in_the_queue_is_taken_back_and_one_that_has_begun_goes_on(
    ground: Ground, attempts: Attempts, pids: Gate, gate: Gate
) -> None:
    async with ground.open() as engine:
        running, first, second = (attempts.new(f"echo $$ >pids; read x <gate; exit {code}") for code in (3, 4, 5))
        await engine.submit(running)
        await pids.line()
        await until_place(engine, running.key, "running")
        ground.close_queue()
        for spec in (first, second) if ground.has_queue else ():
            await engine.submit(spec)
            await until_place(engine, spec.key, "queued")
        for spec in (running, first, second):
            await engine.withdraw(spec.key)
        ends = await ends_of(engine, 2 if ground.has_queue else 0)
        assert {key: end.reason for key, end in ends.items()} == dict.fromkeys(
            (first.key, second.key) if ground.has_queue else (), "withdrawn"
        )
        ground.open_queue()
        gate.open()
        assert (await ends_of(engine, 1))[running.key].exit_code == 3
        await engine.withdraw(running.key)
        assert (await run(engine, attempts.new("exit 6"))).exit_code == 6


async def test_to_suspend_an_attempt_in_the_queue_takes_it_back(ground: Ground, attempts: Attempts) -> None:
    if not ground.has_queue:
        return
    async with ground.open() as engine:
        spec = await put_into_queue(ground, engine, attempts)
        assert not await engine.suspend(spec.key)
        assert (await ends_of(engine, 1))[spec.key].reason == "withdrawn"
        await check_never_runs(ground, engine, attempts)


async def test_an_attempt_that_is_suspended_at_once_is_held_or_taken_back_and_never_both(
    ground: Ground, attempts: Attempts
) -> None:
    for number in range(4):
        async with ground.open() as engine:
            spec = attempts.new("while :; do echo x >>ticks; sleep 0.02; done")
            await engine.submit(spec)
            await anyio.sleep(0.15 * number)
            if await engine.suspend(spec.key):
                await stands_still(ground.place / "ticks")
                await engine.cancel(spec.key, grace_seconds=0.2)
                reason = "cancelled"
            else:
                reason = "withdrawn"
            assert (await ends_of(engine, 1))[spec.key].reason == reason


async def test_the_next_engine_takes_back_what_is_in_the_queue(ground: Ground, attempts: Attempts) -> None:
    if not ground.has_queue:
        return
    async with ground.open() as engine:
        spec = await put_into_queue(ground, engine, attempts)
    async with ground.open() as engine:
        await engine.reattach(spec)
        await engine.withdraw(spec.key)
        assert (await ends_of(engine, 1))[spec.key].reason == "withdrawn"
        await check_never_runs(ground, engine, attempts)


async def test_the_next_engine_lets_go_on_what_an_earlier_one_has_suspended(
    ground: Ground, attempts: Attempts, pids: Gate
) -> None:
    spec = attempts.new("echo $$ >pids; while :; do echo x >>ticks; sleep 0.02; done")
    async with ground.open() as engine:
        await engine.submit(spec)
        await pids.line()
        await until_place(engine, spec.key, "running")
        assert await engine.suspend(spec.key)
        await stands_still(ground.place / "ticks")
    async with ground.open() as engine:
        await engine.reattach(spec)
        assert await engine.suspend(spec.key)
        await until_place(engine, spec.key, "suspended")
    async with ground.open() as engine:
        await engine.reattach(spec)
        await engine.resume(spec.key)
        await until_place(engine, spec.key, "running")
        before = len(lines_of(ground.place / "ticks"))
        await comes_true(lambda: len(lines_of(ground.place / "ticks")) > before)
        await engine.cancel(spec.key, grace_seconds=0.2)
        assert (await ends_of(engine, 1))[spec.key].reason == "cancelled"
