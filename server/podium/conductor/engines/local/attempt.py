"""One attempt while the local engine runs it, and what its end is called."""

import time
from dataclasses import replace

import anyio

from podium.conductor.engines.local.folder import NEVER, AttemptFolder
from podium.conductor.engines.port import AttemptSpec, End, EndReason
from podium.conductor.processes.cgroup import Cgroup
from podium.conductor.processes.keepers.child import Child
from podium.conductor.processes.tree import Ended


class Running:
    """An attempt that has not ended. `stopped` is why it has to end, of several reasons the first one."""

    def __init__(self, spec: AttemptSpec) -> None:
        self.spec = spec
        self.key = spec.key
        self.folder = AttemptFolder(spec.folder)
        self.cgroup: Cgroup | None = None
        self.group: int | None = None  # the pid of its first process, once it exists
        self.child: Child | None = None
        self.stopped: EndReason | None = None
        self.grace_seconds = spec.grace_seconds
        self.is_being_ended = False
        self.hold = NEVER
        self.wants_hold = False
        self.limit_left: float | None = None  # seconds of its time limit, while that stands still
        self.moving = anyio.Lock()  # whoever stops its processes, lets them go on or ends them
        self._under_way = anyio.Event()
        self._why = ""

    @property
    def is_suspended(self) -> bool:
        """Whether it was suspended by us, as far as this conductor knows."""
        return self.hold.since is not None

    async def begun(self) -> bool:
        """Wait until its process runs; return False if it is over."""
        await self._under_way.wait()
        return self.child is not None and self.child.state == "running"

    def move(self) -> None:
        """Wake who waits for its process: it runs, or it is over."""
        self._under_way.set()

    def stop(self, reason: EndReason, grace_seconds: float, why: str = "") -> None:
        """Note that it has to end."""
        if self.stopped is None:
            self.stopped, self.grace_seconds, self._why = reason, grace_seconds, why

    def conclude(self, left: Ended) -> End:
        """Return the end of an attempt whose tree was ended, from how its first process ended."""
        child = self.child
        if child is None or child.code is None:
            lost = child is not None and child.state == "lost"
            end = self.end(
                self.stopped or "lost", detail=child.fault if lost and child and not self.stopped else self._why
            )
        elif child.code >= 0:
            end = self.end(self.stopped or "exited", exit_code=child.code, ended_at=child.ended_at, detail=self._why)
        else:
            number = -child.code
            end = self.end(self.stopped or "killed", signal_number=number, ended_at=child.ended_at, detail=self._why)
        end = replace(end, processes_ended=left.count, survivors=left.survivors)
        failed = self.stopped is None and end.exit_code != 0
        if failed and self.cgroup and (kills := self.cgroup.out_of_memory_kills()):
            return replace(end, reason="out_of_memory", detail=f"the kernel killed {kills} of its processes")
        return end

    def never_begun(self) -> End:
        """Return the end of an attempt that was stopped before its launch."""
        return self.end(self.stopped or "cancelled", detail=self._why)

    def end(
        self,
        reason: EndReason,
        *,
        exit_code: int | None = None,
        signal_number: int | None = None,
        ended_at: float | None = None,
        detail: str = "",
    ) -> End:
        """Return an end of this attempt; `ended_at` is in seconds since the epoch and defaults to now."""
        moment = time.time() if ended_at is None else ended_at
        return End(self.key, reason, exit_code, signal_number, ended_at=moment, detail=detail)
