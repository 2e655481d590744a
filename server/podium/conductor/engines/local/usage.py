"""The load of running attempts, each with its whole tree."""

import time
from collections.abc import Mapping

import anyio
from anyio.to_thread import run_sync

from podium.conductor.engines.port import Usage
from podium.conductor.processes import facts
from podium.conductor.processes.facts import Stat, is_stopped
from podium.conductor.processes.tree import Snapshot

WINDOW_SECONDS = 0.2  # the system counts in hundredths of a second; a mean over less than 100 ms means little

Sample = dict[str, list[Stat]]


async def measure(groups: Mapping[str, int]) -> dict[str, Usage]:
    """Return the load of attempts, given the pid of each one's first process. Takes a fifth of a second."""
    if not groups:
        return {}

    def first() -> Sample:
        now = Snapshot()
        return {key: list(now.members(key, pid).values()) for key, pid in groups.items()}

    before = await run_sync(first)
    began = time.monotonic()
    await anyio.sleep(WINDOW_SECONDS)
    after = await run_sync(_again, before)
    elapsed = time.monotonic() - began
    return {key: _usage(pid, before[key], after[key], elapsed) for key, pid in groups.items()}


def _again(before: Sample) -> Sample:
    """Look at the same processes again. The time of those that have ended is counted with the parents that reaped them."""
    return {key: [now for stat in stats if (now := facts.read_stat(stat.pid))] for key, stats in before.items()}


def _usage(pid: int, before: list[Stat], after: list[Stat], elapsed: float) -> Usage:
    first = next((stat for stat in after if stat.pid == pid), None)
    used = max(0, _ticks(after) - _ticks(before)) / facts.TICKS
    return Usage(
        pid=pid,
        processes=len(after),
        alive=first is not None and first.state != "Z",
        zombie=first is not None and first.state == "Z",
        cpu_percent=round(100 * used / elapsed, 1),
        cpu_seconds=_ticks(after) / facts.TICKS,
        memory_mb=round(sum(stat.resident_bytes for stat in after) / 1024**2, 1),
        uptime_seconds=None if first is None else round(facts.age_seconds(first.start_ticks), 2),
        stopped=tuple(sorted(stat.pid for stat in after if is_stopped(stat))),
        pids=tuple(sorted(stat.pid for stat in after)),
    )


def _ticks(stats: list[Stat]) -> int:
    return sum(stat.cpu_ticks for stat in stats)
