"""What every engine promises of where an attempt is: that it runs, waits, cannot run, or that nobody knows."""

import pytest

from podium.score.model.plan import Resources
from tests.support.engine_grounds import Attempts, Ground, comes_true, ends_of, until_described, until_place
from tests.support.engine_suite import lines_of, run
from tests.support.engines import Gate

pytestmark = pytest.mark.anyio


async def test_a_running_attempt_is_found_with_its_load_until_it_has_ended(
    ground: Ground, attempts: Attempts, pids: Gate, gate: Gate
) -> None:
    async with ground.open() as engine:
        spec, other = attempts.new("echo $$ >pids; read x <gate"), attempts.new()
        await engine.submit(spec)
        pid = int(await pids.line())
        await run(engine, other)
        await until_place(engine, spec.key, "running")
        assert set(await engine.poll([spec.key, other.key])) == {spec.key}
        loads = await until_described(engine, [spec.key, other.key])
        assert set(loads) == {spec.key}
        assert (loads[spec.key].pid, loads[spec.key].alive) == (pid, True)
        gate.open()
        await ends_of(engine, 1)
        assert await engine.find(spec.key) is None


async def test_an_attempt_in_the_queue_says_why_and_does_not_begin_when_it_is_cancelled(
    ground: Ground, attempts: Attempts
) -> None:
    async with ground.open() as engine:
        assert engine.capabilities.queues == ground.has_queue
        if not ground.has_queue:
            return
        ground.close_queue()
        first, second = attempts.new("echo first >>runs"), attempts.new("echo second >>runs")
        await engine.submit(first)
        await engine.submit(second)
        await until_place(engine, first.key, "queued")
        await comes_true(lambda: (place := engine.place(first.key)) and place.reason)
        await engine.cancel(first.key, grace_seconds=1.0)
        assert (await ends_of(engine, 1))[first.key].reason == "cancelled"
        ground.open_queue()
        assert (await ends_of(engine, 1))[second.key].exit_code == 0
    assert lines_of(ground.place / "runs") == ["second"]


async def test_an_engine_out_of_reach_does_not_know_and_loses_nothing(
    ground: Ground, attempts: Attempts, pids: Gate, gate: Gate
) -> None:
    if not ground.has_queue:
        return
    async with ground.open() as engine:
        spec = attempts.new("echo $$ >pids; read x <gate; exit 5")
        await engine.submit(spec)
        await pids.line()
        await until_place(engine, spec.key, "running")
        ground.lose()
        await until_place(engine, spec.key, "unknown")
        place = (await engine.poll([spec.key]))[spec.key]
        assert place.reason
        ground.find_again()
        await until_place(engine, spec.key, "running")
        gate.open()
        end = (await ends_of(engine, 1))[spec.key]
    assert (end.reason, end.exit_code) == ("exited", 5)


async def test_what_can_never_run_is_refused_in_the_clusters_words(ground: Ground, attempts: Attempts) -> None:
    impossible = Resources(partition="nowhere")
    async with ground.open() as engine:
        assert await engine.refusal(Resources()) == ""
        if ground.has_queue:
            assert "partition" in await engine.refusal(impossible)
            end = await run(engine, attempts.new(resources=impossible))
            assert end.reason == "refused"
            assert "partition" in end.detail
