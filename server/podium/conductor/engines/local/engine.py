"""The engine of this machine: attempts are processes, their folders are local, and they outlive the conductor.

Closing the engine ends no attempt: the next conductor takes each one over from its folder with `reattach`. If the system refuses
something for now (no descriptors, no memory), an attempt's state is unknown, never lost, and is looked up again.
"""

import errno
import math
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from podium.conductor import faults
from podium.conductor.engines.local import wrapper
from podium.conductor.engines.local.attempt import Process, Running
from podium.conductor.engines.local.folder import LIMITS, AttemptFolder, Origin
from podium.conductor.engines.local.limiter import Upkeep
from podium.conductor.engines.local.limits.output import OutputLimits
from podium.conductor.engines.local.usage import measure
from podium.conductor.engines.port import AttemptSpec, Containment, End, Usage
from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroup, Cgroups
from podium.conductor.processes.identity import Identity, Watch
from podium.conductor.processes.reaper import Reaper
from podium.conductor.processes.spawn import NOWHERE, spawn
from podium.conductor.processes.tree import end_leftovers, end_tree
from podium.log import get_logger

IDENTITY_LOOKS = 100  # a wrapper writes its identity within milliseconds of its claim
LOOK_SECONDS = 0.02
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}  # an attempt that finds no space may start later
RESTARTED = "the machine restarted"
AGAIN_SECONDS = 1.0
LAST_WAIT_SECONDS = 5.0  # for a wrapper after its tree was ended; only one that cannot be killed takes so long

log = get_logger()


class _StoppedFirst(Exception):
    """A stop came before the wrapper was started."""


