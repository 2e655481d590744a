"""What a dead keeper left: its processes are watched to their end, and the one start that it may have died in is looked into.

How such a process ended is known from whoever reaped it: the guard, this process (the nearest subreaper above, if it started
the keeper), or the kernel, which since Linux 6.15 tells it to the holder of a pidfd (PIDFD_GET_INFO, linux/pidfd.h).
"""

import fcntl
import os
import signal
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePath

import anyio
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.identity import is_same, send_signal
from podium.conductor.processes.keepers.child import OVER, PLAY, Child
from podium.conductor.processes.keepers.keeper import Keeper, NamelessEnd
from podium.conductor.processes.keepers.link import is_held

RESTARTED = "the machine restarted"
NEVER_BEGAN = "its keeper ended before the process began"
START_SECONDS = 2.0  # from the record of a start to the start, at most
CLOCK_SECONDS = 0.05  # by which two clocks may differ
TOLD_SECONDS = 2.0  # for the guard to write an end
REAPED_SECONDS = 10.0  # for whoever has a dead process now to reap it
LOADING_LOOKS = 10  # at a process that does not show its environment yet
LOOK_SECONDS = 0.02
POLL_SECONDS = 0.5
INFO_BYTES, INFO_EXIT = 64, 1 << 3
GET_INFO = (3 << 30) | (INFO_BYTES << 16) | (0xFF << 8) | 11
Take = Callable[[Keeper], bool]
"""Reads on in a keeper's journal."""
CODE_AT = 60  # the offset of exit_code in struct pidfd_info


async def watch(keeper: Keeper, child: Child, take: Take) -> None:
    """Wait for the end of a process that a dead keeper had started, and note it, or that it is lost."""
    hold = _hold(child)
    try:
        while child.state not in OVER and _is_alive(child):
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
    if await run_sync(_end_unborn, keeper):
        child.fail("refused", NEVER_BEGAN)
        return
    living, is_first = await run_sync(_marked, child.key, child.begun_at)
    if not is_first:
        await _until_told(keeper, child, take)
        living, is_first = await run_sync(_marked, child.key, child.begun_at)  # one may have shown nothing before
    take(keeper)  # the guard's last word may have come just now
    if child.state in OVER:
        return
    ended = _nameless(keeper, child)
    all_told = keeper.is_over or is_held(keeper.folder)
    first = living if is_first else _earliest(child.begun_at, living, ended) if all_told else None
    if isinstance(first, facts.Stat):
        child.run(first.pid, first.start_ticks, child.cgroup)
        await watch(keeper, child, take)
    elif first is not None:
        child.end(first.code, first.at)
    elif living is None and not ended and await run_sync(_guard_has_none, keeper, child):
        child.fail("refused", NEVER_BEGAN)
    else:
        child.fail("lost", "its keeper ended while starting it")


def _earliest(begun_at: float, living: facts.Stat | None, ended: list[NamelessEnd]) -> facts.Stat | NamelessEnd | None:
    """Return which process is a start's own, of one that lives and of those that ended: what it leaves begins after it.

    None if none is, or if more than one may be.
    """
    last = (living.start_ticks, living.pid) if living else (sys.maxsize, 0)
    before = [end for end in ended if _may_be_of(begun_at, end.start_ticks) and (end.start_ticks, end.pid) < last]
    return living if not before else before[0] if len(before) == 1 else None


def _nameless(keeper: Keeper, child: Child) -> list[NamelessEnd]:
    """Return the ends that nobody named, without those in the control group of another start: of what that has left."""
    own = PurePath(child.cgroup)
    groups = ((end, PurePath(end.group)) for end in keeper.nameless)
    return [end for end, group in groups if group.name == own.name or group.parent.name != own.parent.name]


def _may_be_of(begun_at: float, start_ticks: int) -> bool:
    """Return whether a process began when a start was begun (seconds since the epoch)."""
    since = facts.booted_at() + start_ticks / facts.TICKS - begun_at
    return -CLOCK_SECONDS <= since <= START_SECONDS


def _guard_has_none(keeper: Keeper, child: Child) -> bool:
    """Return whether the guard lived to inherit all, and has no process that may be this start's: then there was none."""
    if keeper.is_over:
        return True
    if not keeper.is_orphaned or not is_held(keeper.folder) or not facts.TELLS_CHILDREN:
        return False
    known = {child.pid for child in keeper.running}
    pids = {int(pid) for pid in facts.read(f"/proc/{keeper.guard}/task/{keeper.guard}/children").split()} - known
    stats = [stat for pid in pids - {keeper.pid} if (stat := facts.read_stat(pid))]
    # One that leads a session and tells no other key may be it, just ended or not to be looked into.
    others = all(stat.session != stat.pid or facts.marker(stat.pid) not in {None, "", child.key} for stat in stats)
    return others and is_held(keeper.folder)


async def _until_told(keeper: Keeper, child: Child, take: Take) -> None:
    """Give the guard, or our own reaper, a moment to say how a process ended."""
    with anyio.move_on_after(TOLD_SECONDS):
        while True:
            take(keeper)
            if (
                child.state in OVER
                or (child.state == "begun" and _nameless(keeper, child))
                or not is_held(keeper.folder)
            ):
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
    if child.hold < 0 and _is_alive(child):
        child.watch()
    return os.dup(child.hold) if child.hold >= 0 else -1


def _is_alive(child: Child) -> bool:
    stat = facts.read_stat(child.pid)
    return stat is not None and stat.state != "Z" and is_same(stat.start_ticks, child.start_ticks)


def _end_unborn(keeper: Keeper) -> bool:
    """End a process that still shows the keeper's own command line: it has not begun its program, and must not any more.

    Returns whether there was one.
    """
    found = False
    for stat in facts.all_stats().values():
        line = facts.read(f"/proc/{stat.pid}/cmdline")
        if stat.pid != keeper.guard and os.fsencode(keeper.folder) in line and b"program.py" in line:
            deadline = time.monotonic() + TOLD_SECONDS
            with suppress(PermissionError):  # another user's, who only names the folder
                found |= send_signal(stat.pid, stat.start_ticks, signal.SIGKILL)
            while (now := facts.read_stat(stat.pid)) and now.state != "Z" and time.monotonic() < deadline:
                time.sleep(LOOK_SECONDS)
    return found


def _marked(key: str, begun_at: float) -> tuple[facts.Stat | None, bool]:
    """Return a living process of an attempt that leads a session, the oldest one, and whether it surely is the first of all.

    One that may be it and is just loading its program shows no environment; it is waited for, within a bound.
    """
    for look in range(LOADING_LOOKS):
        if look:
            time.sleep(LOOK_SECONDS)
        leaders = [stat for stat in facts.all_stats().values() if stat.session == stat.pid]
        told = [(stat, facts.marker(stat.pid)) for stat in leaders]
        found = sorted((stat.start_ticks, stat.pid, stat) for stat, marker in told if marker == key)
        if found:
            first = next((stat for _, pid, stat in found if _plays(pid)), None)
            return first or found[0][2], first is not None
        if not any(marker is None and _may_be_of(begun_at, stat.start_ticks) for stat, marker in told):
            break
    return None, False


def _plays(pid: int) -> bool:
    """Return whether a process is a shell that a keeper started, and that has not become another program."""
    return b"\0-c\0" + PLAY.encode() + b"\0" in facts.read(f"/proc/{pid}/cmdline")
