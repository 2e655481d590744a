"""A real server process over HTTP on a free port of this machine."""

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from podium.settings import Settings
from tests.support import nursed
from tests.support.podium_home import make_home

LISTENING = re.compile(r"event=http_listening url=(\S+)")
END_SECONDS = 20


@dataclass
class HttpServer:
    """A running server, its URL, and what it has logged so far."""

    process: subprocess.Popen[str]
    url: str
    logged: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2].partition("/")[0])


def serving(settings: Settings) -> Sequence[str]:
    """Return the command of the product's own server for a home."""
    home, path = str(settings.home), str(settings.socket)
    return nursed.command("server", "serve", "--http", "0", "--home", home, "--socket", path)


@contextmanager
def http_server(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[HttpServer]:
    """Start a server, wait until it listens, and end it."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}
    )
    assert process.stderr is not None
    logged: list[str] = []
    url = _url(process.stderr, logged)
    # Its log is read on, so that it never waits for somebody to do so.
    reader = threading.Thread(target=logged.extend, args=(process.stderr,), daemon=True)
    reader.start()
    try:
        assert url, f"the server did not start:\n{''.join(logged)}"
        yield HttpServer(process, url, logged)
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        finally:
            process.kill()
            process.wait()
            reader.join(END_SECONDS)
            process.stderr.close()


@contextmanager
def standing_server(*flags: str) -> Iterator[HttpServer]:
    """Run the product's own server for several tests, on a home of its own without a conductor."""
    with (
        tempfile.TemporaryDirectory(prefix="pod-", dir="/tmp") as folder,
        http_server([*serving(make_home(Path(folder))), *flags]) as running,
    ):
        yield running


def _url(stderr: IO[str], logged: list[str]) -> str:
    for line in stderr:
        logged.append(line)
        if found := LISTENING.search(line):
            return found[1]
    return ""
