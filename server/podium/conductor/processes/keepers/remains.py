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

import anyio
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.identity import is_same, send_signal
from podium.conductor.processes.keepers.child import OVER, Child
from podium.conductor.processes.keepers.keeper import Keeper
from podium.conductor.processes.keepers.link import is_held

RESTARTED = "the machine restarted"
TOLD_SECONDS = 2.0  # for the guard to write an end
LOOK_SECONDS = 0.02
POLL_SECONDS = 0.5
INFO_BYTES, INFO_EXIT = 64, 1 << 3
GET_INFO = (3 << 30) | (INFO_BYTES << 16) | (0xFF << 8) | 11
Take = Callable[[Keeper], None]
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
            code = await _told_by_kernel(hold)
            if code is None:
                child.fail("lost", "it ended while neither the conductor nor its keeper nor the keeper's guard lived")
            else:
                child.end(code, time.time())
    finally:
        if hold >= 0:
            os.close(hold)


async def settle(keeper: Keeper, child: Child, take: Take) -> None:
    """Find out about a start that the keeper has begun and not finished: the process, or its end, or that it is lost."""
    await run_sync(_end_unborn, keeper)
    living = await run_sync(_marked, child.key)
    if living is not None:
        child.run(living.pid, living.start_ticks, child.cgroup)
        await watch(keeper, child, take)
        return
    await _until_told(keeper, child, take)
    if child.state not in OVER:
        if len(keeper.nameless) == 1:
            child.end(*keeper.nameless.popitem()[1])
        else:
            child.fail("lost", "its keeper ended while starting it")


async def _until_told(keeper: Keeper, child: Child, take: Take) -> None:
    """Give the guard, or our own reaper, a moment to say how a process ended."""
    with anyio.move_on_after(TOLD_SECONDS):
        while True:
            take(keeper)
            if child.state in OVER or (child.state == "begun" and keeper.nameless) or not is_held(keeper.folder):
                return
            await anyio.sleep(LOOK_SECONDS)


async def _told_by_kernel(hold: int) -> int | None:
    """Return how the process of a pidfd ended; the kernel tells it when somebody has reaped the process."""
    with anyio.move_on_after(TOLD_SECONDS):
        while hold >= 0:
            if (code := exit_code(hold)) is not None:
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


def _end_unborn(keeper: Keeper) -> None:
    """End a process that still shows the keeper's own command line: it has not begun its program, and must not any more."""
    for stat in facts.all_stats().values():
        line = facts.read(f"/proc/{stat.pid}/cmdline")
        if stat.pid != keeper.guard and os.fsencode(keeper.folder) in line and b"program.py" in line:
            deadline = time.monotonic() + TOLD_SECONDS
            with suppress(PermissionError):  # another user's, who only names the folder
                send_signal(stat.pid, stat.start_ticks, signal.SIGKILL)
            while (now := facts.read_stat(stat.pid)) and now.state != "Z" and time.monotonic() < deadline:
                time.sleep(LOOK_SECONDS)


def _marked(key: str) -> facts.Stat | None:
    """Return the living first process of an attempt, known by its environment and its session."""
    stats = facts.all_stats().values()
    return next((stat for stat in stats if stat.session == stat.pid and facts.marker(stat.pid) == key), None)
