"""What /proc tells about processes: see proc(5). Every read here is a plain one, and nothing found is an error."""

from __future__ import annotations

import os
from typing import NamedTuple

MARKER = "PODIUM_ATTEMPT_KEY"  # the variable that marks what belongs to an attempt
TICKS = os.sysconf("SC_CLK_TCK")  # of the CPU, per second
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
COMMAND_CHARS = 60


class Process(NamedTuple):
    """One process. `cpu_ticks` includes its reaped children; `state` is the letter of ps(1)."""

    pid: int
    state: str
    parent: int
    cpu_ticks: int
    start_ticks: int
    resident_bytes: int


def read(path: str) -> bytes:
    """Return what a small file holds, b"" if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def find(pid: int) -> Process | None:
    """Return the facts of a process, None if there is none, or it has ended and is only not reaped yet."""
    data = read(f"/proc/{pid}/stat")
    if not data:
        return None
    part = data[data.rindex(b")") + 2 :].split()  # the name before it may hold anything
    if part[0] in (b"Z", b"X"):
        return None
    ticks = int(part[11]) + int(part[12]) + int(part[13]) + int(part[14])
    return Process(pid, part[0].decode(), int(part[1]), ticks, int(part[19]), int(part[21]) * PAGE_BYTES)


def everyone() -> dict[int, Process]:
    """Return all processes of the machine by pid."""
    found = (find(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {each.pid: each for each in found if each is not None}


def descendants(of: int, among: dict[int, Process]) -> set[int]:
    """Return the pids of a process's children, of theirs, and so on, without its own."""
    found: set[int] = set()
    new = {of}
    while new:
        new = {pid for pid, each in among.items() if each.parent in new and pid not in found}
        found |= new
    return found


def is_marked(pid: int, key: str) -> bool:
    """Return whether the environment that a process's program began with names this attempt, or a check of it (`key#n`)."""
    _, found, rest = (b"\0" + read(f"/proc/{pid}/environ")).partition(f"\0{MARKER}=".encode())
    value = os.fsdecode(rest.partition(b"\0")[0])
    return bool(found and key) and (value == key or value.startswith(f"{key}#"))


def children() -> list[int]:
    """Return the pids of our children, those that have ended among them; [] where the kernel does not tell. Costs one read."""
    return [int(pid) for pid in read("/proc/thread-self/children").split()]


def describe(pid: int) -> tuple[int, str, str]:
    """Return the pid, user and command of a process, in plain letters."""
    import pwd  # noqa: PLC0415 -- rarely needed

    user = "?"
    try:
        user = str(os.stat(f"/proc/{pid}").st_uid)
        user = pwd.getpwuid(int(user)).pw_name
    except (OSError, KeyError):
        pass
    line = read(f"/proc/{pid}/cmdline").replace(b"\0", b" ") or read(f"/proc/{pid}/comm")
    text = "".join(each if " " <= each <= "~" else "?" for each in line.decode("ascii", "replace").strip())
    return pid, user, text[:COMMAND_CHARS]
