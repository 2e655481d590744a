"""Streams that nobody reads: they freeze no process of ours, and none of them keeps it from ending."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any

import pytest

from podium.settings import Settings
from tests.support import nursed
from tests.support.http_server import LISTENING
from tests.support.podium_home import Conductor, ask, until

CALLS = 40
END_SECONDS = 30
MOST_TAKEN = 500  # of the requests below: those that a server holds, and those in its pipe
LOOKS = 20  # in which a server that reads on would have taken something
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
ENDS = pytest.mark.parametrize(
    ("ends", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129), (None, 0)]
)


@contextmanager
def full_pipe() -> Iterator[tuple[int, int]]:
    """Yield a pipe's two ends: it is full, and a write to it waits until somebody reads."""
    reading, writing = os.pipe()
    fill(writing)
    try:
        yield reading, writing
    finally:
        for end in (reading, writing):
            os.close(end)


@contextmanager
def read_at_first() -> Iterator[tuple[IO[str], int]]:
    """Yield what reads lines of a pipe, and the pipe's end to write to: `fill` it when what is awaited has been read."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as lines, os.fdopen(writing, "w"):
        yield lines, writing


def fill(writing: int) -> None:
    """Write to a pipe until it takes no more."""
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)


def message(number: int, method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"


def end(process: subprocess.Popen[bytes], ends: signal.Signals | None) -> int:
    """End a process by a signal, or by the end of its input, and return its exit code."""
    assert process.stdin is not None
    if ends is None:
        process.stdin.close()
    else:
        process.send_signal(ends)
    return process.wait(END_SECONDS)


def is_completed(home: Settings, job_id: str) -> bool:
    return bool(ask(home.socket, "job.status", {"job_id": job_id})["status"] == "completed")


@pytest.fixture
def serving(home: Settings) -> list[str]:
    words = ["serve", "--home", str(home.home), "--socket", str(home.socket), "--log-level", "debug"]
    return nursed.command("server", *words)


@ENDS
def test_a_server_whose_log_nobody_reads_answers_every_call_and_ends_at_once(
    serving: list[str], ends: signal.Signals | None, code: int
) -> None:
    with full_pipe() as (_, log):
        process = subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(message(0, "initialize", HELLO))
            for number in range(1, CALLS):
                process.stdin.write(message(number, "tools/call", {"name": "list_jobs", "arguments": {}}))
            process.stdin.flush()
            answered = {json.loads(process.stdout.readline())["id"] for _ in range(CALLS)}
            assert answered == set(range(CALLS))
            assert end(process, ends) == code


def test_a_server_over_http_whose_log_nobody_reads_answers_every_call_and_ends_at_once(home: Settings) -> None:
    words = ["serve", "--http", "0", "--home", str(home.home), "--socket", str(home.socket), "--log-level", "debug"]
    line = nursed.command("server", *words)
    with (
        read_at_first() as (lines, log),
        subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
    ):
        (url,) = next(found for each in lines if (found := LISTENING.search(each))).groups()
        fill(log)

        def answers() -> bool:
            with closing(HTTPConnection(url.split("/")[2], timeout=END_SECONDS)) as client:
                client.request("POST", "/mcp", b"{", {"Content-Type": "application/json"})
                return client.getresponse().read().startswith(b'{"jsonrpc":"2.0","id":null,"error"')

        assert all(answers() for _ in range(CALLS))
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_SECONDS) == 143


@ENDS
def test_a_server_whose_answers_nobody_reads_takes_no_more_and_ends_at_once(
    serving: list[str], ends: signal.Signals | None, code: int
) -> None:
    with (
        read_at_first() as (lines, answers),
        subprocess.Popen(serving, stdin=subprocess.PIPE, stdout=answers, stderr=answers) as process,
    ):
        assert process.stdin is not None
        writing = process.stdin.fileno()
        os.write(writing, message(0, "initialize", HELLO))
        # Before it answers, a signal would end it another way.
        assert next(each for each in lines if each.startswith("{"))
        os.write(writing, b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
        fill(answers)
        os.set_blocking(writing, False)
        asked = message(1, "tools/list", {"_meta": {"padding": "x" * 3000}})  # few fit into what is read at once
        taken = in_vain = 0

        def is_refused() -> bool:
            nonlocal taken, in_vain
            try:
                for _ in range(8):
                    os.write(writing, asked)
                    taken, in_vain = taken + 1, 0
            except BlockingIOError:
                in_vain += 1
            return in_vain > LOOKS or taken > MOST_TAKEN

        until(is_refused)
        assert taken <= MOST_TAKEN
        assert end(process, ends) == code


def test_a_conductor_whose_log_nobody_reads_runs_jobs_and_stops_at_once(home: Settings, short_tmp: Path) -> None:
    with full_pipe() as (_, log):
        conductor = Conductor(home)
        words = ["start", "--foreground", "--home", str(home.home), "--socket", str(home.socket)]
        process = subprocess.Popen(
            nursed.command("conductor", *words, "--log-level", "debug"),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        with process:
            until(conductor.answers)
            score = {"name": "n", "workspace": str(short_tmp / "w"), "sheets": [{"name": "a", "run": "true"}]}
            for number in range(5):
                job = ask(home.socket, "job.submit", {"config_content": json.dumps({**score, "name": f"n{number}"})})
                job_id = job["job_id"]
                until(partial(is_completed, home, job_id))
            process.send_signal(signal.SIGTERM)
            assert process.wait(END_SECONDS) == 0


@pytest.mark.parametrize(
    ("level", "logs"), [({}, False), ({"PODIUM_LOG_LEVEL": "debug"}, True), ({"PODIUM_LOG_LEVEL": "warning"}, False)]
)
def test_a_server_logs_warnings_only_unless_more_is_asked_for(
    home: Settings, level: dict[str, str], logs: bool
) -> None:
    line = nursed.command("server", "serve", "--home", str(home.home), "--socket", str(home.socket))
    call = message(1, "tools/call", {"name": "list_jobs", "arguments": {}})
    asked = message(0, "initialize", HELLO) + call
    done = subprocess.run(line, input=asked, capture_output=True, env={**os.environ, **level}, check=True, timeout=50)
    assert len(done.stdout.splitlines()) == 2
    assert (b"tool_called" in done.stderr) == logs
    assert bool(done.stderr) == logs


@pytest.fixture
def following(shared_conductor: Conductor, short_tmp: Path) -> Callable[..., list[str]]:
    """Return the command that runs a score and follows it."""
    settings = shared_conductor.settings

    def command(runs: list[str], *words: str) -> list[str]:
        path = short_tmp / "score.yaml"
        score = {"name": "n", "workspace": str(short_tmp / "w"), "sheets": [{"run": run} for run in runs]}
        path.write_text(json.dumps(score))
        home = ["--home", str(settings.home), "--socket", str(settings.socket)]
        return nursed.command("commands", "run", str(path), *words, *home)

    return command


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_command_whose_output_nobody_reads_ends_at_once_and_its_job_goes_on(
    following: Callable[..., list[str]], short_tmp: Path, number: signal.Signals
) -> None:
    begun, full = short_tmp / "begun", short_tmp / "full"
    line = following([f"until test -e {full}; do sleep 0.1; done", f"touch {begun}; sleep 2"])
    with (
        read_at_first() as (lines, output),
        subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE) as process,
    ):
        assert "2 sheets" in lines.readline()  # the command knows its job from here on
        fill(output)
        full.touch()
        until(begun.exists)
        process.send_signal(number)
        _, told = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 128 + number
    assert b"continues to run" in told


def test_a_command_whose_messages_nobody_reads_goes_on_to_its_end(following: Callable[..., list[str]]) -> None:
    with full_pipe() as (_, messages):
        line = following(["true"], "--json")
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=messages, check=True, timeout=50
        )
    assert json.loads(done.stdout)["status"] == "completed"
