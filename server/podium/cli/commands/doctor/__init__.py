"""`podium doctor`: what this machine and home offer, and what stands in the way. It changes nothing."""

import ctypes
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from podium.cli.calling.options import AsJson, Home, Socket, settings_for
from podium.cli.commands.doctor.cluster import examine_slurm
from podium.cli.commands.doctor.environment import seen_from_clients, unknown_variables
from podium.cli.shared.exits import Code
from podium.cli.shared.probe import Health, Listening, health, processes, running
from podium.cli.shared.strangers import said_of, stranger
from podium.cli.terminal.door import print_json, say
from podium.cli.views.doctor import DoctorView, Finding, Verdict
from podium.conductor.attempts.env_file import read_env_file
from podium.conductor.processes.cgroup import own_group
from podium.contract.conductors import ProcessView
from podium.errors import InvalidArguments, PermissionDenied, PodiumError
from podium.home import SOCKET
from podium.places import config_file, holder
from podium.privacy.leftovers import left_by_us
from podium.privacy.state import check_home
from podium.privacy.way import check_socket, is_there
from podium.settings import Settings

MARKS: dict[Verdict, tuple[str, str]] = {"ok": ("✓", "green"), "note": ("!", "yellow"), "fail": ("✗", "red")}
PR_GET_CHILD_SUBREAPER = 37
LOW_DISK_BYTES = 512 * 1024**2


def command(
    engine: Annotated[
        Literal["slurm"] | None, typer.Option(help="check the cluster too, by a short job on one of its nodes")
    ] = None,
    wait: Annotated[float, typer.Option(metavar="SECONDS", min=1, help="how long that job may wait in the queue")] = 60,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Check this machine and Podium's home folder; exit code 1 if a check fails."""
    findings = [*examine(home, socket), *_cluster(engine, home, socket, wait)]
    passed = all(finding.verdict != "fail" for finding in findings)
    if as_json:
        print_json(DoctorView(passed=passed, findings=findings).model_dump())
    else:
        for finding in findings:
            mark, style = MARKS[finding.verdict]
            say(f"{mark} {finding.what:<14}  {finding.found}", style=style if finding.verdict != "ok" else "")
            if finding.fix:
                say(f"{'':18}{finding.fix}", style="bold")
    raise typer.Exit(Code.DONE if passed else Code.FAILED)


def examine(home: Path | None, socket: Path | None) -> list[Finding]:
    """Look at everything and return the findings; a broken setting is the only one then."""
    try:
        settings = settings_for(home, socket)
    except (InvalidArguments, PermissionDenied) as error:
        return [Finding("settings", "fail", error.message, error.fix)]
    return [*_installation(), *unknown_variables(), *_places(settings), *_trees(), *_conductor(settings)]


def _cluster(engine: str | None, home: Path | None, socket: Path | None, wait_seconds: float) -> Iterator[Finding]:
    """Look at the cluster if that was asked for; if sheets go there by default, tell how to."""
    try:
        settings = settings_for(home, socket)
    except (InvalidArguments, PermissionDenied):
        return
    if engine:
        yield from examine_slurm(settings, wait_seconds)
    elif settings.engine == "slurm":
        yield Finding("engine", "note", "slurm; the cluster was not looked at", "podium doctor --engine slurm")


def _installation() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    supported = sys.version_info >= (3, 11)
    yield Finding("python", "ok" if supported else "fail", version, "" if supported else "Use Python 3.11 or newer.")
    sqlite = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < (3, 51, 3):
        sqlite += ": Podium uses a single writing connection (WAL-reset bug before 3.51.3)"
    yield Finding("sqlite", "ok", sqlite)
    config = config_file()
    yield Finding("settings", "ok", f"{config}" if is_there(config) else f"defaults; {config} does not exist")
    for name in ("sh", "bash"):
        found = shutil.which(name)
        yield Finding(name, "ok" if found else "fail", found or "not on PATH", "" if found else f"Install {name}.")


def _places(settings: Settings) -> Iterator[Finding]:
    yield _place("home", settings.home, check_home, "PODIUM_HOME")
    if settings.socket.parent != settings.home:
        found = _place("socket folder", settings.socket.parent, _check_socket_folder, "PODIUM_SOCKET")
        if found.verdict == "fail" and not settings.socket_given:
            found = replace(found, verdict="note", fix="`podium start` listens inside the home instead.")
        yield found
    place = next(path for path in (settings.home, *settings.home.parents) if is_there(path))
    free = shutil.disk_usage(place).free
    enough = free >= LOW_DISK_BYTES
    fix = "" if enough else "Free some space: the conductor refuses jobs that it cannot store."
    yield Finding("disk", "ok" if enough else "fail", f"{free / 1024**3:.1f} GiB free at {place}", fix)
    if settings.env_file is not None:
        yield _env_file(settings.env_file)


def _env_file(path: Path) -> Finding:
    try:
        return Finding("env_file", "ok", f"{path} has {len(read_env_file(path))} variables")
    except PodiumError as error:
        return Finding("env_file", "fail", error.message, error.fix)


def _place(what: str, path: Path, check: Callable[[Path], str | None], setting: str) -> Finding:
    """Judge a folder of ours as the conductor and its clients do."""
    parent = next(each for each in (path, *path.parents) if is_there(each))
    try:
        note = check(path)
    except PermissionDenied as error:
        return Finding(what, "fail", error.message, error.fix)
    except OSError as error:
        return Finding(what, "fail", f"{path} cannot be used: {error.strerror}", f"Set {setting} elsewhere.")
    if not os.access(parent, os.W_OK | os.X_OK):
        why = "is not writable" if parent == path else f"cannot be created: {parent} is not writable"
        return Finding(what, "fail", f"{path} {why}", f"Set {setting} elsewhere.")
    if parent != path:
        return Finding(what, "ok", f"{path} will be created at the first start")
    if note:
        mode = stat.S_IMODE(path.stat().st_mode)
        return Finding(
            what, "note", f"{path} is open to others (mode {mode:o}): the next start closes it", f"chmod 700 {path}"
        )
    return Finding(what, "ok", f"{path} is private")


def _check_socket_folder(folder: Path) -> None:
    check_socket(folder / SOCKET)


def _trees() -> Iterator[Finding]:
    """How a conductor that is started here keeps the processes of a sheet together."""
    if sys.platform != "linux":
        text = "not Linux: processes that leave their session are found only if ps shows their marker"
        yield Finding("process trees", "note", text)
        return
    known = ctypes.CDLL(None).prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(ctypes.c_int()), 0, 0, 0) == 0
    pidfd = hasattr(os, "pidfd_open")
    text = f"child subreaper {'yes' if known else 'no'}, pidfd {'yes' if pidfd else 'no'}"
    yield Finding("process trees", "ok" if known and pidfd else "note", text)
    own = own_group(Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text())
    if own is not None and os.access(own / "cgroup.procs", os.W_OK):
        yield Finding("cgroup v2", "ok", f"each attempt gets its own group under {own}")
        return
    found = "none found" if own is None else f"{own} is not writable"
    yield Finding("cgroup v2", "note", f"{found}: a sheet's processes are recognized by a marker in their environment")


