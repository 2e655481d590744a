"""Starting `podium` processes in a moment: nurseries fork them, one nursery for each kind in a run of the tests.

The workers of a run share them: the first that needs a kind starts its nursery. They end with the process that made their place.
"""

import atexit
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

import psutil

from tests.support import errand

ROOT = Path(__file__).parents[2]
POSSIBLE = sys.platform == "linux"  # elsewhere code that was loaded may not survive a fork
READY_SECONDS, END_SECONDS = 60, 30
LIFELINE = "lifeline"  # a FIFO: every nursery reads it, and the process that made the place keeps it open
_NO_MORE = "-dac_override,-dac_read_search"
# Root that has lost these two capabilities is held to the modes of files, as everybody is, and still reaches its own folders.
PLAIN = ["setpriv", f"--bounding-set={_NO_MORE}", f"--inh-caps={_NO_MORE}"] if os.geteuid() == 0 else []
READ_WHEN_LOADED = {"PYTHONPATH"}
"""Variables that say what is loaded: with one of them a process has to load it itself."""


class Nursed:
    """A conductor that a nursery forked for us; it is used as a `subprocess.Popen` is."""

    def __init__(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        stdin: int,
        output: IO[Any],
        *,
        plain: bool,
        own_reader: bool = False,
    ) -> None:
        """Start `podium` with these words; both of its outputs go to `output`. Its reader is forked too, or is its own."""
        streams = (stdin, output.fileno(), output.fileno())
        path, reader = nursery("conductor", plain=plain), [] if own_reader else command("reader", plain=plain)
        self._peer = errand.order(path, words, environment, streams, reader=reader, bound=False)
        self.pid = errand.read_number(self._peer)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal, or None while the process runs."""
        if self.returncode is None and select.select([self._peer], [], [], 0)[0]:
            self._end()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when the process has ended.

        Raises:
            subprocess.TimeoutExpired: it has not after so many seconds.
        """
        if self.returncode is None and not select.select([self._peer], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(f"podium, pid {self.pid}", timeout or 0)
        return self._end() if self.returncode is None else self.returncode

    def _end(self) -> int:
        try:
            self.returncode = errand.read_number(self._peer)
        finally:
            self._peer.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)


def command(kind: str, *words: str, plain: bool = False) -> list[str]:
    """Return a command line that is `podium` with these words, as far as who runs it can see.

    `kind` is what a nursery has loaded, see there. A `plain` process is held to the modes of files, also under root.
    """
    if not POSSIBLE:
        module = errand.PROGRAMS.get(kind, "podium")
        return [*(PLAIN if plain else ()), sys.executable, "-m", module, *words]
    return [sys.executable, "-I", "-S", errand.__file__, nursery(kind, plain=plain), *words]


def stood_for(pid: int) -> int:
    """Return the process that one stands for that was started by such a command; or itself, if it is no errand.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    process = psutil.Process(pid)
    if errand.__file__ not in process.cmdline():
        return pid
    until = time.monotonic() + READY_SECONDS
    while not process.name().isdecimal():  # it has not been told yet
        assert time.monotonic() < until, f"the errand {pid} is not told of its process"
        time.sleep(0.005)
    return int(process.name())


class Place:
    """Where the nurseries of this run are: `conftest.py` gives workers the folder of the process that started them."""

    folder: str | None = None


def place() -> str:
    """Return the folder of this run's nurseries. Without one from elsewhere it is made, for as long as this process lives."""
    if Place.folder is None:
        Place.folder = tempfile.mkdtemp(prefix="pod-", dir="/tmp")
        os.mkfifo(f"{Place.folder}/{LIFELINE}")
        held = os.open(f"{Place.folder}/{LIFELINE}", os.O_RDWR)  # nobody who is started inherits it
        atexit.register(_close, held, Place.folder)
    return Place.folder


@cache
def nursery(kind: str, *, plain: bool = False) -> str:
    """Return the socket of this run's nursery of a kind, which runs."""
    path = f"{place()}/{kind}-plain" if plain else f"{place()}/{kind}"
    with Path(f"{path}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not Path(path).exists():
            _start(kind, path, plain=plain)
    return path


def _start(kind: str, path: str, *, plain: bool) -> None:
    """Start a nursery. Returns when it takes orders."""
    with Path(f"{place()}/{LIFELINE}").open("rb") as lifeline:
        process = subprocess.Popen(
            [*(PLAIN if plain else ()), sys.executable, "-m", "tests.support.nursery", kind, path],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")},
            stdin=lifeline,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,  # Python asks once whether a stream has places: all three must be such that have none
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout as output:
        told = output.readline() if select.select([output], [], [], READY_SECONDS)[0] else b"nothing"
    assert told == b"ready\n", f"the nursery did not start: {told!r}"
    process.wait(END_SECONDS)  # the nursery itself is its child


def _close(held: int, folder: str) -> None:
    os.close(held)
    shutil.rmtree(folder, ignore_errors=True)
