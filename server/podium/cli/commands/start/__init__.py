"""`podium start`: the conductor in the background, or here with --foreground."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from podium.cli.calling.light import Parser, configure_log, parser, quick_imports, settings_of
from podium.cli.commands.start.daemonize import spawn
from podium.cli.commands.start.place import check_is_no_copy, elsewhere, with_free_socket
from podium.cli.shared.environment import difference
from podium.cli.shared.probe import Health, alive, running
from podium.cli.shared.strangers import check_place
from podium.cli.streams import run_for_long
from podium.cli.terminal.door import line, print_json
from podium.cli.views.own import StartedView
from podium.errors import ConductorNotRunning, ConductorTimeout, PermissionDenied
from podium.places import default_home, point, unused_home
from podium.privacy.state import check_home
from podium.privacy.way import make_private
from podium.settings import Settings

READY_SECONDS = 30.0
POLL_SECONDS = 0.03
TAIL_BYTES = 4096


def arguments() -> Parser:
    """Return the parser of the command line."""
    made = parser(
        "start",
        "Start the conductor in the background; it outlives the shell and the agent that started it. Sheets get its environment, "
        "as it is here and now.",
    )
    made.add_argument("--foreground", action="store_true", help="run in this process, with the log on stderr")
    made.add_argument("--json", action="store_true", help="print one JSON object; not with --foreground")
    made.add_argument("--settings", help=argparse.SUPPRESS)  # all of them as JSON, from our own command
    return made


def main(words: Sequence[str]) -> int:
    """Start the conductor and return when it answers; with --foreground return when it has stopped."""
    made = arguments()
    options = made.parse_args(words)
    if options.json and options.foreground:
        made.error("--json and --foreground cannot go together")
    settings = Settings(**json.loads(options.settings)) if options.settings else settings_of(options)
    if options.foreground:
        return _run_here(settings, is_own=bool(options.settings))
    if settings.socket_given:
        check_place(settings)
    notes = _prepare(settings)
    if not options.json:
        _note(notes)
    deadline = time.monotonic() + READY_SECONDS
    # a conductor that is shutting down does not count as running: wait until it has gone
    while (found := running(settings)) and found[0].shutting_down and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    if found:
        health_of, path = found
        if settings.socket_given and path != settings.socket:
            raise elsewhere(settings, health_of, path)
        said = f"The conductor is already running (pid {health_of.pid}) on {path}."
        differs = [note] if (note := difference(health_of.environment)) else []
        view = StartedView(pid=health_of.pid, started=False, socket=str(path), log="", notes=notes + differs)
    else:
        settings, differs = with_free_socket(settings), []
        pid, own = start_in_background(settings).pid, settings.places.log
        said = f"The conductor is running (pid {pid}); its log is {own}"
        view = StartedView(pid=pid, started=True, socket=str(settings.socket), log=str(own), notes=notes)
    if options.json:
        print_json(view.model_dump())
    else:
        line(said)
        _note(differs)
    return 0


def _run_here(settings: Settings, *, is_own: bool) -> int:
    """Run the conductor in this process; `is_own` if our own command has begun it, and has looked after its place."""
    if not is_own:
        check_is_no_copy(settings)
        if settings.socket_given:
            check_place(settings)
        else:
            settings = with_free_socket(settings)
        with suppress(OSError):  # it is tried again at the next start
            point(settings.home)
    if "yaml" in sys.modules:  # for the settings file; the conductor is a process that has never loaded it
        os.execv(sys.executable, _foreground(settings))  # noqa: S606
    run_for_long()
    configure_log(settings.log_level)
    with quick_imports():
        from podium.conductor.daemon import run  # only the conductor's process pays for it
    return run(settings)


def _note(notes: Sequence[str]) -> None:
    for note in notes:
        line(f"note: {note}")


def _prepare(settings: Settings) -> list[str]:
    """Look whether the home can be used, and return what is unusual; write down where it is if others could not find it.

    Raises:
        ConductorNotRunning: it is a copy of one whose conductor runs.
        PermissionDenied: it cannot, or another user could change it.
    """
    notes = []
    try:
        if note := check_home(settings.home):
            notes.append(note)
        check_is_no_copy(settings)
        point(settings.home)
    except PermissionDenied:
        raise
    except OSError as error:
        raise _unusable(settings.home, error) from error
    if (other := unused_home()) and settings.home == default_home():
        notes.append(f"{other} has jobs of an earlier conductor; `podium start --home {other}` takes them up.")
    return notes


def start_in_background(settings: Settings) -> Health:
    """Start a conductor that outlives this process and wait until it, or another one of this home, answers.

    Raises:
        ConductorNotRunning: it ended at once; the message has the end of its log.
        ConductorTimeout: it lives but does not answer.
        PermissionDenied: the home cannot be written.
    """
    path = settings.places.log
    try:
        make_private(settings.home)
        before = path.stat().st_size if path.exists() else 0
        pid = spawn(_foreground(settings), path)
    except PermissionDenied:
        raise
    except OSError as error:
        raise _unusable(settings.home, error) from error
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if found := running(settings):
            return found[0]
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
    """Return the command that runs the conductor with these settings. The paths are flags too, for those who list processes.

    With -P a folder podium, or a file typing.py, in the folder where it is called is not taken for ours.
    """
    paths = ["--home", str(settings.home), "--socket", str(settings.socket)]
    return [
        sys.executable,
        "-P",
        "-m",
        "podium",
        "start",
        "--foreground",
        *paths,
        "--settings",
        settings.model_dump_json(),
    ]


def _unusable(home: Path, error: OSError) -> PermissionDenied:
    return PermissionDenied(
        f"The home {home} cannot be used: {error.strerror or error}.",
        fix="Make it a folder that you can write, or set PODIUM_HOME to one.",
    )


def _tail(path: Path, start: int) -> str:
    """Return the end of what was logged since `start`, an offset in bytes."""
    with path.open("rb") as log_text:
        log_text.seek(max(start, path.stat().st_size - TAIL_BYTES))
        return log_text.read().decode(errors="replace").strip() or "(it logged nothing)"
