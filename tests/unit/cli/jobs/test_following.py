"""`podium run` after the job has started: what it says of the end, and what ends it before."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TextIO

import pytest

from podium.cli import main
from podium.cli.jobs import bridge
from podium.client import waiting
from podium.client.job_control import JobControlService
from podium.contract.models import ExplainView
from podium.contract.waits import WaitView
from podium.errors import JobDeleted, UnsupportedByConductor
from podium.settings import Settings
from tests.support import nursed
from tests.support.podium_home import Conductor, ask, until

SECONDS = 30
PLAIN = [
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


@pytest.fixture
def common(shared_conductor: Conductor) -> Settings:
    return shared_conductor.settings


def score(folder: Path, *commands: str, **members: str) -> str:
    sheets = [{"name": f"s{number}", "run": command} for number, command in enumerate(commands, 1)]
    path = folder / "score.yaml"
    path.write_text(
        json.dumps({"name": "short", "workspace": str(folder / "out"), "sheets": sheets, **members}, ensure_ascii=False)
    )
    return str(path)


def gate_of(folder: Path) -> Path:
    gate = folder / "gate"
    os.mkfifo(gate)
    return gate


@contextmanager
def running(home: Settings, path: str, stdout: int = subprocess.PIPE) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Yield `podium run` of a score, and the id of its job as soon as that has begun."""
    before = {job["job_id"] for job in ask(home.socket, "job.list")}
    line = nursed.command("commands", "run", path, "--home", str(home.home), "--socket", str(home.socket))
    env = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen(line, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE) as process:
        found: list[str] = []

        def begun() -> bool:
            jobs = ask(home.socket, "job.list")
            found[:] = [each["job_id"] for each in jobs if each["job_id"] not in before and each["status"] == "running"]
            return bool(found)

        until(begun)
        yield process, found[0]


def read_until(terminal: int, end: bytes) -> bytes:
    """Return what a terminal shows until it has shown something."""
    shown = b""
    while end not in shown:
        assert select.select([terminal], [], [], SECONDS)[0], shown
        shown += os.read(terminal, 4096)
    return shown


def status(home: Settings, job_id: str) -> str:
    return str(ask(home.socket, "job.status", {"job_id": job_id})["status"])


