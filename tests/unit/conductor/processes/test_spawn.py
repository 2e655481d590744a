"""Starting one process."""

import os
import signal
from pathlib import Path

import anyio
import pytest

from podium.conductor.processes.reaper import LAUNCHES, Reaper
from podium.conductor.processes.spawn import NOWHERE, Target, spawn
from tests.support.engines import BOUND_SECONDS


def run(script: str, *, stdin: Path = NOWHERE, stdout: Target = NOWHERE, stderr: Target = NOWHERE) -> int:
    """Run a line of sh and return its exit code."""
    env = {"ANIMAL": "été", "EMPTY": ""}
    pid = spawn(["/bin/sh", "-c", script], env, stdin=stdin, stdout=stdout, stderr=stderr)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_output_is_appended_to_files_and_input_comes_from_one(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("question\n")
    (tmp_path / "out").write_text("before\n")
    script = 'read -r line; echo "$line $ANIMAL[$EMPTY]"; echo oops >&2; exit 3'
    code = run(script, stdin=tmp_path / "in", stdout=tmp_path / "out", stderr=tmp_path / "err")
    assert code == 3
    assert (tmp_path / "out").read_text() == "before\nquestion été[]\n"
    assert (tmp_path / "err").read_text() == "oops\n"
    assert (tmp_path / "err").stat().st_mode & 0o777 == 0o600


def test_output_goes_to_open_descriptors() -> None:
    source, end = os.pipe()
    assert run("echo one; echo two >&2", stdout=end, stderr=end) == 0
    os.close(end)
    assert os.read(source, 100) == b"one\ntwo\n"
    os.close(source)


def test_a_child_leads_its_session_and_ignores_and_blocks_no_signal(tmp_path: Path) -> None:
    ignored = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        assert run("kill -USR1 $$") == -signal.SIGUSR1
        assert run("kill -USR2 $$") == -signal.SIGUSR2
        assert run("echo $$; ps -o sid= -p $$", stdout=tmp_path / "out") == 0
    finally:
        signal.signal(signal.SIGUSR1, ignored)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    pid, session = (tmp_path / "out").read_text().split()
    assert pid == session


def test_what_cannot_be_started_says_why(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        spawn(["/no/such/program"], {})
    with pytest.raises(FileNotFoundError):
        run("true", stdout=tmp_path / "missing" / "out")
    with pytest.raises(OSError, match="Argument list too long"):
        run("#" * 2_000_000)
    with pytest.raises(ValueError, match="null"):
        run("echo \0")
    with pytest.raises(ValueError, match="null"):
        spawn(["/bin/sh"], {"NAME": "a\0b"})


@pytest.mark.anyio
async def test_ends_that_come_before_their_starts_are_known_are_not_lost() -> None:
    codes: dict[int, int] = {}

    async def one(reaper: Reaper, number: int) -> None:
        codes[number] = await (await reaper.spawn(("/bin/sh", "-c", f"exit {number}"), {})).wait()

    async with Reaper() as reaper:
        with anyio.fail_after(BOUND_SECONDS):
            async with anyio.create_task_group() as tasks:
                for number in range(8 * LAUNCHES):
                    tasks.start_soon(one, reaper, number)
    assert codes == {number: number for number in range(8 * LAUNCHES)}


@pytest.mark.anyio
async def test_a_launch_that_fails_tells_its_caller_and_others_go_on() -> None:
    async with Reaper() as reaper:
        with anyio.fail_after(BOUND_SECONDS):
            with pytest.raises(FileNotFoundError):
                await reaper.spawn(("/no/such/program",), {})
            assert await (await reaper.spawn(("/bin/sh", "-c", "exit 4"), {})).wait() == 4


@pytest.mark.anyio
async def test_the_loop_runs_on_while_a_process_is_being_started() -> None:
    source, end = os.pipe()
    started = anyio.Event()

    def slow_start() -> int:
        os.read(source, 1)
        return spawn(["/bin/sh", "-c", "exit 5"], {})

    async def launch(reaper: Reaper) -> None:
        assert await (await reaper.launch(slow_start)).wait() == 5
        started.set()

    async with Reaper() as reaper, anyio.create_task_group() as tasks:
        with anyio.fail_after(BOUND_SECONDS):
            tasks.start_soon(launch, reaper)
            assert await (await reaper.spawn(("/bin/sh", "-c", "exit 6"), {})).wait() == 6
            assert not started.is_set()
            os.write(end, b"x")
            await started.wait()
    os.close(source)
    os.close(end)
