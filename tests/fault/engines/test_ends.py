"""What every engine promises of how attempts end: exactly once, with the truth, within their limits."""

import pytest

from podium.score.model.plan import Resources
from tests.support.engine_grounds import STREAM_BYTES, Attempts, Ground, comes_true, ends_of
from tests.support.engine_suite import lines_of, run
from tests.support.engines import Gate, is_alive

pytestmark = pytest.mark.anyio


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