def test_a_job_that_fails_shows_what_it_wrote_last_as_text(
    common: Settings, short_tmp: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = r"seq 20 >&2; printf 'no \033]0;OWNED\007such \033[31mfile\342\200\256\n' >&2; exit 3"
    assert main(["run", score(short_tmp, command), "--home", str(common.home)]) == 1
    shown = capfd.readouterr().out
    assert "the end of what s1 wrote to stderr:\n   | 12\n" in shown
    assert "   | no such file\n" in shown
    assert not set(shown) & set("\x1b\x07\u202e")


def test_a_job_that_holds_says_so_while_others_run_and_ends_as_paused(
    common: Settings, short_tmp: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    gate = gate_of(short_tmp)
    sheets = [
        {"name": "deploy", "needs": [], "hold": "to production?", "run": "true"},
        {"name": "beside", "needs": [], "run": f"cat {gate}"},
    ]
    path = short_tmp / "held.yaml"
    path.write_text(json.dumps({"name": "held", "sheets": sheets}))
    with running(common, str(path)) as (process, job_id):
        assert process.stdout is not None
        told = b""
        while b"next: podium resume" not in told:
            told = process.stdout.readline()
            assert told
        assert told.decode().strip() == f"next: podium resume {job_id}"
        gate.write_text("")
        rest = process.stdout.read().decode()
        assert process.wait(SECONDS) == 4
    assert f"{job_id} paused: 1 of 2 sheets completed (sheet deploy waits for approval: to production?)" in rest
    assert rest.rstrip().endswith(f"podium resume {job_id}")
    assert rest.count("next: podium resume") == 1  # of its end


def test_what_is_told_of_a_sheet_that_completed_is_shown_with_the_result(
    common: Settings, short_tmp: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = Path(score(short_tmp, "echo done"))
    made = json.loads(path.read_text())
    made["sheets"][0]["validate"] = [{"file_exists": "old.txt"}]
    path.write_text(json.dumps(made))
    old = short_tmp / "out" / "old.txt"
    old.parent.mkdir()
    old.touch()
    os.utime(old, (1_000_000_000, 1_000_000_000))
    assert main(["run", str(path), "--home", str(common.home)]) == 0
    shown = capfd.readouterr().out
    assert "  note: sheet s1: file_exists passed with a file that is older than the job: old.txt.\nshort-" in shown


def test_a_workspace_that_acts_on_the_terminal_is_shown_as_text(
    common: Settings, short_tmp: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    workspace = f"{short_tmp}/ws\x1b]52;c;cHduZWQ=\x07\x1b]0;OWNED\x07\u202e\u200b\nforged"
    path = score(short_tmp, "true", workspace=workspace)
    assert main(["run", path, "--home", str(common.home)]) == 0
    assert main(["status", "--home", str(common.home)]) == 0
    shown = "".join(capfd.readouterr())
    assert "1 sheet in " in shown
    assert not set(shown) & set("\x1b\x07\u202e\u200b")
    assert not [line for line in shown.splitlines() if line.startswith("forged")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_gives_the_terminal_back_and_leaves_the_job_running(
    common: Settings, short_tmp: Path, number: signal.Signals
) -> None:
    gate = gate_of(short_tmp)
    ours, theirs = pty.openpty()
    try:
        with running(common, score(short_tmp, f"cat {gate}"), stdout=theirs) as (process, job_id):
            shown = read_until(ours, b" 0 of 1")
            process.send_signal(number)
            _, told = process.communicate(timeout=SECONDS)
            assert process.returncode == 128 + number, told.decode()
            assert b"\x1b[?25l" not in shown  # nothing is left to bring back
            assert f"{job_id} continues to run".encode() in told
            assert status(common, job_id) == "running"
            gate.write_text("go")
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_job_that_has_a_reason_shows_that_in_place_of_what_runs(common: Settings, short_tmp: Path) -> None:
    gate = gate_of(short_tmp)
    ours, theirs = pty.openpty()
    try:
        with running(common, score(short_tmp, f"cat {gate}", "true"), stdout=theirs) as (process, job_id):
            read_until(ours, b"running s1")
            ask(common.socket, "job.pause", {"job_id": job_id})
            read_until(ours, b"pause requested")
            gate.write_text("go")
            read_until(ours, b"paused")
            process.communicate(timeout=SECONDS)
            assert process.returncode == 4
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_reader_that_leaves_early_is_told_apart_from_a_job_that_fails(common: Settings, short_tmp: Path) -> None:
    gate = gate_of(short_tmp)
    with running(common, score(short_tmp, "true", f"cat {gate}", "true")) as (process, job_id):
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(job_id.encode())
        process.stdout.close()
        gate.write_text("go")
        told = process.stderr.read()
        assert process.wait(SECONDS) == 6
        assert b"Cannot write the output (Broken pipe)" in told
        assert job_id.encode() in told
        assert b"Traceback" not in told
        until(lambda: status(common, job_id) == "completed")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
@pytest.mark.parametrize("words", [["run"], ["run", "--json"], ["status"], ["call", "conductor_status"], ["doctor"]])
def test_output_on_a_full_disk_has_a_code_of_its_own(common: Settings, short_tmp: Path, words: list[str]) -> None:
    path = [score(short_tmp, "true")] if words[0] == "run" else []
    line = nursed.command("commands", *words, *path, "--home", str(common.home), "--socket", str(common.socket))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, check=False, timeout=50)
    assert done.returncode == 6
    assert b"Cannot write the output" in done.stderr
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.fixture
def short_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a conductor be away for no time at all in a wait, so that it is the command that bridges it."""
    monkeypatch.setattr(waiting, "AWAY_SECONDS", 0)


@contextmanager
def printing(act: Callable[[TextIO], None]) -> Iterator[None]:
    """Let a thread act on the lines that this process prints in the block, as they come.

    What pytest captures may be read only while nothing is printed: the rest of it would be lost.
    """
    reading, writing = os.pipe()
    thread = threading.Thread(target=act, args=(lines := os.fdopen(reading),), daemon=True)
    with lines:
        with os.fdopen(writing, "w") as output, redirect_stdout(output):
            thread.start()
            yield
        thread.join(SECONDS)


def await_line(lines: TextIO, text: str) -> None:
    assert any(text in line for line in lines), text


def test_a_conductor_that_comes_back_is_followed_on(
    home: Settings, conductor: Conductor, short_tmp: Path, short_away: None
) -> None:
    gate, begun = gate_of(short_tmp), short_tmp / "begun"
    seen: list[str] = []

    def restart(lines: TextIO) -> None:
        await_line(lines, "2 sheets in")  # from here on the command knows its job
        until(begun.exists)
        conductor.kill()
        await_line(lines, "The conductor is away; what runs goes on")
        conductor.start()
        await_line(lines, "The conductor is back.")  # though nothing of the job has changed
        gate.write_text("go")
        await_line(lines, "completed: 2 of 2 sheets in ")
        seen.append("its end")

    path = score(short_tmp, f"touch {begun}; cat {gate}", "true")
    with printing(restart):
        assert main(["run", path, "--home", str(home.home)]) == 0
    assert seen


def test_a_conductor_that_stays_away_is_told_apart_from_a_job_that_fails(
    home: Settings,
    conductor: Conductor,
    short_tmp: Path,
    capfd: pytest.CaptureFixture[str],
    short_away: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bridge, "AWAY_SECONDS", 0)
    gate, begun = gate_of(short_tmp), short_tmp / "begun"

    def kill(lines: TextIO) -> None:
        await_line(lines, "1 sheet in")  # from here on the command knows its job
        until(begun.exists)
        conductor.kill()

    with printing(kill):
        assert main(["run", score(short_tmp, f"touch {begun}; cat {gate}"), "--home", str(home.home)]) == 6
    told = capfd.readouterr().err
    gate.write_text("go")
    assert "The conductor is gone" in told
    assert "continues to run" in told


def test_a_job_that_somebody_deletes_is_told_apart_from_one_that_fails(
    common: Settings, short_tmp: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(self: JobControlService, job_ids: Sequence[str], **_: object) -> WaitView:
        raise JobDeleted(f"Job {job_ids[0]} was deleted.")

    monkeypatch.setattr(JobControlService, "wait", gone)
    assert main(["run", score(short_tmp, "true"), "--home", str(common.home)]) == 6
    told = capfd.readouterr().err
    assert "was deleted." in told
    assert "continues to run" not in told


def test_a_failed_job_is_told_also_by_a_conductor_that_explains_nothing(
    common: Settings, short_tmp: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown(self: JobControlService, job_id: str) -> ExplainView:
        raise UnsupportedByConductor("This conductor has no job.explain.")

    monkeypatch.setattr(JobControlService, "explain", unknown)
    assert main(["run", score(short_tmp, "exit 3"), "--home", str(common.home)]) == 1
    assert "podium explain short-" in capfd.readouterr().out


@pytest.mark.parametrize("encoding", PLAIN, ids=["latin-1", "ASCII"])
@pytest.mark.parametrize("words", [["run"], ["run", "--json"], ["doctor"], ["--help"]])
def test_an_encoding_without_our_marks_gets_plain_ones(
    common: Settings, short_tmp: Path, words: list[str], encoding: dict[str, str]
) -> None:
    path = [score(short_tmp, "echo 'naïve ☃ 😀' >&2; exit 3")] if words[0] == "run" else []
    home = [] if words == ["--help"] else ["--home", str(common.home), "--socket", str(common.socket)]
    done = subprocess.run(
        [sys.executable, "-m", "podium", *words, *path, *home],
        env={**os.environ, **encoding},
        capture_output=True,
        check=False,
        timeout=50,
    )
    shown = (done.stdout + done.stderr).decode("latin-1")
    assert "Traceback" not in shown
    assert "✗" not in shown
    if words == ["run"]:
        assert done.returncode == 1
        assert "   x s1" in shown
        assert r"\u2603 \U0001f600" in shown
    if words == ["run", "--json"]:
        assert json.loads(done.stdout.decode("ascii"))["status"] == "failed"


# As on a busy machine, where a thread that was started goes on first.
SLOW = (
    "import _thread\n"
    "start = _thread.start_new_thread\n"
    "_thread.start_new_thread = lambda *given: (start(*given), time.sleep(0.5))\n"
)


@pytest.mark.parametrize("slow", ["", SLOW], ids=["", "busy"])
def test_a_signal_that_comes_while_an_object_is_taken_apart_is_not_lost(slow: str) -> None:
    program = (
        "import os, time\n"
        f"{slow}"
        "from podium.cli.signals import take_signals\n"
        "class Last:\n"
        "    def __del__(self):\n"
        "        os.kill(os.getpid(), 15)\n"
        "take_signals()\n"
        "Last()\n"
        "time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=50)
    assert (done.returncode, done.stderr) == (143, b"")


BUSY_LOOPS = """
import os, time, anyio
from podium.cli.shared.session import wait_for
from podium.cli.signals import take_signals

async def spin():
    while True:
        await anyio.lowlevel.checkpoint()

async def main():
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(spin)
        os.write(turns, b".")

take_signals()
turning, turns = os.pipe()
for turn in range(30):
    if (pid := os.fork()) == 0:
        wait_for(main)
    os.read(turning, 1)
    time.sleep(turn % 10 / 1000)
    os.kill(pid, 15)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


def test_a_signal_that_comes_while_the_event_loop_takes_up_a_task_leaves_nobody_waiting() -> None:
    done = subprocess.run([sys.executable, "-c", BUSY_LOOPS], capture_output=True, check=False, timeout=50)
    assert (set(done.stdout.split()), done.stderr) == ({b"143"}, b"")
