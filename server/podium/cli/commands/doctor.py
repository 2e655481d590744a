"""`podium doctor`: what this machine and home offer, and what stands in the way. It changes nothing."""

import ctypes
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer

from podium.cli.shared.options import AsJson, Home, Socket, settings_for
from podium.cli.shared.output import print_json, say
from podium.cli.shared.probe import health
from podium.conductor.processes.cgroup import own_group
from podium.errors import InvalidArguments
from podium.settings import Settings, config_file

Verdict = Literal["ok", "note", "fail"]
MARKS: dict[Verdict, tuple[str, str]] = {"ok": ("✓", "green"), "note": ("•", "yellow"), "fail": ("✗", "red")}
PR_GET_CHILD_SUBREAPER = 37
LOW_DISK_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `note` is worth knowing, `fail` stands in the way."""

    what: str
    verdict: Verdict
    found: str
    fix: str = ""


def command(home: Home = None, socket: Socket = None, as_json: AsJson = False) -> None:
    """Check this machine and home; exit code 1 when something stands in the way."""
    findings = examine(home, socket)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            _show(finding)
    raise typer.Exit(1 if any(finding.verdict == "fail" for finding in findings) else 0)


def examine(home: Path | None, socket: Path | None) -> list[Finding]:
    """Look at everything and return the findings; a broken setting is the only one then."""
    try:
        settings = settings_for(home, socket)
    except InvalidArguments as error:
        return [Finding("settings", "fail", error.message, error.fix)]
    return [finding for check in CHECKS for finding in check(settings)]


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    supported = sys.version_info >= (3, 11)
    yield Finding("python", "ok" if supported else "fail", version, "" if supported else "Use Python 3.11 or newer.")


def _sqlite(_: Settings) -> Iterator[Finding]:
    if sqlite3.sqlite_version_info >= (3, 51, 3):
        yield Finding("sqlite", "ok", sqlite3.sqlite_version)
        return
    text = f"{sqlite3.sqlite_version}: needs, and gets, a single writing connection (WAL-reset fault before 3.51.3)"
    yield Finding("sqlite", "ok", text)


def _settings(_: Settings) -> Iterator[Finding]:
    path = config_file()
    yield Finding("settings", "ok", f"{path}" if path.exists() else f"defaults; {path} does not exist")


def _shells(_: Settings) -> Iterator[Finding]:
    for name in ("sh", "bash"):
        found = shutil.which(name)
        yield Finding(name, "ok" if found else "fail", found or "not on PATH", "" if found else f"Install {name}.")


def _home(settings: Settings) -> Iterator[Finding]:
    yield _folder("home", settings.home)
    if settings.socket.parent != settings.home:
        yield _folder("socket folder", settings.socket.parent)


def _folder(what: str, path: Path) -> Finding:
    """Judge a private folder: ours, closed to others, writable; or one that can be made."""
    if not path.exists():
        parent = next(parent for parent in path.parents if parent.exists())
        if os.access(parent, os.W_OK):
            return Finding(what, "ok", f"{path} is made at the first start")
        return Finding(what, "fail", f"{path} cannot be made: {parent} is not writable", "Set PODIUM_HOME elsewhere.")
    facts = path.stat()
    if facts.st_uid != os.getuid():
        return Finding(what, "fail", f"{path} belongs to uid {facts.st_uid}", f"chown it, or set PODIUM_{_name(what)}.")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        return Finding(what, "fail", f"{path} is open to others ({facts.st_mode & 0o777:o})", f"chmod 700 {path}")
    if not os.access(path, os.W_OK):
        return Finding(what, "fail", f"{path} is not writable", f"chmod 700 {path}")
    return Finding(what, "ok", f"{path} is private")


def _name(what: str) -> str:
    return "HOME" if what == "home" else "SOCKET"


def _disk(settings: Settings) -> Iterator[Finding]:
    place = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(place).free
    enough = free >= LOW_DISK_BYTES
    yield Finding(
        "disk",
        "ok" if enough else "fail",
        f"{free / 1024**3:.1f} GiB free at {place}",
        "" if enough else "Free some space: the conductor refuses jobs that it cannot store.",
    )


def _trees(_: Settings) -> Iterator[Finding]:
    """How the processes of a sheet are kept together: the conductor adopts orphans, and marks each tree."""
    if sys.platform != "linux":
        text = "not Linux: processes that leave their session are found by their marker only where ps shows it"
        yield Finding("process trees", "note", text)
        return
    known = ctypes.CDLL(None).prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(ctypes.c_int()), 0, 0, 0) == 0
    pidfd = hasattr(os, "pidfd_open")
    text = f"child subreaper {'yes' if known else 'no'}, pidfd {'yes' if pidfd else 'no'}"
    yield Finding("process trees", "ok" if known and pidfd else "note", text)
    yield _cgroup()


def _cgroup() -> Finding:
    """Whether a conductor that is started here can give each attempt a control group of its own."""
    own = own_group(Path("/proc/self/cgroup").read_text(), Path("/proc/self/mountinfo").read_text())
    if own is not None and os.access(own / "cgroup.procs", os.W_OK):
        return Finding("cgroup v2", "ok", f"each attempt gets a group below {own}")
    found = "none in sight" if own is None else f"{own} is not writable"
    return Finding("cgroup v2", "note", f"{found}: a sheet's processes are told by a mark in their environment")


def _conductor(settings: Settings) -> Iterator[Finding]:
    if found := health(settings.socket):
        yield Finding("conductor", "ok", f"answers on {settings.socket}, pid {found.pid}")
    elif settings.socket.exists():
        text = f"{settings.socket} is there and nobody answers on it"
        yield Finding("conductor", "note", text, "`podium start` replaces a socket file that a crash left.")
    else:
        yield Finding("conductor", "note", f"none runs on {settings.socket}", settings.start_command)


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python,
    _sqlite,
    _settings,
    _shells,
    _home,
    _disk,
    _trees,
    _conductor,
)


def _show(finding: Finding) -> None:
    mark, style = MARKS[finding.verdict]
    say(f"{mark} {finding.what:<14} {finding.found}", style=style if finding.verdict != "ok" else "")
    if finding.fix:
        say(f"{'':17}{finding.fix}", style="bold")
