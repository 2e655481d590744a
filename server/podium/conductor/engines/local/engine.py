"""The engine of this machine: attempts are processes of a keeper, their folders are local, and they outlive the conductor.

Closing the engine ends no attempt: the next conductor finds each one by its key in the keepers' journals. An end is reported only
when nothing of the attempt's tree runs any more, or with what could not be ended.
"""

import errno
import math
import shutil
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from podium.conductor import faults
from podium.conductor.engines.local import holding, takeover
from podium.conductor.engines.local.attempt import Running
from podium.conductor.engines.local.deadlines import Deadlines
from podium.conductor.engines.local.folder import LIMITS, NEVER
from podium.conductor.engines.local.launching import is_own_folder, start_of, too_long, unusable
from podium.conductor.engines.local.limiter import Upkeep
from podium.conductor.engines.local.limits.output import OutputLimits
from podium.conductor.engines.local.usage import measure
from podium.conductor.engines.port import AttemptSpec, Capabilities, End, Place, Usage
from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroups
from podium.conductor.processes.keepers.child import OVER, Child
from podium.conductor.processes.keepers.keepers import Keepers
from podium.conductor.processes.tree import SECOND_LOOK_SECONDS, Ended, end_tree, may_have_left
from podium.contract.results import stopped_text
from podium.log import get_logger
from podium.score.model.plan import Resources

LAST_WAIT_SECONDS = 5.0  # for a process whose tree was ended; only one that cannot be killed takes so long
SETTLE_SECONDS = (0.002, 0.004, 0.008, 0.016)  # before each look again; a scan costs as much as many of them

log = get_logger()


