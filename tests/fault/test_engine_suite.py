"""What every engine promises, tried on each of them. A cluster is played here; tests/slurm tries the same on a real one."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from podium.conductor.engines.port import AttemptSpec, End, Engine
from podium.score.model.plan import Resources
from tests.support.engine_grounds import (
    STREAM_BYTES,
    Attempts,
    Ground,
    comes_true,
    ends_of,
    until_described,
    until_place,
)
from tests.support.engines import BOUND_SECONDS, Gate, is_alive

pytestmark = pytest.mark.anyio

NO_TREE = (
    "trap '' TERM; (trap '' TERM; exec sleep 1000) & setsid sleep 1000 & echo $! >daemon; echo $$ >pids; wait; wait"
)


@pytest.fixture
def attempts(ground: Ground) -> Attempts:
    """Return the attempts of a test."""
    return Attempts(ground.place)


@pytest.fixture
def pids(ground: Ground) -> Iterator[Gate]:
    """Return the gate that scripts write their pids to."""
    with Gate(ground.place / "pids") as gate:
        yield gate


@pytest.fixture
def gate(ground: Ground) -> Iterator[Gate]:
    """Return the gate that scripts wait at."""
    with Gate(ground.place / "gate") as gate:
        yield gate


async def run(engine: Engine, spec: AttemptSpec) -> End:
    """Submit an attempt, and return its end."""
    await engine.submit(spec)
    return (await ends_of(engine, 1))[spec.key]


async def put_into_queue(ground: Ground, engine: Engine, attempts: Attempts) -> AttemptSpec:
    """Submit an attempt that would leave a line in `runs`, and wait until it is in the closed queue."""
    ground.close_queue()
    spec = attempts.new("echo ran >>runs")
    await engine.submit(spec)
    await until_place(engine, spec.key, "queued")
    return spec


async def check_never_runs(ground: Ground, engine: Engine, attempts: Attempts) -> None:
    """Open the queue, and see that what comes later runs and what was in the queue has not."""
    ground.open_queue()
    await run(engine, attempts.new())
    assert not lines_of(ground.place / "runs")


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


# -- ends -------------------------------------------------------------------------------------------------------------


async def test_a_script_or_an_environment_that_no_process_can_get_could_not_be_started(
    ground: Ground, attempts: Attempts
) -> None:
    async with ground.open() as engine:
        for spec in (attempts.new("echo \ud800"), attempts.new("exit 0", env={"A": "\ud800"})):
            end = await run(engine, spec)
            assert end.reason == "launch_failed"
            assert "surrogates not allowed" in end.detail
        assert (await run(engine, attempts.new("exit 3"))).exit_code == 3


async def test_each_attempt_ends_exactly_once_with_its_exit_code_or_its_signal(
    ground: Ground, attempts: Attempts
) -> None:
    expected = {
        "true": ("exited", 0, None),
        "exit 7": ("exited", 7, None),
        "exit 255": ("exited", 255, None),
        "no-such-tool\nexit": ("exited", 127, None),
        "kill -9 $$": ("killed", None, 9),
        "bash -c 'kill -9 $$'\nexit": ("exited", 137, None),
    }
    specs: dict[str, str] = {}
    async with ground.open() as engine:
        for script in expected:
            spec = attempts.new(script)
            specs[spec.key] = script
            await engine.submit(spec)
        ends = await ends_of(engine, len(expected))
        last = await run(engine, attempts.new("exit 9"))  # and not one of the others again
    found = {specs[key]: (end.reason, end.exit_code, end.signal) for key, end in ends.items()}
    assert found == expected
    assert last.exit_code == 9


async def test_an_attempt_has_its_workspace_its_variables_its_arguments_and_its_text_as_input(
    ground: Ground, attempts: Attempts
) -> None:
    async with ground.open() as engine:
        plain = attempts.new("pwd; echo $COLOUR; cat", env={"COLOUR": "deep blue"})
        command = attempts.new(
            "a text", argv=("/bin/sh", "-c", 'cat; echo "-$1-"', "sh", "two words"), stdin_script=True
        )
        await engine.submit(plain)
        await engine.submit(command)
        await ends_of(engine, 2)
    assert (plain.folder / "stdout.log").read_text() == f"{ground.place}\ndeep blue\n"
    assert (command.folder / "stdout.log").read_text() == "a text-two words-\n"


async def test_output_is_in_the_files_while_the_attempt_runs(ground: Ground, attempts: Attempts, gate: Gate) -> None:
    spec = attempts.new("echo out; echo err >&2; read x <gate; echo after")
    async with ground.open() as engine:
        await engine.submit(spec)
        await comes_true(lambda: lines_of(spec.folder / "stderr.log"))
        assert lines_of(spec.folder / "stdout.log") == ["out"]
        gate.open()
        await ends_of(engine, 1)
    assert lines_of(spec.folder / "stdout.log") == ["out", "after"]
    assert lines_of(spec.folder / "stderr.log") == ["err"]


async def test_no_stream_takes_more_of_the_disk_than_it_may(ground: Ground, attempts: Attempts) -> None:
    spec = attempts.new("head -c 3000000 /dev/zero | tr '\\0' x; sleep 0.6; echo end")
    async with ground.open() as engine:
        end = await run(engine, spec)
    if end.reason != "output_limit":
        assert (spec.folder / "stdout.log").stat().st_blocks * 512 <= STREAM_BYTES + 64 * 1024
        assert (end.reason, end.exit_code) == ("exited", 0)


async def test_an_attempt_ends_at_its_time_limit_or_when_it_has_written_nothing_for_too_long(
    ground: Ground, attempts: Attempts
) -> None:
    late = attempts.new("while :; do echo x; sleep 0.1; done", timeout_seconds=0.7)
    silent = attempts.new("sleep 1000", quiet_seconds=0.7)
    async with ground.open() as engine:
        await engine.submit(late)
        await engine.submit(silent)
        ends = await ends_of(engine, 2)
    assert (ends[late.key].reason, ends[silent.key].reason) == ("timed_out", "stale")


async def test_an_attempt_may_ask_for_the_whole_time_of_its_partition(ground: Ground, attempts: Attempts) -> None:
    async with ground.open() as engine:
        end = await run(engine, attempts.new(resources=Resources(partition="brief", time_seconds=60)))
    assert (end.reason, end.exit_code) == ("exited", 0)


async def test_a_workspace_that_is_not_there_is_a_failed_launch(ground: Ground, attempts: Attempts) -> None:
    async with ground.open() as engine:
        end = await run(engine, attempts.new(workspace=ground.place / "nothing"))
    assert end.reason == "launch_failed"
    assert str(ground.place / "nothing") in end.detail


async def test_what_an_attempt_leaves_running_is_ended_with_it(ground: Ground, attempts: Attempts) -> None:
    async with ground.open() as engine:
        end = await run(engine, attempts.new("setsid sleep 1000 & echo $! >left; exit 3"))
    assert (end.reason, end.exit_code, end.processes_ended) == ("exited", 3, 1)
    assert not is_alive(int((ground.place / "left").read_text()))


async def test_a_submit_that_comes_twice_counts_once(ground: Ground, attempts: Attempts) -> None:
    spec = attempts.new("echo ran >>runs")
    async with ground.open() as engine:
        await engine.submit(spec)
        await engine.submit(spec)
        await ends_of(engine, 1)
        await run(engine, attempts.new())
    assert lines_of(ground.place / "runs") == ["ran"]


async def test_a_crowd_of_attempts_runs_once_each(ground: Ground, attempts: Attempts) -> None:
    async with ground.open() as engine:
        specs = [attempts.new(f"echo {number} >>runs") for number in range(30)]
        for spec in specs:
            await engine.submit(spec)
        ends = await ends_of(engine, len(specs))
    assert {end.exit_code for end in ends.values()} == {0}
    assert sorted(map(int, lines_of(ground.place / "runs"))) == list(range(30))


# -- cancels, and holds -----------------------------------------------------------------------------------------------


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


async def stands_still(path: Path) -> None:
    """Wait until a file has not grown for a while, which is many times as long as it takes to grow."""
    with anyio.fail_after(BOUND_SECONDS):
        before = -1
        while before != (before := len(lines_of(path))):  # noqa: ASYNC110 -- a file tells nobody
            await anyio.sleep(0.4)


# -- where it is ------------------------------------------------------------------------------------------------------


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


# -- one engine after another -----------------------------------------------------------------------------------------


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