class LocalEngine:
    """An `Engine` (see `port`) on this machine. Open it inside an open `Reaper`. Without `cgroups` attempts have none.

    The keys of its home's attempts begin with the home's `mark`; an attempt of another home that may still run is not taken over.
    """

    def __init__(self, reaper: Reaper, limits: OutputLimits | None = None, cgroups: Cgroups | None = None, *,
                 mark: str = "") -> None:  # fmt: skip
        self._reaper = reaper
        self._prefix = f"{mark}." if mark else ""
        self._upkeep = Upkeep(limits or OutputLimits(), cgroups)
        self.containment: Containment = "cgroup" if cgroups else "environment"
        self._env = dict(os.environ)
        self._boot_id = facts.boot_id()
        self._bash = shutil.which("bash") or "/bin/bash"
        self._running: dict[str, Running] = {}
        # Unbounded, but each attempt puts at most one end into it.
        self._ends, self._changes = anyio.create_memory_object_stream[End](math.inf)
        self._tasks: TaskGroup = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._upkeep.run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        try:
            return await self._tasks.__aexit__(kind, error, trace)
        finally:
            self._ends.close()
            self._changes.close()
            with anyio.CancelScope(shield=True):
                await run_sync(self._upkeep.close)

    async def submit(self, spec: AttemptSpec) -> None:
        """Start an attempt. If it was prepared before, it is taken over instead."""
        if spec.key in self._running:
            return
        running = self._begin(spec)
        try:
            child = await self._reaper.launch(partial(self._start, running))
        except _StoppedFirst:
            self._report(running.never_begun())
        except FileExistsError:
            self._tasks.start_soon(self._attend, running, partial(self._adopt, running))
        except (OSError, ValueError) as error:
            full = isinstance(error, OSError) and error.errno in FULL
            if full:
                await run_sync(shutil.rmtree, spec.folder, True)
            why = (isinstance(error, OSError) and error.strerror) or str(error)  # without the paths of our own files
            self._report(running.end("never_started" if full else "launch_failed", detail=why))
        else:
            follow = partial(self._follow, running, child, running.spec.timeout_seconds)
            self._tasks.start_soon(self._attend, running, follow)

    async def reattach(self, spec: AttemptSpec) -> None:
        """Take over what an earlier conductor may have started, from the attempt's folder."""
        if spec.key not in self._running:
            running = self._begin(spec)
            self._tasks.start_soon(self._attend, running, partial(self._adopt, running))

    def changes(self) -> AsyncIterator[End]:
        """Return the stream of ends; there is only one, so it may have only one reader."""
        return self._changes

    async def cancel(self, key: str, *, grace_seconds: float) -> None:
        """Ask for the end of an attempt's tree. It is not an error if the attempt has ended."""
        if running := self._running.get(key):
            running.stop("cancelled", grace_seconds)

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return the load of those of these attempts that run. Takes a fifth of a second."""
        known = ((key, self._running.get(key)) for key in keys)
        return await measure({key: running.group for key, running in known if running and running.group is not None})

    async def clean(self) -> None:
        """Remove what earlier conductors left of attempts that are not re-attached. Call it after the last `reattach`."""
        await run_sync(self._upkeep.clean)

    # -- the life of one attempt ----------------------------------------------------------------------------------

    def _begin(self, spec: AttemptSpec) -> Running:
        running = self._running[spec.key] = Running(spec)
        self._upkeep.begin(running)
        return running

    def _start(self, running: Running) -> int:
        """Write the attempt's folder, make its cgroup and start its wrapper, unless a stop came first. Blocks."""
        spec, folder = running.spec, running.folder
        group = running.cgroup = self._upkeep.make_group(running.key)
        folder.prepare(spec, Origin(self._boot_id, str(group.path) if group else None))
        faults.point("after_prepare")
        if running.stopped:
            raise _StoppedFirst
        command = wrapper.command(
            spec.argv or (self._bash, str(folder.script)),
            folder=folder.path,
            workspace=spec.workspace,
            boot_id=self._boot_id,
            cgroup=str(group.path) if group else "",
        )
        return spawn(
            command,
            {**self._env, **spec.env, facts.MARKER: spec.key},
            stdin=folder.script if spec.stdin_script else NOWHERE,
            stdout=folder.stdout,
            stderr=folder.stderr,
            new_stdout=True,  # the claim
        )

    async def _attend(self, running: Running, step: Callable[[], Awaitable[None]]) -> None:
        """Follow an attempt to its end; if the system refuses something for now, take the attempt over again."""
        while True:
            try:
                return await step()
            except OSError as error:
                log.warning("attempt_unknown", attempt=running.key, error=str(error))
                await anyio.sleep(AGAIN_SECONDS)
                step = partial(self._adopt, running)

    async def _follow(self, running: Running, process: Process, limit_seconds: float | None) -> None:
        """Wait for the end, or bring it about; then end what is left of the tree and report."""
        running.group = process.pid
        reason = await running.until_end(process, limit_seconds)
        if reason in LIMITS:
            try:
                await run_sync(running.folder.note_stop, reason)
            except OSError as error:  # the stop happens even without the note
                log.warning("stop_not_noted", folder=str(running.folder.path), error=str(error))
            faults.point("after_stop_noted")
        ended = await end_tree(running.key, process.pid, running.grace_seconds, running.cgroup) if reason else 0
        status = None
        with anyio.move_on_after(LAST_WAIT_SECONDS):
            status = await process.wait()
        if reason is None:
            # The tree of a wrapper that was killed, or was not our child, may have other parents than us.
            orphans = None if status is None or status < 0 else self._reaper.orphans()
            ended = await end_leftovers(orphans, running.key, process.pid, running.grace_seconds, running.cgroup)
        self._report(running.conclude(reason, status, ended, "its wrapper ended without an exit record"))

    async def _adopt(self, running: Running) -> None:
        """Find out what became of an attempt, and follow it if it still runs."""
        origin = await run_sync(running.folder.read_origin)
        running.noted = await run_sync(running.folder.read_stop)
        if running.noted:
            running.stop(running.noted, running.spec.grace_seconds, "an earlier conductor began to stop it")
        running.cgroup = Cgroup(Path(origin.cgroup)) if origin and origin.cgroup else None
        # Begun in another home, and not before the machine started: it may still run there.
        foreign = not running.key.startswith(self._prefix) and (origin is None or origin.boot_id == self._boot_id)
        if foreign and await run_sync(running.folder.read_exit) is None:
            self._report(running.end("elsewhere"))
            return
        if await run_sync(running.folder.try_claim):
            faults.point("after_claim")
            await end_tree(running.key, None, running.grace_seconds, running.cgroup)  # its skip command may still run
            # A claim that was not yet on the disk is lost if the machine stops. The clock, which may have been set meanwhile,
            # decides only if not even the folder reached the disk.
            restarted = origin.boot_id != self._boot_id if origin else 0 < running.spec.intended_at < facts.booted_at()
            self._report(running.end("lost", detail=RESTARTED) if restarted else running.end("never_started"))
            return
        identity = await _identity(running.folder)
        watch = Watch.open(identity) if identity else None
        if watch is None or identity is None:
            # Reported only when nothing of its tree runs any more.
            ended = await end_tree(running.key, None, running.grace_seconds, running.cgroup)
            known = identity or origin
            restarted = known is not None and known.boot_id != self._boot_id
            detail = RESTARTED if restarted else "its processes are gone and left no exit record"
            self._report(running.conclude(running.noted, None, ended, detail))
            return
        with closing(watch):
            limit = running.spec.timeout_seconds
            left = None if limit is None else limit - facts.age_seconds(identity.start_ticks)
            await self._follow(running, watch, left)

    def _report(self, end: End) -> None:
        self._upkeep.end(self._running.pop(end.key))
        self._ends.send_nowait(end)


async def _identity(folder: AttemptFolder) -> Identity | None:
    """Return the process that runs a claimed attempt. The claim may be only milliseconds old, so this waits, within a bound."""
    for _ in range(IDENTITY_LOOKS):
        if identity := await run_sync(folder.read_identity):
            return identity
        await anyio.sleep(LOOK_SECONDS)
    return None
