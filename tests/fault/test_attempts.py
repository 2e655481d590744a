"""Attempts of the local engine: each ends exactly once, whatever happens to it."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.reaper import Reaper
from podium.conductor.processes.tree import end_tree
from tests.support.engines import (
    Gate,
    described,
    full_disk,
    make_spec,
    next_end,
    open_engine,
    run_attempt,
)

pytestmark = pytest.mark.anyio


# -- one attempt ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "reason", "code", "number"),
    [
        ("true", "exited", 0, None),
        ("exit 7", "exited", 7, None),
        ("exit 255", "exited", 255, None),
        ("exit 137", "exited", 137, None),
        ("no-such-tool", "exited", 127, None),
        ("kill -9 $$", "killed", None, 9),
        ("kill -TERM 0", "killed", None, 15),
        ("bash -c 'kill -9 $$'", "exited", 137, None),  # a shell that was told of a signal, and ended by itself
    ],
)
async def test_a_script_ends_with_its_exit_code_or_its_signal(
    tmp_path: Path, script: str, reason: str, code: int | None, number: int | None
) -> None:
    before = time.time()
    end = await run_attempt(make_spec(tmp_path, f"{script}\nexit"))
    assert (end.reason, end.exit_code, end.signal, end.processes_ended) == (reason, code, number, 0)
    assert before - 1 < end.ended_at < time.time() + 1


async def test_output_goes_to_the_files(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, "echo out; echo err >&2; pwd; cat")
    await run_attempt(spec)
    assert (spec.folder / "stdout.log").read_text() == f"out\n{tmp_path}\n"
    assert (spec.folder / "stderr.log").read_text() == "err\n"


async def test_output_can_be_read_while_the_attempt_runs(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        spec = make_spec(tmp_path, "echo early; echo x >said; read -r x <hold")
        async with open_engine() as engine:
            await engine.submit(spec)
            await said.line()
            assert (spec.folder / "stdout.log").read_text() == "early\n"
            hold.open()
            assert (await next_end(engine)).exit_code == 0


async def test_a_long_and_a_foreign_script_run(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, "x='Grüße, 世界 🎼'\n" + "# a line of comment\n" * 10_000 + 'echo "$x"')
    assert (await run_attempt(spec)).exit_code == 0
    assert (spec.folder / "stdout.log").read_text() == "Grüße, 世界 🎼\n"


async def test_the_environment_is_ours_then_the_scores_then_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE", "conductor")
    monkeypatch.setenv("TWO", "conductor")
    spec = make_spec(tmp_path, 'echo "$ONE $TWO $PODIUM_ATTEMPT_KEY"', env={"TWO": "score", "PODIUM_ATTEMPT_KEY": "x"})
    await run_attempt(spec)
    assert (spec.folder / "stdout.log").read_text() == f"conductor score {spec.key}\n"


async def test_an_emptied_path_hides_nothing_that_the_start_needs(tmp_path: Path) -> None:
    end = await run_attempt(make_spec(tmp_path, "echo fine; exit 6", env={"PATH": ""}))
    assert (end.reason, end.exit_code) == ("exited", 6)


async def test_a_command_gets_the_script_as_file_or_as_input(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, "the prompt", stdin_script=True)
    spec = replace(spec, argv=("cat", str(spec.folder / "script"), "-"))
    assert (await run_attempt(spec)).exit_code == 0
    assert (spec.folder / "stdout.log").read_text() == "the promptthe prompt"


async def test_a_workspace_removed_before_the_start_is_a_failed_launch(tmp_path: Path) -> None:
    end = await run_attempt(make_spec(tmp_path, workspace=tmp_path / "gone"))
    assert (end.reason, end.exit_code) == ("launch_failed", None)
    assert str(tmp_path / "gone") in end.detail


@pytest.mark.parametrize(
    "fields",
    [
        {"argv": ("/bin/echo", "x" * 200_000)},  # longer than the system takes
        {"env": {"BAD": "a\0b"}},
        {"env": {"BAD": "\ud800"}},
        {"script": "echo \ud800"},
    ],
)
async def test_what_cannot_be_launched_ends_at_once(tmp_path: Path, fields: dict[str, object]) -> None:
    end = await run_attempt(make_spec(tmp_path, **fields))  # type: ignore[arg-type]
    assert end.reason == "launch_failed"
    assert end.detail


async def test_a_folder_that_cannot_be_made_is_a_failed_launch(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    end = await run_attempt(make_spec(tmp_path, folder=tmp_path / "file" / "attempt"))
    assert end.reason == "launch_failed"


async def test_a_full_disk_keeps_no_exit_code_from_us(short_tmp: Path) -> None:
    ends = await run_sync(full_disk, short_tmp)
    if ends is None:
        pytest.skip("no mount namespaces here")
    assert (ends[0]["reason"], ends[0]["exit_code"]) == ("exited", 9)
    assert (ends[1]["reason"], ends[1]["detail"]) == ("never_started", "No space left on device")


async def test_a_killed_shell_is_told_with_its_signal_and_leaves_nothing(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids:
        spec = make_spec(tmp_path, "sleep 1000 & echo $$ $! >pids; wait")
        async with open_engine() as engine:
            await engine.submit(spec)
            shell, command = map(int, (await pids.line()).split())
            os.kill(shell, signal.SIGKILL)
            end = await next_end(engine)
    assert (end.reason, end.signal, end.exit_code, end.processes_ended) == ("killed", 9, None, 1)
    assert facts.read_stat(command) is None


async def test_the_second_submit_of_a_key_starts_nothing(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, "echo ran >>ran")
    async with open_engine() as engine:
        await engine.submit(spec)
        await engine.submit(spec)
        await next_end(engine)
        await engine.submit(spec)
        end = await next_end(engine)
        assert (end.reason, end.detail) == ("never_started", "it was begun before")
    assert (tmp_path / "ran").read_text() == "ran\n"


async def test_three_hundred_attempts_at_once_end_once_each(tmp_path: Path) -> None:
    specs = [make_spec(tmp_path, f"exit {number % 200}") for number in range(300)]
    async with open_engine() as engine:
        async with anyio.create_task_group() as tasks:
            for spec in specs:
                tasks.start_soon(engine.submit, spec)
        ends = [await next_end(engine) for _ in specs]
        with pytest.raises(anyio.WouldBlock):
            engine.changes().receive_nowait()  # type: ignore[attr-defined]
    codes = {end.key: end.exit_code for end in ends}
    assert codes == {spec.key: number % 200 for number, spec in enumerate(specs)}


# -- cancel and time limit (the trees have a file of their own) -------------------------------------------------------


async def test_a_cancel_before_the_launch_starts_nothing(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, "echo ran >ran")
    async with open_engine() as engine, anyio.create_task_group() as tasks:
        tasks.start_soon(engine.submit, spec)
        await anyio.lowlevel.checkpoint()
        await engine.cancel(spec.key, grace_seconds=1)
        end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("cancelled", None)
    assert not (tmp_path / "ran").exists()


async def test_a_cancel_of_what_has_ended_is_no_error(tmp_path: Path) -> None:
    spec = make_spec(tmp_path)
    async with open_engine() as engine:
        await engine.submit(spec)
        await next_end(engine)
        await engine.cancel(spec.key, grace_seconds=1)


async def test_a_cancelled_command_that_ends_by_itself_keeps_its_code(tmp_path: Path) -> None:
    with Gate(tmp_path / "ready") as ready:
        spec = make_spec(tmp_path, "trap 'exit 12' TERM; echo x >ready; while :; do sleep 0.05; done")
        async with open_engine() as engine:
            await engine.submit(spec)
            await ready.line()
            await engine.cancel(spec.key, grace_seconds=30)
            end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("cancelled", 12)


async def test_a_time_limit_ends_the_attempt(tmp_path: Path) -> None:
    end = await run_attempt(make_spec(tmp_path, "sleep 1000", timeout_seconds=0.3))
    assert (end.reason, end.exit_code, end.signal) == ("timed_out", None, 15)


async def test_a_sheet_that_removes_its_folder_keeps_its_exit_code(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, 'rm -r "$FOLDER"; exit 6')
    end = await run_attempt(replace(spec, env={"FOLDER": str(spec.folder)}))
    assert (end.reason, end.exit_code) == ("exited", 6)


# -- what the caller sees meanwhile -----------------------------------------------------------------------------------


async def test_a_description_counts_the_whole_tree(tmp_path: Path) -> None:
    with Gate(tmp_path / "ready") as ready:
        spec = make_spec(tmp_path, "sleep 1000 & setsid bash -c 'echo x >ready; while :; do :; done'")
        async with open_engine() as engine:
            await engine.submit(spec)
            await ready.line()
            await described(engine, spec.key)  # the keeper may not have told its start yet
            usage = (await engine.describe([spec.key, "unknown"]))[spec.key]
            assert list(await engine.describe(["unknown"])) == []
            await engine.cancel(spec.key, grace_seconds=10)
            await next_end(engine)
    assert usage.alive
    assert not usage.zombie
    assert usage.processes == len(usage.pids) == 3
    assert usage.pid in usage.pids
    assert usage.cpu_percent is not None
    assert usage.cpu_percent > 0
    assert usage.memory_mb is not None
    assert usage.memory_mb > 1
    assert usage.uptime_seconds is not None


async def test_every_status_is_kept_until_asked() -> None:
    async with Reaper() as reaper:
        children = [await reaper.spawn(("/bin/sh", "-c", f"exit {number}"), os.environ) for number in range(50)]
        with anyio.fail_after(60):
            await children[-1].wait()
            assert [await child.wait() for child in children] == list(range(50))
            killed = await reaper.spawn(("/bin/sh", "-c", "kill -KILL $$"), {})
            assert await killed.wait() == -9
        assert (await end_tree("nobody", None, 0)).count == 0
