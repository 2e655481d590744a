"""The members of an attempt and their end.

A member is in the attempt's cgroup, if it has one, or in the session or group of the attempt's first process, or has its key in
its environment, or descends from a process that is. Without a cgroup, a process that clears its environment, leaves the session
and loses its parent is not found.
"""

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import anyio
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroup
from podium.conductor.processes.chase import chase, is_of
from podium.conductor.processes.facts import Stat
from podium.conductor.processes.identity import is_same, send_signal
from podium.conductor.processes.patience import AGAIN_SECONDS
from podium.conductor.processes.survivors import FOREIGN, TOO_FAST, UNMOVED, survivors
from podium.contract.models import Survivor
from podium.log import get_logger

LOOK_SECONDS = (0.01, 0.1)  # between two looks at what is being ended: the first pause, doubled up to the second
FORCE_SECONDS = 5.0  # of KILL before we give up on what does not end
CHASES = 3  # without meeting anything, on a machine where others fork all the time
CHASE_SECONDS = 0.5  # of looking at each new process
RESCAN_SECONDS = 1.0  # how often new members are looked for while known ones still run
SECOND_LOOK_SECONDS = 0.01

Identified = tuple[int, int]
"""A process: its pid and start time."""
Orphans = Callable[[], set[int] | None]
"""Lists the processes that were adopted from ended ones; None if that cannot be known."""

log = get_logger()


@dataclass(frozen=True)
class Ended:
    """What became of a tree: how many processes were ended, not counting the first one, and which could not be."""

    count: int = 0
    survivors: tuple[Survivor, ...] = ()


class Snapshot:
    """The processes at one moment. Each environment is read at most once, when it is needed.

    Raises:
        OSError: no descriptor is left, here as at the reading of environments.
    """

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


def _may_have_member(pids: Iterable[int], key: str, group: int | None) -> bool:
    """Return whether one of these processes may be a member of the attempt, or may have left one. Costs less than a scan."""
    for pid in pids:
        stat = facts.read_stat(pid)
        if stat is None or stat.state == "Z" or (group is not None and group in (stat.session, stat.group)):
            return True  # one that has just ended may have gone on in another
        marker = facts.marker(pid)
        if marker is None or is_of(marker, key):
            return True
    return False


async def end_tree(
    key: str, group: int | None, grace_seconds: float, cgroup: Cgroup | None = None, orphans: Orphans = lambda: None
) -> Ended:
    """End an attempt's members: TERM, the grace period, then KILL until none is left. Bounded even if one cannot be killed.

    With a cgroup the end is believed when the kernel says that the group has no living member, without one when two looks find
    none and nothing of the attempt is among the orphans, or where those are not known, nothing new of it appears. While no
    descriptor is left nothing is known, and this goes on.
    """
    hunt, deadline = Hunt(key, group, cgroup, orphans), anyio.current_time() + grace_seconds
    while True:
        try:
            over = False
            with anyio.CancelScope(deadline=deadline):
                over = await hunt.ask()
            left = () if over else await hunt.force()
            return Ended(hunt.ended, left)
        except OSError as error:
            log.warning("tree_unknown", attempt=key, error=str(error))
            await anyio.sleep(AGAIN_SECONDS)


def may_have_left(orphans: set[int] | None, key: str, group: int, cgroup: Cgroup | None = None) -> bool:
    """Return whether an attempt may have left processes after its first one: a cheap question before a scan.

    `orphans` are the processes that were adopted from ended attempts, None if that is not known.
    """
    try:
        populated = cgroup is not None and cgroup.is_populated()
        return populated or orphans is None or _may_have_member(orphans, key, group)
    except OSError:  # no descriptor is left
        return True


