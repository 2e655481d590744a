"""What a dead keeper left: its processes are watched to their end, and the one start that it may have died in is looked into.

How such a process ended is known from whoever reaped it: the guard, this process (the nearest subreaper above, if it started
the keeper), or the kernel, which since Linux 6.15 tells it to the holder of a pidfd (PIDFD_GET_INFO, linux/pidfd.h).
"""

import fcntl
import os
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import PurePath
from typing import Literal

import anyio

from podium.conductor.processes import facts
from podium.conductor.processes.identity import is_same, send_signal
from podium.conductor.processes.keepers.child import OVER, PLAY, Child
from podium.conductor.processes.keepers.keeper import Keeper, NamelessEnd
from podium.conductor.processes.keepers.link import is_held
from podium.conductor.processes.patience import known

RESTARTED = "the machine restarted"
NEVER_BEGAN = "its keeper ended before the process began"
TOLD_SECONDS = 10.0  # for the guard to write an end; longer only if it hangs
REAPED_SECONDS = 10.0  # for whoever has a dead process now to reap it
LOADING_LOOKS = 10  # at a process that does not show its environment yet
LOOK_SECONDS = 0.02
POLL_SECONDS = 0.5
INFO_BYTES, INFO_EXIT = 64, 1 << 3
GET_INFO = (3 << 30) | (INFO_BYTES << 16) | (0xFF << 8) | 11
Take = Callable[[Keeper], bool]
"""Reads on in a keeper's journal."""
Found = facts.Stat | NamelessEnd | Literal["none"] | None
"""The process of a start that nobody told of: it lives, it has ended, there was none; None if that is not known."""
CODE_AT = 60  # the offset of exit_code in struct pidfd_info


async def watch(keeper: Keeper, child: Child, take: Take) -> None:
    """Wait for the end of a process that a dead keeper had started, and note it, or that it is lost."""
    hold = _hold(child)
    try:
        while child.state not in OVER and await known(partial(_is_alive, child)):
            if hold >= 0:
                await anyio.wait_readable(hold)
            else:
                await anyio.sleep(POLL_SECONDS)
        await _until_told(keeper, child, take)
        if child.state not in OVER:
            code = await _told_by_kernel(hold, child.pid)
            if code is None:
                child.fail("lost", "it ended while neither the conductor nor its keeper nor the keeper's guard lived")
            else:
                child.end(code, time.time())
    finally:
        if hold >= 0:
            os.close(hold)


async def settle(keeper: Keeper, child: Child, take: Take) -> None:
    """Find out about a start that the keeper has begun and not finished: the process, or its end, or that there was none.

    It is lost only if there may have been one that nobody saw end, or that cannot be told from what it left.
    """
    if await known(partial(_end_unborn, keeper)):
        child.fail("refused", NEVER_BEGAN)
        return
    first: Found = None
    with anyio.move_on_after(TOLD_SECONDS):
        for look in count(1):
            is_held_still = is_held(keeper.folder)  # before the journal is read: the guard's last word comes first
            take(keeper)
            first = await known(partial(_playing, child.key)) or await known(partial(_first, keeper, child))
            if first is not None or (look >= LOADING_LOOKS and not is_held_still):
                break
            await anyio.sleep(LOOK_SECONDS)
    if isinstance(first, facts.Stat):
        child.run(first.pid, first.start_ticks, child.cgroup)
        keeper.name(child)
        await watch(keeper, child, take)
    elif isinstance(first, NamelessEnd):
        child.end(first.code, first.at)
    elif first == "none":
        child.fail("refused", NEVER_BEGAN)
    else:
        child.fail("lost", "its keeper ended while starting it")


