"""Stopping the processes of an attempt where they are, and letting them go on: by its cgroup, else by signals.

Without a cgroup each member gets SIGSTOP, as long as looks find one that runs: what has been forked meanwhile is found by the
next one. A member that waits for its disk cannot be seen to stop; it does when it would run again. A process that somebody else
had stopped before goes on with the others.
"""

import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import anyio
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroup
from podium.conductor.processes.identity import send_signal
from podium.conductor.processes.patience import known
from podium.conductor.processes.tree import Snapshot

SUSPEND_SECONDS = 5.0  # for all members to stop
LOOK_SECONDS = (0.005, 0.1)  # between two looks: the first pause, doubled up to the second
LOOKS = 2  # in a row that find nothing that runs


async def suspend_tree(key: str, group: int | None, cgroup: Cgroup | None, wanted: Callable[[], bool]) -> bool:
    """Stop every member of an attempt; return False if that is not possible, or not `wanted` any more.

    Then some may have stopped: let them go on.
    """
    sent: set[tuple[int, int]] = set()
    still, (pause, longest) = 0, LOOK_SECONDS
    with suppress(OSError), anyio.move_on_after(SUSPEND_SECONDS):  # one is another user's, or no descriptor is left
        frozen = cgroup is not None and await run_sync(cgroup.freeze)
        while wanted():
            if frozen and cgroup is not None:
                still = LOOKS if cgroup.is_frozen() else 0
            else:
                still = 0 if await run_sync(_stop_running, key, group, sent) else still + 1
            if still == LOOKS:
                return True
            await anyio.sleep(pause)
            pause = min(2 * pause, longest)
    return False


async def resume_tree(key: str, group: int | None, cgroup: Cgroup | None) -> None:
    """Let every member of an attempt go on, however long it takes until the system lets us."""
    if cgroup is None or not await known(cgroup.thaw):
        await known(partial(_continue, key, group))


def is_suspended(group: int | None, cgroup: Cgroup | None) -> bool:
    """Return whether an attempt does not run, as far as the kernel tells by a look at its cgroup and its first process.

    Raises:
        OSError: no descriptor is left.
    """
    if cgroup is not None and cgroup.is_frozen():
        return True
    stat = facts.stat_surely(group) if group is not None else None
    return stat is not None and facts.is_stopped(stat)


def _stop_running(key: str, group: int | None, sent: set[tuple[int, int]]) -> bool:
    """Send STOP to each member that runs; return whether there was one. `sent` are those that have got it.

    Raises:
        PermissionError: one is another user's.
    """
    running = False
    # Parents first: they make the others.
    for stat in sorted(Snapshot().members(key, group).values(), key=lambda each: each.start_ticks):
        identity = stat.pid, stat.start_ticks
        if not facts.is_stopped(stat) and not (stat.state == "D" and identity in sent):
            running |= send_signal(stat.pid, stat.start_ticks, signal.SIGSTOP)
            sent.add(identity)
    return running


def _continue(key: str, group: int | None) -> None:
    for stat in Snapshot().members(key, group).values():
        with suppress(PermissionError):
            send_signal(stat.pid, stat.start_ticks, signal.SIGCONT)
