"""The members of an attempt and their end.

A member is in the attempt's cgroup, if it has one, or in the session or group of the attempt's first process, or has its key in
its environment, or descends from a process that is. Without a cgroup, a process that clears its environment, leaves the session
and loses its parent is not found.
"""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import anyio
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroup
from podium.conductor.processes.facts import Stat
from podium.conductor.processes.identity import is_same, send_signal
from podium.log import get_logger

LOOK_SECONDS = (0.01, 0.1)  # between two looks at what is being ended: the first pause, doubled up to the second
RESCAN_SECONDS = 1.0  # how often new members are looked for while known ones still run
SECOND_LOOK_SECONDS = 0.01
SWEEPS = 30  # rounds of KILL before we give up

log = get_logger()


@dataclass(frozen=True)
class Ended:
    """What became of a tree: how many processes were ended."""

    count: int = 0


class Snapshot:
    """The processes at one moment. Each environment is read at most once, when it is needed."""

    def __init__(self) -> None:
        self.stats = facts.all_stats()
        self.stats.pop(os.getpid(), None)
        self._markers: dict[int, str | None] = {}

    def members(self, key: str, group: int | None, inside: Iterable[int] = ()) -> dict[int, Stat]:
        """Return the members of an attempt by pid. `inside` are the pids in its cgroup.

        `group` is the pid of its first process, None if that number may belong to another process by now.
        """
        seeds = {pid for pid, stat in self.stats.items() if group is not None and group in (stat.session, stat.group)}
        found = self._with_descendants(seeds.union(inside).intersection(self.stats))
        for pid in self.stats.keys() - found - self._markers.keys():
            self._markers[pid] = facts.marker(pid)
        marked = {pid for pid in self.stats if pid not in found and is_of(self._markers[pid], key)}
        found |= self._with_descendants(marked)
        return {pid: self.stats[pid] for pid in found}

    def _with_descendants(self, seeds: set[int]) -> set[int]:
        """Return `seeds` and all their descendants."""
        found, new = set(seeds), seeds
        while new:
            new = {pid for pid, stat in self.stats.items() if stat.parent in new and pid not in found}
            found |= new
        return found


def is_of(marker: str | None, key: str) -> bool:
    """Return whether a marker is that of an attempt, or of a check that was run for it (`key#n`)."""
    return marker is not None and (marker == key or marker.startswith(f"{key}#"))


def _may_have_member(pids: Iterable[int], key: str, group: int) -> bool:
    """Return whether one of these processes may be a living member of the attempt: a cheap question before a scan."""
    stats = (facts.read_stat(pid) for pid in pids)
    living = (stat for stat in stats if stat is not None and stat.state != "Z")
    markers = (key if group in (stat.session, stat.group) else facts.marker(stat.pid) for stat in living)
    return any(marker is None or is_of(marker, key) for marker in markers)


async def end_tree(key: str, group: int | None, grace_seconds: float, cgroup: Cgroup | None = None) -> Ended:
    """End an attempt's members: TERM, the grace period, then KILL until none is left. Bounded even if one cannot be killed.

    Returns how many processes were ended, not counting the first one (pid `group`).
    """
    hunt = Hunt(key, group, cgroup)
    with anyio.move_on_after(grace_seconds):
        await hunt.ask()
        return Ended(hunt.ended)
    await hunt.force()
    return Ended(hunt.ended)


def may_have_left(orphans: set[int] | None, key: str, group: int, cgroup: Cgroup | None = None) -> bool:
    """Return whether an attempt may have left processes after its first one: a cheap question before a scan.

    `orphans` are the processes that were adopted from ended attempts, None if that is not known.
    """
    populated = cgroup is not None and cgroup.is_populated()
    return populated or orphans is None or _may_have_member(orphans, key, group)


class Hunt:
    """The ending of one tree, and what it has signalled so far. `group` is the pid of its first process, if that is known."""

    def __init__(self, key: str, group: int | None, cgroup: Cgroup | None = None) -> None:
        self._key = key
        self._group = group
        self._cgroup = cgroup
        self._asked: set[tuple[int, int]] = set()
        self._hit: set[tuple[int, int]] = set()

    @property
    def ended(self) -> int:
        """The number of processes that got a signal from us, not counting the first one."""
        return sum(pid != self._group for pid, _ in self._hit)

    async def ask(self) -> None:
        """Send TERM to each member once, until none is left."""
        while members := await self._members():
            fresh = [stat for stat in members if (stat.pid, stat.start_ticks) not in self._asked]
            self._asked |= {(stat.pid, stat.start_ticks) for stat in fresh}
            await run_sync(self._send, fresh, signal.SIGTERM)
            await _gone(members)

    async def force(self) -> None:
        """Send KILL in sweeps until none is left."""
        for sweep in range(SWEEPS):
            members = await self._members()
            if not members:
                return
            await run_sync(self._send, members, signal.SIGKILL)
            await _gone(members)
            if sweep:
                await run_sync(self._kill_at_once, members)
        log.error("tree_not_ended", attempt=self._key, pids=[stat.pid for stat in members])

    async def _members(self) -> list[Stat]:
        """Return the members that are left. To find none takes two looks: a process shows no environment while it loads."""
        for pause in (SECOND_LOOK_SECONDS, 0):
            if members := await run_sync(self._look):
                return members
            await anyio.sleep(pause)
        return []

    def _look(self) -> list[Stat]:
        """Return the members, parents first: a shell must not see its child end and run the next command."""
        inside = self._cgroup.pids() if self._cgroup else ()
        members = Snapshot().members(self._key, self._group, inside).values()
        return sorted(members, key=lambda stat: (stat.start_ticks, stat.pid))

    def _send(self, targets: list[Stat], number: signal.Signals) -> None:
        self._hit |= {(at.pid, at.start_ticks) for at in targets if send_signal(at.pid, at.start_ticks, number)}

    def _kill_at_once(self, members: list[Stat]) -> None:
        """Send KILL to the whole cgroup and to whole process groups: processes that fork faster than we look cannot escape."""
        if self._cgroup is not None:
            self._cgroup.kill()
        for group in {stat.group for stat in members} - {os.getpgrp()}:
            with suppress(OSError):
                os.killpg(group, signal.SIGKILL)


async def _gone(processes: list[Stat]) -> None:
    """Return when all have ended, or when it is time to look for new members."""

    def any_alive() -> bool:
        stats = ((facts.read_stat(stat.pid), stat) for stat in processes)
        return any(now and now.state != "Z" and is_same(now.start_ticks, then.start_ticks) for now, then in stats)

    pause, longest = LOOK_SECONDS
    with anyio.move_on_after(RESCAN_SECONDS):
        while await run_sync(any_alive):
            await anyio.sleep(pause)
            pause = min(2 * pause, longest)
