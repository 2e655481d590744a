"""`podium doctor`: what this machine and home offer, and what stands in the way. It changes nothing."""

import ctypes
import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer

from podium.cli.shared.options import AsJson, Home, Socket, settings_for
from podium.cli.shared.output import print_json, say
from podium.cli.shared.probe import health, processes
from podium.conductor.processes.cgroup import own_group
from podium.contract.models import ProcessView
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
    """Check this machine and Podium's home folder; exit code 1 if a check fails."""
    findings = examine(home, socket)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark, style = MARKS[finding.verdict]
            say(f"{mark} {finding.what:<14} {finding.found}", style=style if finding.verdict != "ok" else "")
            if finding.fix:
                say(f"{'':17}{finding.fix}", style="bold")
    raise typer.Exit(1 if any(finding.verdict == "fail" for finding in findings) else 0)


def examine(home: Path | None, socket: Path | None) -> list[Finding]:
    """Look at everything and return the findings; a broken setting is the only one then."""
    try:
        settings = settings_for(home, socket)
    except InvalidArguments as error:
        return [Finding("settings", "fail", error.message, error.fix)]
    return [*_installation(), *_places(settings), *_trees(), _conductor(settings), *_processes(settings)]


def _installation() -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    supported = sys.version_info >= (3, 11)
    yield Finding("python", "ok" if supported else "fail", version, "" if supported else "Use Python 3.11 or newer.")
    sqlite = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < (3, 51, 3):
        sqlite += ": Podium uses a single writing connection (WAL-reset bug before 3.51.3)"
    yield Finding("sqlite", "ok", sqlite)
    config = config_file()
    yield Finding("settings", "ok", f"{config}" if config.exists() else f"defaults; {config} does not exist")
    for name in ("sh", "bash"):
        found = shutil.which(name)
        yield Finding(name, "ok" if found else "fail", found or "not on PATH", "" if found else f"Install {name}.")


def _places(settings: Settings) -> Iterator[Finding]:
    yield _folder("home", settings.home)
    if settings.socket.parent != settings.home:
        yield _folder("socket folder", settings.socket.parent)
    place = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(place).free
    enough = free >= LOW_DISK_BYTES
    fix = "" if enough else "Free some space: the conductor refuses jobs that it cannot store."
    yield Finding("disk", "ok" if enough else "fail", f"{free / 1024**3:.1f} GiB free at {place}", fix)


def _folder(what: str, path: Path) -> Finding:
    """Judge a private folder: ours, closed to others, writable; or one that can be made."""
    setting = "PODIUM_HOME" if what == "home" else "PODIUM_SOCKET"
    if not path.exists():
        parent = next(parent for parent in path.parents if parent.exists())
        if os.access(parent, os.W_OK):
            return Finding(what, "ok", f"{path} will be created at the first start")
        return Finding(what, "fail", f"{path} cannot be created: {parent} is not writable", f"Set {setting} elsewhere.")
    facts = path.stat()
    if facts.st_uid != os.getuid():
        return Finding(what, "fail", f"{path} belongs to uid {facts.st_uid}", f"chown it, or set {setting}.")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        return Finding(what, "fail", f"{path} is accessible to others ({facts.st_mode & 0o777:o})", f"chmod 700 {path}")
    if not os.access(path, os.W_OK):
        return Finding(what, "fail", f"{path} is not writable", f"chmod 700 {path}")
    return Finding(what, "ok", f"{path} is private")


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


def _processes(settings: Settings) -> Iterator[Finding]:
    """The processes that work for a running conductor."""
    for each in processes(settings.socket):
        view = ProcessView.model_validate(each)
        yield Finding(view.role, "note" if view.last_death else "ok", view.line.removeprefix(f"{view.role}: "))


def _conductor(settings: Settings) -> Finding:
    found = health(settings.socket)
    if found and found.store_trouble:
        text = f"pid {found.pid} cannot store anything: {found.store_trouble}"
        return Finding("conductor", "fail", text, "Jobs continue; changes are refused until this is mended.")
    if found:
        return Finding("conductor", "ok", f"answers on {settings.socket}, pid {found.pid}")
    if settings.socket.exists():
        text = f"{settings.socket} exists but no conductor answers on it"
        return Finding("conductor", "note", text, "`podium start` replaces a socket file left behind by a crash.")
    return Finding("conductor", "note", f"none is running on {settings.socket}", settings.start_command)
