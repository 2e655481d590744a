"""The engine of this machine: attempts are processes, their folders are local, and they outlive the conductor.

Leaving the engine ends no attempt: the next conductor takes each over with `reattach`, from its folder. What the system refuses
for now (no descriptors, no memory) makes an attempt's end unknown, never lost: it is looked at again.
"""

import math
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from functools import partial
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from podium.conductor.engines import wrapper
from podium.conductor.engines.attempt import Process, Running
from podium.conductor.engines.folder import AttemptFolder
from podium.conductor.engines.port import AttemptSpec, End, Usage
from podium.conductor.engines.usage import measure
from podium.conductor.processes import facts
from podium.conductor.processes.identity import Identity, Watch
from podium.conductor.processes.reaper import NOWHERE, Child, Reaper
from podium.conductor.processes.tree import end_leftovers, end_tree
from podium.log import get_logger

IDENTITY_LOOKS = 100  # a wrapper writes its identity within milliseconds of its claim
LOOK_SECONDS = 0.02
RESTARTED = "the machine restarted"
AGAIN_SECONDS = 1.0
LAST_WAIT_SECONDS = 5.0  # for a wrapper after its tree was ended; only one that cannot be killed takes it all

log = get_logger()


class LocalEngine:
    """An `Engine` (see `port`) on this machine. Open it inside an open `Reaper`."""

    def __init__(self, reaper: Reaper) -> None:
        self._reaper = reaper
        self._env = dict(os.environ)
        self._boot_id = facts.boot_id()
        self._bash = shutil.which("bash") or "/bin/bash"
        self._running: dict[str, Running] = {}
        # Unbounded, but an attempt in flight is at most one end in it.
        self._ends, self._changes = anyio.create_memory_object_stream[End](math.inf)
        self._tasks: TaskGroup = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
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

    async def submit(self, spec: AttemptSpec) -> None:
        """Start an attempt. One that was prepared before, by whomever, is taken over instead."""
        if spec.key in self._running:
            return
        running = self._running[spec.key] = Running(spec)
        try:
            await run_sync(running.folder.prepare, spec)
        except FileExistsError:
            self._attend(running, partial(self._adopt, running))
        except (OSError, ValueError) as error:
            self._report(running.end("launch_failed", detail=_why(error)))
        else:
            self._launch(running)

    async def reattach(self, spec: AttemptSpec) -> None:
        """Take over what an earlier conductor may have started, from the attempt's folder."""
        if spec.key not in self._running:
            running = self._running[spec.key] = Running(spec)
            self._attend(running, partial(self._adopt, running))

    def changes(self) -> AsyncIterator[End]:
        """Return the stream of ends; there is one, so have one reader."""
        return self._changes

    async def cancel(self, key: str, *, grace_seconds: float) -> None:
        """Ask for the end of an attempt's tree. An attempt that has ended is no error."""
        if running := self._running.get(key):
            running.cancel(grace_seconds)

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return the load of those attempts that run. Takes a fifth of a second."""
        known = ((key, self._running.get(key)) for key in keys)
        return await measure({key: running.group for key, running in known if running and running.group is not None})

    # -- the life of one attempt ----------------------------------------------------------------------------------

    def _launch(self, running: Running) -> None:
        """Start the wrapper, unless a cancel came first."""
        if running.cancelled:
            self._report(running.end("cancelled"))
            return
        try:
            child = self._spawn(running.spec, running.folder)
        except (OSError, ValueError) as error:
            self._report(running.end("launch_failed", detail=_why(error)))
            return
        self._attend(running, partial(self._follow, running, child, running.spec.timeout_seconds))

    def _spawn(self, spec: AttemptSpec, folder: AttemptFolder) -> Child:
        argv = spec.argv or (self._bash, wrapper.SCRIPT)
        command = wrapper.command(
            argv, folder=folder.path, script=folder.script, workspace=spec.workspace, boot_id=self._boot_id
        )
        return self._reaper.spawn(
            command,
            {**self._env, **spec.env, facts.MARKER: spec.key},
            stdin=folder.script if spec.stdin_script else NOWHERE,
            stdout=folder.stdout,
            stderr=folder.stderr,
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
        ended = await end_tree(running.key, process.pid, running.grace_seconds) if reason else 0
        status = await _status(process)
        if reason is None and status == wrapper.CLAIM_LOST and running.folder.read_exit() is None:
            await self._adopt(running)
            return
        if reason is None:
            # A wrapper that was killed, or was not our child, has left its tree to others than us.
            orphans = None if status is None or status < 0 else self._reaper.orphans()
            ended = await end_leftovers(orphans, running.key, process.pid, running.grace_seconds)
        self._report(running.conclude(reason, status, ended, "its wrapper ended without an exit record"))

    async def _adopt(self, running: Running) -> None:
        """Find out what became of an attempt, and follow it if it runs."""
        if await run_sync(running.folder.try_claim):
            self._report(_unclaimed(running))
            return
        identity = await _identity(running.folder)
        watch = Watch.open(identity) if identity else None
        if watch is None or identity is None:
            await self._bury(running, identity)
            return
        with closing(watch):
            limit = running.spec.timeout_seconds
            left = None if limit is None else limit - facts.age_seconds(identity.start_ticks)
            await self._follow(running, watch, left)

    async def _bury(self, running: Running, identity: Identity | None) -> None:
        """Report an attempt whose wrapper is gone: by its record, or lost, but only when none of its tree runs any more."""
        ended = await end_tree(running.key, None, running.grace_seconds)
        restarted = identity is not None and identity.boot_id != self._boot_id
        detail = RESTARTED if restarted else "its processes are gone and left no exit record"
        self._report(running.conclude(None, None, ended, detail))

    def _report(self, end: End) -> None:
        del self._running[end.key]
        self._ends.send_nowait(end)


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


def _unclaimed(running: Running) -> End:
    """Return the end of an attempt that nobody had claimed: a claim that was not yet on the disk dies with the machine."""
    if 0 < running.spec.intended_at < facts.booted_at():
        return running.end("lost", detail=RESTARTED)
    return running.end("never_started")
