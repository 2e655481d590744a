"""A real conductor in a home of its own: started, asked, killed and started again by tests."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from podium.conductor.processes.cgroup import Cgroups
from podium.settings import Settings, load
from tests.support.nursed import PLAIN, READ_WHEN_LOADED, Nursed

READY_SECONDS = 90.0


def make_home(folder: Path, **flags: Any) -> Settings:
    """Return settings of a home inside `folder`, which must be short: a socket path has at most 107 bytes."""
    return load(home=folder / "home", **flags)


def ask(path: Path, method: str, params: dict[str, Any] | None = None, *, seconds: float = 60.0) -> Any:
    """Send one request over a connection of its own and return the result.

    Raises:
        OSError: nobody accepts, or the peer closed without an answer.
        RuntimeError: the answer is a JSON-RPC error.
    """
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(seconds)
        peer.connect(str(path))
        peer.sendall(json.dumps(request).encode() + b"\n")
        with peer.makefile("rb") as lines:
            line = lines.readline()
    if not line:
        raise ConnectionError(f"{path} closed the connection without an answer to {method}")
    answer = json.loads(line)
    if "error" in answer:
        raise RuntimeError(json.dumps(answer["error"]))
    return answer["result"]


def until(condition: Callable[[], object], *, seconds: float = 60.0) -> None:
    """Wait until a condition holds, for what has no event to wait for.

    Raises:
        AssertionError: it does not within the bound.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come to hold"
        time.sleep(0.02)


class Conductor:
    """A conductor process on a home. `start` returns when it answers; it may be killed and started again."""

    quick = False
    """Whether nurseries fork it and its reader; they are processes of their own either way. See `conftest.py`."""
    own_reader = False
    """Whether it starts its reader itself also when a nursery forks it."""
    plain = False
    """Whether it is held to the modes of files, also under root."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | Nursed | None = None
        self.log = settings.home.parent / "conductor.log"

    @property
    def pid(self) -> int:
        """The process id of the running conductor."""
        assert self.process is not None
        return self.process.pid

    def command(self) -> list[str]:
        """Return the command that runs the conductor in the foreground."""
        return [*(PLAIN if self.plain else ()), sys.executable, "-m", "podium", *self._words()]

    def _words(self) -> list[str]:
        return ["start", "--foreground", "--home", str(self.settings.home), "--socket", str(self.settings.socket)]

    def environment(self) -> dict[str, str]:
        """Return the environment of the conductor: ours, with the settings that have no flag."""
        numbers = self.settings.model_dump(exclude={"home", "socket"}, exclude_unset=True)
        return {**os.environ, **{f"PODIUM_{name.upper()}": str(value) for name, value in numbers.items()}}

    def launch(self, **extra_environment: str) -> None:
        """Start the process without waiting for it."""
        assert self.process is None
        env = {**self.environment(), **extra_environment}
        with self.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            if self.quick and type(self).command is Conductor.command and env.keys().isdisjoint(READ_WHEN_LOADED):
                whose = {"plain": self.plain, "own_reader": self.own_reader}
                self.process = Nursed(self._words(), env, nothing.fileno(), log, **whose)
            else:
                self.process = subprocess.Popen(
                    self.command(), env=env, stdin=nothing, stdout=log, stderr=log, start_new_session=True
                )

    def start(self, **extra_environment: str) -> "Conductor":
        """Start the process and wait until it answers `daemon.health`."""
        self.launch(**extra_environment)
        deadline = time.monotonic() + READY_SECONDS
        while not self.answers():
            assert self.process is not None
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                raise AssertionError(f"the conductor did not start:\n{self.log.read_text()}")
            time.sleep(0.02)
        return self

    def answers(self) -> bool:
        """Whether the conductor answers on its socket now."""
        try:
            ask(self.settings.socket, "daemon.health", seconds=2.0)
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Kill the conductor with SIGKILL, as a crash would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
            self.process = None

    def await_death(self, seconds: float = 60.0) -> None:
        """Wait until the process has ended by itself."""
        assert self.process is not None
        self.process.wait(seconds)
        self.process = None

    def stop(self, *, cancel: bool = False, seconds: float = 60.0) -> int:
        """Ask the conductor to stop and return its exit code."""
        assert self.process is not None
        ask(self.settings.socket, "daemon.shutdown", {"cancel": cancel})
        code = self.process.wait(seconds)
        self.process = None
        return code

    def end(self) -> None:
        """End the conductor and whatever its sheets left running, however it is."""
        if self.process is not None:
            self._end_process()
        if not self.answers():
            self._remove_groups()

    def _end_process(self) -> None:
        assert self.process is not None
        if self.process.poll() is None and self.answers():
            try:
                self.stop(cancel=True)
            except (OSError, subprocess.TimeoutExpired):
                pass
            else:
                return
        self.kill()

    def _remove_groups(self) -> None:
        """Remove the cgroups that a killed conductor left, with what is in them: its home is not started again."""
        database = self.settings.home / "podium.db"
        if not database.exists():
            return
        try:
            with closing(sqlite3.connect(database)) as db:
                home_id = db.execute("SELECT value FROM meta WHERE key = 'home_id'").fetchone()[0]
        except sqlite3.DatabaseError:  # a test has damaged it
            return
        if cgroups := Cgroups.open(home_id):
            cgroups.clean(())
            cgroups.close()