class Hunt:
    """The ending of one tree, and what it has signalled so far. `group` is the pid of its first process, if that is known."""

    def __init__(
        self, key: str, group: int | None, cgroup: Cgroup | None = None, orphans: Orphans = lambda: None
    ) -> None:
        self._key = key
        self._group = group
        self._cgroup = cgroup
        self._orphans = orphans
        self._asked: set[Identified] = set()
        self._hit: set[Identified] = set()
        self._refused: set[Identified] = set()  # another user's
        self._unseen = False  # some were ended that no look found
        self._last_pid = 0  # the newest one of the machine when no member was found

    @property
    def ended(self) -> int:
        """The number of processes that got a signal from us, not counting the first one."""
        return max(sum(pid != self._group for pid, _ in self._hit), int(self._unseen))

    async def ask(self) -> bool:
        """Send TERM to each member once, until none is left; return False as soon as all that are left are another user's."""
        while (members := await self._members()) or await self._forks_unseen(signal.SIGTERM):
            fresh = [stat for stat in members if _identified(stat) not in self._asked]
            await run_sync(self._send, fresh, signal.SIGTERM)
            self._asked |= {_identified(stat) for stat in fresh}
            await run_sync(self._send, fresh, signal.SIGCONT)  # so that the traps of a stopped one run
            if self._cgroup is not None:
                await run_sync(self._cgroup.thaw)  # so do those of frozen ones
            ours = self._ours(members)
            await _gone(ours or members)  # another user's may end with ours
            if members and not ours and await self._members():
                return False
        return True

    async def force(self) -> tuple[Survivor, ...]:
        """Send KILL in sweeps until none is left; return what lives on."""
        members: list[Stat] = []
        deadline, sweep = anyio.current_time() + FORCE_SECONDS, 0
        while anyio.current_time() < deadline:
            if self._cgroup is not None:
                await run_sync(self._count_and_kill_group, self._cgroup)
                await self._group_gone(self._cgroup)
            members = await self._members()
            if not members and not await self._forks_unseen(signal.SIGKILL):
                return ()
            await run_sync(self._send, members, signal.SIGKILL)  # parents first: a shell must not run its next command
            sweep += 1
            if sweep > 1:
                await run_sync(self._kill_groups, members)
            await _gone(self._ours(members))
            if members and not self._ours(members) and (members := await self._members()) and not self._ours(members):
                break
        return await self._lives_on(members)

    async def _members(self) -> list[Stat]:
        """Return the members that are left. To find none takes two looks: a process shows no environment while it loads."""
        self._last_pid = facts.newest_pid()
        for pause in (SECOND_LOOK_SECONDS, 0):
            if members := await run_sync(self._look):
                return members
            await anyio.sleep(pause)
        return []

    async def _forks_unseen(self, number: signal.Signals) -> bool:
        """Return whether members live that no look finds, because each has gone on in another process when it is looked at."""
        if self._cgroup is not None and self._cgroup.exists():
            if populated := self._cgroup.is_populated():
                self._unseen = True
                await run_sync(chase, self._key, number, CHASE_SECONDS)
            return populated
        if facts.newest_pid() == self._last_pid:
            return False  # nothing on the machine has forked since before the first look: it saw all
        for _ in range(CHASES):
            if not self._may_be_adopted(unknown=True):
                return False
            if (await run_sync(chase, self._key, number, CHASE_SECONDS)).met:
                self._unseen = True
                return True  # it may be over: the next round finds out
            before = facts.newest_pid()
            if await run_sync(self._look):
                return True
            if facts.newest_pid() == before:
                return False
        return self._may_be_adopted(unknown=False)

    def _may_be_adopted(self, *, unknown: bool) -> bool:
        """Return whether one that is not seen may live: each of them was adopted when the one before it ended.

        `unknown` is the answer where nobody knows what was adopted.
        """
        orphans = self._orphans()
        return unknown if orphans is None else _may_have_member(orphans, self._key, self._group)

    def _look(self) -> list[Stat]:
        """Return the members, parents first: a shell must not see its child end and run the next command."""
        inside = self._cgroup.pids() if self._cgroup else ()
        members = Snapshot().members(self._key, self._group, inside).values()
        return sorted(members, key=lambda stat: (stat.start_ticks, stat.pid))

    def _ours(self, members: list[Stat]) -> list[Stat]:
        return [stat for stat in members if _identified(stat) not in self._refused]

    def _send(self, targets: list[Stat], number: signal.Signals) -> None:
        for stat in targets:
            try:
                if send_signal(stat.pid, stat.start_ticks, number):
                    self._hit.add(_identified(stat))
            except PermissionError:
                self._refused.add(_identified(stat))

    def _count_and_kill_group(self, cgroup: Cgroup) -> None:
        """Send KILL to the whole cgroup, processes that fork faster than we look and another user's among them."""
        if not cgroup.is_populated():
            return
        stats = [facts.read_stat(pid) for pid in cgroup.pids()]
        found = {_identified(stat) for stat in stats if stat is not None and stat.state != "Z"}
        self._hit |= found
        self._unseen |= not found  # populated all the same: each had gone on in another process
        cgroup.kill()

    async def _group_gone(self, cgroup: Cgroup) -> None:
        """Return when the kernel says that the group is empty, or after a while."""
        pause, longest = LOOK_SECONDS
        with anyio.move_on_after(RESCAN_SECONDS):
            while cgroup.is_populated():
                await anyio.sleep(pause)
                pause = min(2 * pause, longest)

    def _kill_groups(self, members: list[Stat]) -> None:
        """Send KILL to whole process groups: that reaches what is being forked, too."""
        for group in {stat.group for stat in self._ours(members)} - {os.getpgrp(), 0}:
            with suppress(OSError):
                os.killpg(group, signal.SIGKILL)
                self._unseen = True  # each that a look had found may have gone on in another process

    async def _lives_on(self, members: list[Stat]) -> tuple[Survivor, ...]:
        """Describe what is left when the bound is reached."""
        ours = {stat.pid for stat in self._ours(members)}
        foreign = {stat.pid for stat in members} - ours
        found = survivors(foreign, FOREIGN) + survivors(ours, UNMOVED)
        if not members and (pid := (await run_sync(chase, self._key, signal.SIGKILL, CHASE_SECONDS)).lives_on):
            found = survivors([pid], TOO_FAST)
        if found:
            log.error("tree_not_ended", attempt=self._key, pids=[each.pid for each in found])
        return found


def _identified(stat: Stat) -> Identified:
    return stat.pid, stat.start_ticks


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
