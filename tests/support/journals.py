"""Journals of keepers: what a test writes there as a dead keeper would have left it, and what a living one has written.

And the deaths of keepers, by a signal or at a point.
"""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from podium.conductor.processes import facts
from podium.conductor.processes.identity import send_signal
from podium.keeper.journal import JOURNAL, generations, parse, record

NOBODY = 999_999_999  # a pid that no system gives
OTHER_BOOT = "00000000-aaaa"


def leave_journal(keepers: Path, *records: tuple[object, ...], boot: str = "", number: int = 1) -> Path:
    """Leave the folder of a keeper that is dead, with its guard, and return its journal. `boot` is by default this one."""
    folder = keepers / str(number)
    folder.mkdir(parents=True)
    journal = folder / f"{JOURNAL}1"
    first = ("open", 1, boot or facts.boot_id(), NOBODY, NOBODY)
    journal.write_bytes(b"".join(record(*words) for words in (first, *records)))
    return journal


def begun(key: str, group: str = "") -> tuple[object, ...]:
    """Return the record of a start that was begun."""
    return "begin", key, group, time.time_ns()


def started(key: str, pid: int = NOBODY, ticks: int = 1, group: str = "") -> tuple[object, ...]:
    """Return the record of a process that was started."""
    return "started", key, pid, ticks, group


def ended(key: str, code: int, pid: int = NOBODY) -> tuple[object, ...]:
    """Return the record of an end."""
    return "ended", key, pid, code, time.time_ns()


def read_journal(folder: Path) -> list[list[Any]]:
    """Return all records in a keeper's folder, over its generations; none if it was removed."""
    found: list[list[Any]] = []
    for generation in generations(str(folder)) if folder.exists() else ():
        found += parse((folder / f"{JOURNAL}{generation}").read_bytes())[0]
    return found


def newest(keepers: Path) -> Path:
    """Return the folder of the newest keeper."""
    return max((each for each in keepers.iterdir() if each.name.isdecimal()), key=lambda at: int(at.name))


def keeper_and_guard(folder: Path) -> tuple[int, int]:
    """Return the pids of a keeper and its guard."""
    pids = [(words[3], words[4]) for words in read_journal(folder) if words[0] == "open"]
    return pids[-1]


def kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process that is a test's to end, if it still is there."""
    if stat := facts.read_stat(pid):
        send_signal(pid, stat.start_ticks, number)


def armed(place: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> Path:
    """Let the next keepers of this test die at a point, and return the file that is gone when one has."""
    name, _, times = fault.partition(":")
    file = place / "faults" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(times)
    monkeypatch.setenv("PODIUM_KEEPER_FAULT", str(file.parent))
    return file


def is_keeper(pid: int, folder: Path) -> bool:
    """Return whether a living process is the keeper or the guard of a folder."""
    return os.fsencode(folder) in facts.read(f"/proc/{pid}/cmdline")
