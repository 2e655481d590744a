"""`podium start`: the conductor in the background, or here with --foreground."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from podium.cli.commands.start.daemonize import spawn
from podium.cli.shared.door import line
from podium.cli.shared.light import log, parser, quick_imports, settings_of
from podium.cli.shared.probe import Health, alive, health
from podium.cli.streams import run_for_long
from podium.errors import ConductorNotRunning, ConductorTimeout
from podium.settings import Settings

READY_SECONDS = 30.0
POLL_SECONDS = 0.03
TAIL_BYTES = 4096


def main(arguments: Sequence[str]) -> int:
    """Start the conductor and return when it answers; with --foreground return when it has stopped."""
    made = parser(
        "start", "Start the conductor in the background; it outlives the shell and the agent that started it."
    )
    made.add_argument("--foreground", action="store_true", help="run in this process, with the log on stderr")
    made.add_argument("--settings", help=argparse.SUPPRESS)  # all of them as JSON, from our own command
    options = made.parse_args(arguments)
    settings = Settings(**json.loads(options.settings)) if options.settings else settings_of(options)
    if options.foreground:
        if "yaml" in sys.modules:  # for the settings file; the conductor is a process that has never loaded it
            os.execv(sys.executable, _foreground(settings))  # noqa: S606
        run_for_long()
        log.configure(settings.log_level)
        with quick_imports():
            from podium.conductor.daemon import run  # only the conductor's process pays for it
        return run(settings)
    deadline = time.monotonic() + READY_SECONDS
    # a conductor that is shutting down does not count as running: wait until it has gone
    while (found := health(settings.socket)) and found.shutting_down and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if found:
        if not _is_of(settings.home, found):
            raise _taken(settings, found)
        line(f"The conductor is already running (pid {found.pid}) on {settings.socket}.")
        return 0
    started = start_in_background(settings)
    line(f"The conductor is running (pid {started.pid}); its log is {settings.places.log}")
    return 0


def start_in_background(settings: Settings) -> Health:
    """Start a conductor that outlives this process and wait until it, or another one of this home, answers.

    Raises:
        ConductorNotRunning: it ended at once; the message has the end of its log.
        ConductorTimeout: it lives but does not answer.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = settings.places.log
    before = path.stat().st_size if path.exists() else 0
    pid = spawn(_foreground(settings), path)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if (found := health(settings.socket)) and (found.pid == pid or _is_of(settings.home, found)):
            return found
        if not alive(pid):
            raise ConductorNotRunning(
                f"The conductor exited immediately after it started. The end of its log:\n{_tail(path, before)}",
                fix="Fix the cause, or run `podium doctor` to find it.",
            )
        time.sleep(POLL_SECONDS)
    raise ConductorTimeout(
        f"The conductor (pid {pid}) did not answer on {settings.socket} within {READY_SECONDS:.0f} s.",
        fix=f"Read {path}. If it does start later, `podium stop` stops it.",
        pid=pid,
    )


def _foreground(settings: Settings) -> list[str]:
    """Return the command that runs the conductor with these settings. The paths are flags too, for those who list processes."""
    paths = ["--home", str(settings.home), "--socket", str(settings.socket)]
    return [sys.executable, "-m", "podium", "start", "--foreground", *paths, "--settings", settings.model_dump_json()]


def _is_of(home: Path, found: Health) -> bool:
    """Whether the conductor that answers belongs to this home: its lock names it."""
    from podium.conductor.lock import holder  # a start in the foreground, and the server, do without it

    return holder(home) == found.pid


def _taken(settings: Settings, found: Health) -> ConductorNotRunning:
    return ConductorNotRunning(
        f"No conductor is running for {settings.home}: "
        f"the conductor (pid {found.pid}) answering on {settings.socket} belongs to another home.",
        fix="Set PODIUM_SOCKET to another path for this home, or set PODIUM_HOME to that conductor's home.",
        pid=found.pid,
    )


def _tail(path: Path, start: int) -> str:
    """Return the end of what was logged since `start`, an offset in bytes."""
    with path.open("rb") as log_text:
        log_text.seek(max(start, path.stat().st_size - TAIL_BYTES))
        return log_text.read().decode(errors="replace").strip() or "(it logged nothing)"
