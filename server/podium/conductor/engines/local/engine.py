"""The engine of this machine: attempts are processes, their folders are local, and they outlive the conductor.

Leaving the engine ends no attempt: the next conductor takes each over with `reattach`, from its folder. What the system refuses
for now (no descriptors, no memory) makes an attempt's end unknown, never lost: it is looked at again.
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
from podium.conductor.engines.port import AttemptSpec, Containment, End, EndReason, Usage
from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroup, Cgroups
from podium.conductor.processes.identity import Identity, Watch
from podium.conductor.processes.reaper import Reaper
from podium.conductor.processes.spawn import NOWHERE, spawn
from podium.conductor.processes.tree import end_leftovers, end_tree
from podium.log import get_logger

IDENTITY_LOOKS = 100  # a wrapper writes its identity within milliseconds of its claim
LOOK_SECONDS = 0.02
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}  # an attempt that finds no room may start later
RESTARTED = "the machine restarted"
AGAIN_SECONDS = 1.0
LAST_WAIT_SECONDS = 5.0  # for a wrapper after its tree was ended; only one that cannot be killed takes it all

log = get_logger()


class _StoppedFirst(Exception):
    """A stop came before the wrapper was started."""


class LocalEngine:
    """An `Engine` (see `port`) on this machine. Open it inside an open `Reaper`. Without `cgroups` attempts have none.

    The keys of its home's attempts begin with the home's `mark`; of any other it takes none over that may still run.
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
        # Unbounded, but an attempt in flight is at most one end in it.
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
        """Start an attempt. One that was prepared before, by whomever, is taken over instead."""
        if spec.key in self._running:
            return
        running = self._begin(spec)
        try:
            child = await self._reaper.launch(partial(self._start, running))
        except _StoppedFirst:
            self._report(running.never_begun())
        except FileExistsError:
            self._attend(running, partial(self._adopt, running))
        except (OSError, ValueError) as error:
            full = isinstance(error, OSError) and error.errno in FULL
            if full:
                await run_sync(shutil.rmtree, spec.folder, True)
            self._report(running.end("never_started" if full else "launch_failed", detail=_why(error)))
        else:
            self._attend(running, partial(self._follow, running, child, running.spec.timeout_seconds))

    async def reattach(self, spec: AttemptSpec) -> None:
        """Take over what an earlier conductor may have started, from the attempt's folder."""
        if spec.key not in self._running:
            running = self._begin(spec)
            self._attend(running, partial(self._adopt, running))

    def changes(self) -> AsyncIterator[End]:
        """Return the stream of ends; there is one, so have one reader."""
        return self._changes

    async def cancel(self, key: str, *, grace_seconds: float) -> None:
        """Ask for the end of an attempt's tree. An attempt that has ended is no error."""
        if running := self._running.get(key):
            running.stop("cancelled", grace_seconds)

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return the load of those attempts that run. Takes a fifth of a second."""
        known = ((key, self._running.get(key)) for key in keys)
        return await measure({key: running.group for key, running in known if running and running.group is not None})

    async def clean(self) -> None:
        """Take away what earlier conductors left of attempts that are not re-attached. Call it when all of them are."""
        await run_sync(self._upkeep.clean)

    # -- the life of one attempt ----------------------------------------------------------------------------------

    def _begin(self, spec: AttemptSpec) -> Running:
        running = self._running[spec.key] = Running(spec)
        self._upkeep.begin(running)
        return running

    def _start(self, running: Running) -> int:
        """Write the attempt's folder, make its cgroup and start its wrapper, unless a stop came first. Blocks."""
        group = running.cgroup = self._upkeep.make_group(running.key)
        running.folder.prepare(running.spec, Origin(self._boot_id, str(group.path) if group else None))
        faults.point("after_prepare")
        if running.stopped:
            raise _StoppedFirst
        return self._spawn(running.spec, running.folder, group)

    def _spawn(self, spec: AttemptSpec, folder: AttemptFolder, cgroup: Cgroup | None) -> int:
        command = wrapper.command(
            spec.argv or (self._bash, str(folder.script)),
            folder=folder.path,
            workspace=spec.workspace,
            boot_id=self._boot_id,
            cgroup=str(cgroup.path) if cgroup else "",
        )
        return spawn(
            command,
            {**self._env, **spec.env, facts.MARKER: spec.key},
            stdin=folder.script if spec.stdin_script else NOWHERE,
            stdout=folder.stdout,
            stderr=folder.stderr,
            new_stdout=True,  # the claim
        )

    def _attend(self, running: Running, step: Callable[[], Awaitable[None]]) -> None:
        self._tasks.start_soon(self._keep_at, running, step)

    async def _keep_at(self, running: Running, step: Callable[[], Awaitable[None]]) -> None:
        """See an attempt to its end; where the system refuses for now, take it over once more."""
        while True:
            try:
                return await step()
            except OSError as error:
                log.warning("attempt_unknown", attempt=running.key, error=str(error))
                await anyio.sleep(AGAIN_SECONDS)
                step = partial(self._adopt, running)

    async def _follow(self, running: Running, process: Process, limit_seconds: float | None) -> None:
        """Wait for the end, or bring it about; then end what is left of the tree, and report."""
        running.group = process.pid
        reason = await running.until_end(process, limit_seconds)
        if reason in LIMITS:
            await run_sync(_note_stop, running.folder, reason)
            faults.point("after_stop_noted")
        ended = await end_tree(running.key, process.pid, running.grace_seconds, running.cgroup) if reason else 0
        status = await _status(process)
        if reason is None:
            # A wrapper that was killed, or was not our child, has left its tree to others than us.
            orphans = None if status is None or status < 0 else self._reaper.orphans()
            ended = await end_leftovers(orphans, running.key, process.pid, running.grace_seconds, running.cgroup)
        self._report(running.conclude(reason, status, ended, "its wrapper ended without an exit record"))

    async def _adopt(self, running: Running) -> None:
        """Find out what became of an attempt, and follow it if it runs."""
        origin = await run_sync(running.folder.read_origin)
        running.noted = await run_sync(running.folder.read_stop)
        if running.noted:
            running.stop(running.noted, running.spec.grace_seconds, "an earlier conductor began to end it")
        running.cgroup = Cgroup(Path(origin.cgroup)) if origin and origin.cgroup else None
        if self._may_be_elsewhere(running, origin) and await run_sync(running.folder.read_exit) is None:
            self._report(running.end("elsewhere"))
            return
        if await run_sync(running.folder.try_claim):
            faults.point("after_claim")
            await end_tree(running.key, None, running.grace_seconds, running.cgroup)  # its skip command may still run
            self._report(_unclaimed(running, origin, self._boot_id))
            return
        identity = await _identity(running.folder)
        watch = Watch.open(identity) if identity else None
        if watch is None or identity is None:
            await self._bury(running, identity or origin)
            return
        with closing(watch):
            limit = running.spec.timeout_seconds
            left = None if limit is None else limit - facts.age_seconds(identity.start_ticks)
            await self._follow(running, watch, left)

    def _may_be_elsewhere(self, running: Running, origin: Origin | None) -> bool:
        """Tell whether an attempt was begun in another home, and not before the machine started."""
        return not running.key.startswith(self._prefix) and (origin is None or origin.boot_id == self._boot_id)

    async def _bury(self, running: Running, known: Identity | Origin | None) -> None:
        """Report an attempt whose wrapper is gone: by its record, or lost, but only when none of its tree runs any more."""
        ended = await end_tree(running.key, None, running.grace_seconds, running.cgroup)
        restarted = known is not None and known.boot_id != self._boot_id
        detail = RESTARTED if restarted else "its processes are gone and left no exit record"
        self._report(running.conclude(running.noted, None, ended, detail))

    def _report(self, end: End) -> None:
        self._upkeep.end(self._running.pop(end.key))
        self._ends.send_nowait(end)


