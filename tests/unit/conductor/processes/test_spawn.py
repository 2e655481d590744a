"""Starting one process, by either way of doing it."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from podium.conductor.processes import spawn as module
from podium.conductor.processes.facts import LINUX
from podium.conductor.processes.reaper import LAUNCHES, Reaper
from podium.conductor.processes.spawn import APPEND, NOWHERE, Target

Way = Callable[..., int]
WAYS = [module._by_python, *([module._by_ctypes] if LINUX else [])]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


def run(way: Way, script: str, *, stdin: Path = NOWHERE, stdout: Target = NOWHERE, stderr: Target = NOWHERE) -> int:
    """Run a line of sh and return its exit code."""
    outputs = (stdout, APPEND), (stderr, APPEND)
    pid = way(["/bin/sh", "-c", script], {"ANIMAL": "été", "EMPTY": ""}, stdin, outputs)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_output_is_appended_to_files_and_input_comes_from_one(way: Way, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("question\n")
    (tmp_path / "out").write_text("before\n")
    script = 'read -r line; echo "$line $ANIMAL[$EMPTY]"; echo oops >&2; exit 3'
    code = run(way, script, stdin=tmp_path / "in", stdout=tmp_path / "out", stderr=tmp_path / "err")
    assert code == 3
    assert (tmp_path / "out").read_text() == "before\nquestion été[]\n"
    assert (tmp_path / "err").read_text() == "oops\n"
    assert (tmp_path / "err").stat().st_mode & 0o777 == 0o600


def test_output_goes_to_open_descriptors(way: Way) -> None:
    source, end = os.pipe()
    assert run(way, "echo one; echo two >&2", stdout=end, stderr=end) == 0
    os.close(end)
    assert os.read(source, 100) == b"one\ntwo\n"
    os.close(source)


def test_a_new_file_is_made_by_the_start_or_nothing_starts(way: Way, tmp_path: Path) -> None:
    exclusive = (tmp_path / "out", APPEND | os.O_EXCL), (NOWHERE, APPEND)
    pid = way(["/bin/sh", "-c", "echo once"], {}, NOWHERE, exclusive)
    os.waitpid(pid, 0)
    with pytest.raises(FileExistsError):
        way(["/bin/sh", "-c", "echo twice"], {}, NOWHERE, exclusive)
    assert (tmp_path / "out").read_text() == "once\n"


def test_a_child_leads_its_session_and_ignores_and_blocks_no_signal(way: Way, tmp_path: Path) -> None:
    ignored = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    try:
        assert run(way, "kill -USR1 $$") == -signal.SIGUSR1
        assert run(way, "kill -USR2 $$") == -signal.SIGUSR2
        assert run(way, "echo $$; ps -o sid= -p $$", stdout=tmp_path / "out") == 0
    finally:
        signal.signal(signal.SIGUSR1, ignored)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    pid, session = (tmp_path / "out").read_text().split()
    assert pid == session


def test_what_cannot_be_started_says_why(way: Way, tmp_path: Path) -> None:
    nothing = NOWHERE, ((NOWHERE, APPEND), (NOWHERE, APPEND))
    with pytest.raises(FileNotFoundError):
        way(["/no/such/program"], {}, *nothing)
    with pytest.raises(FileNotFoundError):
        run(way, "true", stdout=tmp_path / "missing" / "out")
    with pytest.raises(OSError, match="Argument list too long"):
        run(way, "#" * 2_000_000)
    with pytest.raises(ValueError, match="null"):
        run(way, "echo \0")
    with pytest.raises(ValueError, match="null"):
        way(["/bin/sh"], {"NAME": "a\0b"}, *nothing)


@pytest.mark.anyio
async def test_ends_that_come_before_their_starts_are_known_are_not_lost() -> None:
    codes: dict[int, int] = {}

    async def one(reaper: Reaper, number: int) -> None:
        codes[number] = await (await reaper.spawn(("/bin/sh", "-c", f"exit {number}"), {})).wait()

    async with Reaper() as reaper:
        with anyio.fail_after(40):
            async with anyio.create_task_group() as tasks:
                for number in range(8 * LAUNCHES):
                    tasks.start_soon(one, reaper, number)
    assert codes == {number: number for number in range(8 * LAUNCHES)}


@pytest.mark.anyio
async def test_a_launch_that_fails_tells_its_caller_and_others_go_on() -> None:
    async with Reaper() as reaper:
        with anyio.fail_after(20):
            with pytest.raises(FileNotFoundError):
                await reaper.spawn(("/no/such/program",), {})
            assert await (await reaper.spawn(("/bin/sh", "-c", "exit 4"), {})).wait() == 4


@pytest.mark.anyio
async def test_the_loop_runs_on_while_a_process_is_being_started() -> None:
    source, end = os.pipe()
    started = anyio.Event()

    def slow_start() -> int:
        os.read(source, 1)
        return module.spawn(["/bin/sh", "-c", "exit 5"], {})

    async def launch(reaper: Reaper) -> None:
        assert await (await reaper.launch(slow_start)).wait() == 5
        started.set()

    async with Reaper() as reaper, anyio.create_task_group() as tasks:
        with anyio.fail_after(20):
            tasks.start_soon(launch, reaper)
            assert await (await reaper.spawn(("/bin/sh", "-c", "exit 6"), {})).wait() == 6
            assert not started.is_set()
            os.write(end, b"x")
            await started.wait()
    os.close(source)
    os.close(end)
