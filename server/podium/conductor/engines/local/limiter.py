"""What attempts use of this machine: their output is kept within limits, those that write none for too long are found, and their
cgroups are removed after them.
"""

from collections.abc import Callable, Set
from pathlib import Path

import anyio
from anyio.to_thread import run_sync

from podium.conductor.engines.local.attempt import Running
from podium.conductor.engines.local.limits.output import MOST_SECONDS, Look, Output, OutputLimits
from podium.conductor.processes.cgroup import Cgroups
from podium.log import get_logger

log = get_logger()


class Upkeep:
    """Knows the attempts of an engine, and calls `beyond` with one whose output exceeds a limit, and with which, and `stale` with
    one that has written nothing for longer than it may.

    `run` is its only task; it sleeps while there are none.
    """

    def __init__(self, limits: OutputLimits, cgroups: Cgroups | None, beyond: Callable[[Running, str], None],
                 stale: Callable[[Running], None]) -> None:  # fmt: skip
        self._output = Output(limits)
        self._beyond = beyond
        self._stale = stale
        self._cgroups = cgroups
        self._running: dict[Path, Running] = {}
        self._ended: list[Running] = []
        self._changed = anyio.Event()

    def begin(self, running: Running) -> None:
        """Take care of an attempt from now on."""
        self._running[running.folder.path] = running
        self._changed.set()

    def end(self, running: Running) -> None:
        """Clean up after an attempt that has ended."""
        del self._running[running.folder.path]
        self._ended.append(running)

    def group_of(self, key: str) -> str:
        """Return the folder of the cgroup that an attempt gets, "" if this machine has none."""
        return self._cgroups.of(key).place if self._cgroups else ""

    def clean(self) -> None:
        """Remove the cgroups of attempts that are not taken care of any more. Blocks."""
        if self._cgroups:
            self._cgroups.clean({running.key for running in self._running.values()})

    async def run(self) -> None:
        """Check the attempts as often as their output requires, until cancelled."""
        pause = MOST_SECONDS
        while True:
            if not self._running and not self._ended:
                self._changed = anyio.Event()
                await self._changed.wait()
            await anyio.sleep(pause)
            ended = self._ended[:]
            suspended = {path for path, running in self._running.items() if running.is_suspended}
            look = await run_sync(self._look, list(self._running), ended, suspended)
            del self._ended[: len(ended)]  # not before: cancelled on the way to a thread, this leaves them to `close`
            pause = look.seconds
            for folder, why in look.beyond.items():
                if running := self._running.get(folder):
                    self._beyond(running, why)
            for running in list(self._running.values()):
                limit = running.spec.quiet_seconds
                if (
                    limit is not None
                    and not running.is_suspended
                    and self._output.quiet_seconds(running.folder.path) >= limit
                ):
                    self._stale(running)

    def _look(self, running: list[Path], ended: list[Running], suspended: Set[Path]) -> Look:
        try:
            for each in ended:
                if each.cgroup and not each.cgroup.remove():
                    log.warning("cgroup_left", attempt=each.key, path=each.cgroup.place)
            return self._output.look(running, [each.folder.path for each in ended], suspended)
        except OSError as error:
            log.warning("output_unknown", error=str(error))
            return Look({}, MOST_SECONDS)

    def close(self) -> None:
        """Clean up after attempts that have ended; running ones are left alone. Blocks."""
        self._look([], self._ended, set())
        if self._cgroups:
            self._cgroups.close()