def _first(keeper: Keeper, child: Child) -> Found:
    """Return which of the processes that the keeper left is a start's own: of those that may be it, the one that began first."""
    if keeper.left is None:
        return None
    for pid, ticks in sorted(keeper.left, key=lambda each: (each[1], each[0])):
        if (end := keeper.nameless.get((pid, ticks))) is not None:
            if end.session in {0, pid} and not _is_of_another(end, child):
                return end
            continue
        stat, marker = facts.stat_surely(pid), facts.marker(pid)
        if stat is None or stat.state == "Z" or not is_same(stat.start_ticks, ticks) or marker is None:
            return None  # its end is not told yet, or it is loading its program
        if stat.session == pid and marker == child.key:
            return stat
    return "none"


def _is_of_another(end: NamelessEnd, child: Child) -> bool:
    """Return whether an end is that of what another start has left: it was in that one's control group."""
    own, group = PurePath(child.cgroup), PurePath(end.group)
    return group.name != own.name and group.parent.name == own.parent.name


async def _until_told(keeper: Keeper, child: Child, take: Take) -> None:
    """Give the guard, or our own reaper, a moment to say how a process ended."""
    with anyio.move_on_after(TOLD_SECONDS):
        while True:
            take(keeper)
            if child.state in OVER or not is_held(keeper.folder):
                return
            await anyio.sleep(LOOK_SECONDS)


async def _told_by_kernel(hold: int, pid: int) -> int | None:
    """Return how the process of a pidfd ended; the kernel tells it when somebody has reaped the process, which may take time."""
    with anyio.move_on_after(REAPED_SECONDS):
        while hold >= 0:
            is_reaped = facts.read_stat(pid) is None
            if (code := exit_code(hold)) is not None or is_reaped:
                return code
            await anyio.sleep(LOOK_SECONDS)
    return None


def exit_code(hold: int) -> int | None:
    """Return how the process of a pidfd ended, negative for a signal, None if the kernel does not tell."""
    answer = bytearray(INFO_BYTES)
    struct.pack_into("Q", answer, 0, INFO_EXIT)
    with suppress(OSError):
        fcntl.ioctl(hold, GET_INFO, answer)
        if struct.unpack_from("Q", answer)[0] & INFO_EXIT:
            return os.waitstatus_to_exitcode(struct.unpack_from("i", answer, CODE_AT)[0])
    return None


def _hold(child: Child) -> int:
    """Return a pidfd of our own on the process, -1 without one."""
    with suppress(OSError):  # no descriptor is left
        if child.hold < 0 and _is_alive(child):
            child.watch()
        return os.dup(child.hold) if child.hold >= 0 else -1
    return -1


def _is_alive(child: Child) -> bool:
    stat = facts.stat_surely(child.pid)
    return stat is not None and stat.state != "Z" and is_same(stat.start_ticks, child.start_ticks)


def _end_unborn(keeper: Keeper) -> bool:
    """End a process that still shows the keeper's own command line: it has not begun its program, and must not any more.

    Returns whether there was one.
    """
    found = False
    for stat in facts.all_stats().values():
        line = facts.read_surely(f"/proc/{stat.pid}/cmdline")
        if stat.pid != keeper.guard and os.fsencode(keeper.folder) in line and b"program.py" in line:
            deadline = time.monotonic() + TOLD_SECONDS
            with suppress(PermissionError):  # another user's, who only names the folder
                found |= send_signal(stat.pid, stat.start_ticks, signal.SIGKILL)
            while (now := facts.read_stat(stat.pid)) and now.state != "Z" and time.monotonic() < deadline:
                time.sleep(LOOK_SECONDS)
    return found


def _playing(key: str) -> facts.Stat | None:
    """Return the living process of an attempt that surely is its first one: a shell that has not become another program."""
    play = b"\0-c\0" + PLAY.encode() + b"\0"
    leaders = (stat for stat in facts.all_stats().values() if stat.session == stat.pid)
    playing = (stat for stat in leaders if play in facts.read_surely(f"/proc/{stat.pid}/cmdline"))
    return next((stat for stat in playing if facts.marker(stat.pid) == key), None)