def _processes(path: Path) -> Iterator[Finding]:
    """The processes that work for a running conductor."""
    for each in processes(path):
        view = ProcessView.model_validate(each)
        yield Finding(view.role, "note" if view.last_death else "ok", view.line.removeprefix(f"{view.role}: "))


def _conductor(settings: Settings) -> Iterator[Finding]:
    try:
        if settings.socket_given and (other := stranger(settings)):
            yield _foreign(settings, other)
            yield seen_from_clients(settings, settings.socket)
            return
        answers = _on_the_socket(settings)
        place = answers if answers and settings.socket_given else running(settings) or answers
    except PermissionDenied as error:
        yield Finding("conductor", "fail", error.message, error.fix)
        return
    if place is None:
        yield _silent(settings)
        yield seen_from_clients(settings, None)
        return
    found, path = place
    if found.store_trouble:
        text = f"pid {found.pid} cannot store anything: {found.store_trouble}"
        yield Finding("conductor", "fail", text, "Jobs continue; changes are refused until this is mended.")
    elif not settings.socket_given and holder(settings.home) != found.pid:
        text = f"the one that answers on {path} (pid {found.pid}) belongs to another home"
        yield Finding("conductor", "note", text, settings.start_command)
        yield seen_from_clients(settings, None)
        return
    elif settings.socket_given and path != settings.socket:
        text = f"this home's (pid {found.pid}) listens on {path}, but PODIUM_SOCKET or --socket says {settings.socket}"
        yield Finding("conductor", "fail", text, "Leave PODIUM_SOCKET and --socket out.")
    else:
        yield Finding("conductor", "ok", f"answers on {path}, pid {found.pid}")
    yield seen_from_clients(settings, path)
    yield from _processes(path)


def _foreign(settings: Settings, found: Listening) -> Finding:
    """A conductor that is not ours, or a process that does not say what it is."""
    said = said_of(found, settings.socket)
    if found.product:
        return Finding("conductor", "ok", f"{said}; `podium stop` and `podium start` leave it alone")
    return Finding("conductor", "note", said, "Close other clients that hold connections to it and look again.")


def _on_the_socket(settings: Settings) -> tuple[Health, Path] | None:
    """Return who answers on the socket of the settings; None if nobody does, or another user who has only the usual place."""
    try:
        found = health(settings.socket)
    except PermissionDenied:
        if settings.socket_given:
            raise
        return None
    return (found, settings.socket) if found else None


def _silent(settings: Settings) -> Finding:
    if settings.socket.is_socket():
        text = f"{settings.socket} exists but no conductor answers on it"
        if not left_by_us(settings.socket):
            return Finding("conductor", "note", text, "Another program made it, so `podium start` leaves it alone.")
        return Finding("conductor", "note", text, "`podium start` replaces a socket file left behind by a crash.")
    return Finding("conductor", "note", f"none is running on {settings.socket}", settings.start_command)
