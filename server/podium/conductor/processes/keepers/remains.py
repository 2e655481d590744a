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
from pathlib import PurePath

import anyio
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.identity import is_same, send_signal
from podium.conductor.processes.keepers.child import OVER, Child
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

    It is lost only if there may have been one that nobody saw end.
    """
    if await run_sync(_end_unborn, keeper):
        child.fail("refused", NEVER_BEGAN)
        return
    if await _goes_on(keeper, child, take):
        return
    await _until_told(keeper, child, take)
    take(keeper)  # the guard's last word may have come just now
    if child.state in OVER:
        return
    ends = _ends_of(keeper, child)
    if len(ends) == 1:
        child.end(ends[0].code, ends[0].at)
    elif await _goes_on(keeper, child, take):  # a process that was loading its program has told nothing before
        return
    elif not _nameless(keeper, child) and await run_sync(_guard_has_none, keeper, child):
        child.fail("refused", NEVER_BEGAN)
    else:
        child.fail("lost", "its keeper ended while starting it")


async def _goes_on(keeper: Keeper, child: Child, take: Take) -> bool:
    """Follow the process of a start to its end if it lives; return False if it does not.

    Of those that live, and of those that ended and nobody named, it is the one that began first: the others are its children.
    """
    living = await run_sync(_marked, child.key, child.begun_at)
    take(keeper)
    if living is None or any(end.start_ticks < living.start_ticks for end in _ends_of(keeper, child)):
        return False
    child.run(living.pid, living.start_ticks, child.cgroup)
    await watch(keeper, child, take)
    return True


def _ends_of(keeper: Keeper, child: Child) -> list[NamelessEnd]:
    """Return the ends that nobody named and that may be of this start."""
    return [end for end in _nameless(keeper, child) if _may_be_of(child.begun_at, end.start_ticks)]


def _nameless(keeper: Keeper, child: Child) -> list[NamelessEnd]:
    """Return the ends that nobody named, without those in the control group of another start: of what that has left."""
    own = PurePath(child.cgroup)
    groups = ((end, PurePath(end.group)) for end in keeper.nameless.values())
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


def _marked(key: str, begun_at: float) -> facts.Stat | None:
    """Return the living first process of an attempt, known by its environment and its session.

    One that may be it and is just loading its program shows no environment; it is waited for, within a bound.
    """
    for look in range(LOADING_LOOKS):
        if look:
            time.sleep(LOOK_SECONDS)
        leaders = [stat for stat in facts.all_stats().values() if stat.session == stat.pid]
        told = [(stat, facts.marker(stat.pid)) for stat in leaders]
        found = [stat for stat, marker in told if marker == key]
        if found:
            return min(found, key=lambda stat: (stat.start_ticks, stat.pid))
        if not any(marker is None and _may_be_of(begun_at, stat.start_ticks) for stat, marker in told):
            break
    return None
