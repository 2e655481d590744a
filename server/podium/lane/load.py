"""The load of an attempt, as a sign of life that is written again and again."""

from __future__ import annotations

import os
import time

from . import place, processes

MOST_STOPPED = 100  # processes that are told: whoever reads the file reads only so much of it
FIRST_SECONDS = 0.5  # from an attempt's start to its first sign of life: a short one gives none


class Load:
    """The load of the attempt that began just now, with this process as the first."""

    def __init__(self, attempt: str, pid: int) -> None:
        self._path = os.path.join(attempt, place.ALIVE)
        self._pid = pid
        self._began = self._told_at = time.monotonic()
        self._cpu_seconds = 0.0
        self._due = self._began + FIRST_SECONDS

    def is_due(self) -> bool:
        """Return whether it is time for a sign of life."""
        return time.monotonic() >= self._due

    def tell(
        self, members: list[processes.Process], gone_cpu_seconds: float, held_seconds: float, *, holds: bool
    ) -> None:
        """Write what the members use, for how long they were held, and whether all are now.

        Those that have ended used `gone_cpu_seconds`. What cannot be written is of no harm.
        """
        now = time.monotonic()
        cpu_seconds = gone_cpu_seconds + sum(each.cpu_ticks for each in members) / processes.TICKS
        used, passed = cpu_seconds - self._cpu_seconds, now - self._told_at
        self._cpu_seconds, self._told_at, self._due = cpu_seconds, now, now + place.ALIVE_SECONDS
        value = {
            "pid": self._pid,
            "processes": len(members),
            "cpu_seconds": round(cpu_seconds, 3),
            "cpu_percent": round(100 * max(0.0, used) / passed, 1) if passed > 0 else 0.0,
            "memory_bytes": sum(each.resident_bytes for each in members),
            "uptime": round(now - self._began, 3),
            "held_seconds": round(held_seconds, 3),
            "holds": holds,
            "stopped": [each.pid for each in members if each.state in "Tt"][:MOST_STOPPED],
        }
        try:
            place.write_file(self._path, value)
        except OSError:
            return