def _note_stop(folder: AttemptFolder, reason: EndReason) -> None:
    """Note a stop; without a note it happens all the same."""
    try:
        folder.note_stop(reason)
    except OSError as error:
        log.warning("stop_not_noted", folder=str(folder.path), error=str(error))


def _why(error: Exception) -> str:
    """Say why the system refused, without the paths of our own files."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


async def _status(process: Process) -> int | None:
    """Return how a process ended that has just ended, or was to; None where it is not known."""
    with anyio.move_on_after(LAST_WAIT_SECONDS):
        return await process.wait()
    return None


async def _identity(folder: AttemptFolder) -> Identity | None:
    """Return who runs a claimed attempt. The claim may be only milliseconds old, so it is waited for, with a bound."""
    for _ in range(IDENTITY_LOOKS):
        if identity := await run_sync(folder.read_identity):
            return identity
        await anyio.sleep(LOOK_SECONDS)
    return None


def _unclaimed(running: Running, origin: Origin | None, boot_id: str) -> End:
    """Return the end of an attempt that nobody had claimed: a claim that was not yet on the disk dies with the machine."""
    # Only where not even the folder reached the disk has the clock to tell, which may have been set meanwhile.
    restarted = origin.boot_id != boot_id if origin else 0 < running.spec.intended_at < facts.booted_at()
    return running.end("lost", detail=RESTARTED) if restarted else running.end("never_started")