class LocalEngine:
    """An `Engine` (see `port`) on this machine. Open it inside open `Keepers`. Without `cgroups` attempts have none.

    The keys of its home's attempts begin with the home's `mark`; an attempt of another home that may still run is not taken over.
    """

    def __init__(self, keepers: Keepers, limits: OutputLimits | None = None, cgroups: Cgroups | None = None, *,
                 mark: str = "") -> None:  # fmt: skip
        self.keepers = keepers
        self.prefix = f"{mark}." if mark else ""
        self.capabilities = Capabilities("cgroup" if cgroups else "environment", suspend=True, queues=False)
        self.memory_is_limit = bool(cgroups and cgroups.limits_memory)  # else what a sheet asks of it is only counted
        self._upkeep = Upkeep(limits or OutputLimits(), cgroups, self._beyond_limit, self._gone_stale)
        self._deadlines = Deadlines(self._timed_out)
        self._bash = shutil.which("bash") or "/bin/bash"
        self._running: dict[str, Running] = {}
        self._to_launch: list[Running] = []
        self._wanted = anyio.Event()
        # Unbounded, but each attempt puts at most one end into it.
        self._ends, self._changes = anyio.create_memory_object_stream[End](math.inf)
        self.tasks: TaskGroup = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self.tasks.__aenter__()
        self.tasks.start_soon(self._upkeep.run)
        self.tasks.start_soon(self._deadlines.run)
        self.tasks.start_soon(self._launch)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self.tasks.cancel_scope.cancel()
        try:
            return await self.tasks.__aexit__(kind, error, trace)
        finally:
            for running in self._running.values():
                if running.child is not None:
                    running.child.on_change = None
            self._ends.close()
            self._changes.close()
            with anyio.CancelScope(shield=True):
                await run_sync(self._upkeep.close)

    async def refusal(self, resources: Resources) -> str:
        """Return "": what this machine has is counted before an attempt comes here (see `rules.capacity`)."""
        return ""

    async def submit(self, spec: AttemptSpec) -> None:
        """Start an attempt, together with others that are submitted meanwhile."""
        if spec.key not in self._running:
            self._to_launch.append(self._begin(spec))
            self._wanted.set()

    async def reattach(self, spec: AttemptSpec) -> None:
        """Take over what an earlier conductor may have started."""
        if spec.key not in self._running:
            self.tasks.start_soon(takeover.take_over, self, self._begin(spec))

    async def find(self, key: str) -> Place | None:
        """Return where an attempt is: here, or nowhere."""
        return self.place(key)

    async def poll(self, keys: Sequence[str]) -> Mapping[str, Place]:
        """Return where these attempts are. This engine always knows."""
        return {key: place for key in keys if (place := self.place(key))}

    async def withdraw(self, key: str) -> None:
        """Let it begin: here nothing waits for long."""

    async def suspend(self, key: str) -> bool:
        """Stop an attempt where it is, as soon as its process runs."""
        running = self._running.get(key)
        return running is not None and await holding.suspend(running, self._deadlines)

    async def resume(self, key: str) -> None:
        """Let it go on."""
        if running := self._running.get(key):
            await holding.resume(running, self._deadlines)

    def place(self, key: str) -> Place | None:
        """Return where an attempt is; one that is on the way to its process counts as running."""
        running = self._running.get(key)
        if running is None:
            return None
        held = running.hold.held(facts.clock_seconds()) if running.hold != NEVER else 0.0
        return Place("suspended" if running.is_suspended else "running", held_seconds=held)

    def status(self) -> str:
        """Return "": the conductor's own status says all of this machine."""
        return ""

    def changes(self) -> AsyncIterator[End]:
        """Return the stream of ends; there is only one, so it may have only one reader."""
        return self._changes

    async def cancel(self, key: str, *, grace_seconds: float) -> None:
        """Ask for the end of an attempt's tree. It is not an error if the attempt has ended."""
        if running := self._running.get(key):
            running.stop("cancelled", grace_seconds)
            self._bring_about(running)

    def halted(self, key: str) -> str:
        """Say so if somebody has stopped the attempt's first process. Costs one small read."""
        running = self._running.get(key)
        if running is None or running.group is None or running.is_suspended:
            return ""
        stat = facts.read_stat(running.group)
        return stopped_text(stat.pid) if stat is not None and facts.is_stopped(stat) else ""

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return the load of those of these attempts that run. Takes a fifth of a second."""
        known = ((key, self._running.get(key)) for key in keys)
        return await measure({key: running.group for key, running in known if running and running.group is not None})

    async def clean(self) -> None:
        """Remove what earlier conductors left of attempts that are not re-attached. Call it after the last `reattach`."""
        await run_sync(self._upkeep.clean)
        await self.end_unclaimed()

    async def end_unclaimed(self) -> None:
        """End processes of this home that nobody waits for: of attempts that were given up, of an earlier conductor's checks.

        What one left that is over, or whose start nobody named, is known by the marker alone: its pid may be another's by now.
        """
        unclaimed = [child for child in self.keepers.unclaimed() if child.key not in self._running]
        is_unsure = any(child.state not in {"asked", "running"} for child in unclaimed)
        try:
            marks = await _all_markers() if is_unsure else ()
        except OSError as error:  # no descriptor is left: the next look makes it good
            log.warning("unclaimed_unknown", error=str(error))
            return
        for child in unclaimed:
            runs = child.state == "running"
            if child.key.startswith(self.prefix) and (runs or child.key in marks):
                log.warning("unclaimed_attempt_ended", attempt=child.key, pid=child.pid)
                orphans = partial(self.keepers.orphans, child, anew=True)
                await end_tree(child.key, child.group if runs else None, 0, child.control_group, orphans)
            if child.state in OVER:
                self.keepers.forget(child.key)

    async def shorten_journals(self, open_keys: Collection[str]) -> None:
        """Let the keepers forget what is stored: `open_keys` are the attempts whose end is not."""
        await self.keepers.shorten(open_keys)  # before anything that takes long: the keys are those of now
        await self.end_unclaimed()

    # -- the way in ------------------------------------------------------------------------------------------------

    def _begin(self, spec: AttemptSpec) -> Running:
        running = self._running[spec.key] = Running(spec)
        self._upkeep.begin(running)
        return running

    async def _launch(self) -> None:
        """Hand what was submitted to the keeper, as many at once as have come."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            await self._launch_waiting()

    async def _launch_waiting(self) -> None:
        """Launch what waits. A function of its own, so that no variable of the loop keeps the scripts of the last ones."""
        taken, self._to_launch = self._to_launch, []
        own = {each.key for each in taken if is_own_folder(each.spec)}
        if own:
            await self._hand_over([each for each in taken if each.key in own])
        foreign = [each for each in taken if each.key not in own]
        if foreign:
            await self._hand_over(foreign, await unusable({each.spec.workspace for each in foreign}))

    async def _hand_over(self, batch: Sequence[Running], unfit: Mapping[Path, str] = MappingProxyType({})) -> None:
        """Hand attempts to the keeper, except those that were stopped meanwhile and those whose workspace is `unfit`."""
        going: list[Running] = []
        for running in batch:
            if running.stopped:
                self.report(running.never_begun())
            elif why := unfit.get(running.spec.workspace):
                self.report(running.end("launch_failed", detail=why))
            else:
                going.append(running)
        faults.point("after_prepare")
        if going:
            starts = [start_of(each, self._bash, self._upkeep.group_of(each.key)) for each in going]
            for each, child in zip(going, await self.keepers.start(starts), strict=True):
                self.follow(each, child, each.spec.timeout_seconds)

    # -- the life of one attempt ----------------------------------------------------------------------------------

    def follow(self, running: Running, child: Child, limit_seconds: float | None) -> None:
        """Take care of an attempt from its process on, however far that has come. The limit counts while it runs."""
        running.child, child.is_claimed = child, True
        child.on_change = lambda: self._changed(running, child)
        if running.is_suspended:
            running.limit_left = limit_seconds
        elif limit_seconds is not None:
            self._deadlines.add(running.key, limit_seconds)
        self._changed(running, child)

    def _changed(self, running: Running, child: Child) -> None:
        """Go on with an attempt whose process has started or is over."""
        if child.pid and running.group is None:
            running.group = child.pid
            running.cgroup = child.control_group
            self._limit_memory(running)
        if child.pid or child.state in OVER:
            running.move()
        if running.is_being_ended:
            return
        if child.state in OVER:
            self._finish(running, child)
        elif running.stopped:
            self._bring_about(running)

    def _limit_memory(self, running: Running) -> None:
        """Hold an attempt that has started to the memory that its sheet asks for, where the system can."""
        size = running.spec.resources.memory_bytes
        if self.memory_is_limit and size and running.cgroup is not None:
            # The write may wait until the kernel has freed some.
            self.tasks.start_soon(run_sync, running.cgroup.limit_memory, size)

    def _finish(self, running: Running, child: Child) -> None:
        """Report an attempt whose process is over by itself, after what it left has been ended."""
        if child.state in {"failed", "refused"}:
            why = too_long(start_of(running, self._bash, "")) if child.error == errno.E2BIG else ""
            self.report(
                running.end(
                    "never_started" if child.may_start_later else "launch_failed",
                    detail=f"{child.fault}: {why}" if why else child.fault,
                )
            )
        elif child.state == "ended" and not may_have_left(
            self.keepers.orphans(child), running.key, child.pid, running.cgroup
        ):
            self.report(running.conclude(Ended()))
        else:
            running.is_being_ended = True
            self.tasks.start_soon(self._end_leftovers, running, child)

    async def _end_leftovers(self, running: Running, child: Child) -> None:
        """End what an attempt left. A process that is just being started looks as if it might be that, for a moment."""
        sure = child.state == "ended" and running.cgroup is not None  # the kernel tells whether somebody is left
        for seconds in SETTLE_SECONDS if sure else ():
            await anyio.sleep(seconds)
            orphans = self.keepers.orphans(child, anew=True)
            if not may_have_left(orphans, running.key, child.pid, running.cgroup):
                self.report(running.conclude(Ended()))
                return
        list_anew = partial(self.keepers.orphans, child, anew=True)
        async with running.moving:
            left = await end_tree(running.key, child.group, running.grace_seconds, running.cgroup, list_anew)
        self.report(running.conclude(left))

    def _timed_out(self, key: str) -> None:
        if running := self._running.get(key):
            running.stop("timed_out", running.spec.grace_seconds)
            self._bring_about(running)

    def _beyond_limit(self, running: Running, why: str) -> None:
        running.stop("output_limit", 0.0, why)  # without a grace period, since it would go on writing
        self._bring_about(running)

    def _gone_stale(self, running: Running) -> None:
        child = running.child
        # One that is on the way, or is just being taken over, may be over already; what is left of one that ended writes nothing.
        if child is not None and child.state == "running" and not running.is_being_ended:
            running.stop("stale", running.spec.grace_seconds)
            self._bring_about(running)

    def _bring_about(self, running: Running) -> None:
        """Begin to end an attempt whose process runs; one on the way to it is ended as soon as it does."""
        child = running.child
        if child is not None and child.state == "running" and not running.is_being_ended:
            running.is_being_ended = True
            self.tasks.start_soon(self._end, running, child)

    async def _end(self, running: Running, child: Child) -> None:
        """End a tree, and report it."""
        if running.stopped in LIMITS:
            try:
                await run_sync(running.folder.note_stop, running.stopped)
            except OSError as error:  # the stop happens even without the note
                log.warning("stop_not_noted", folder=str(running.folder.path), error=str(error))
            faults.point("after_stop_noted")
        orphans = partial(self.keepers.orphans, child, anew=True)
        async with running.moving:
            ended = await end_tree(running.key, child.pid, running.grace_seconds, running.cgroup, orphans)
        with anyio.move_on_after(LAST_WAIT_SECONDS):
            await child.over.wait()
        self.report(running.conclude(ended))

    def report(self, end: End) -> None:
        """Tell how an attempt ended, and drop it."""
        running = self._running.pop(end.key)
        running.move()
        if running.child is not None:
            running.child.on_change = None
            self.keepers.forget(end.key)
        self._deadlines.drop(end.key)
        self._upkeep.end(running)
        self._ends.send_nowait(end)


async def _all_markers() -> set[str | None]:
    """Return what the processes of this machine are marked with, by two looks: one shows nothing while it loads its program.

    Raises:
        OSError: no descriptor is left.
    """
    before = await run_sync(facts.markers)
    await anyio.sleep(SECOND_LOOK_SECONDS)
    return before | await run_sync(facts.markers)
