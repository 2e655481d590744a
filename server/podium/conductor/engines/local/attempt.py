"""One attempt while the local engine runs it: the wait for its end, and what its exit record says."""

import math
import time
from dataclasses import replace
from typing import Protocol

import anyio

from podium.conductor.engines.local.folder import AttemptFolder
from podium.conductor.engines.port import AttemptSpec, End, EndReason
from podium.conductor.processes.cgroup import Cgroup


class Process(Protocol):
    """The first process of an attempt, ours or re-attached."""

    pid: int

    async def wait(self) -> int | None:
        """Return the exit code when it has ended, negative for a signal, None if that cannot be learnt."""


class Running:
    """An attempt that has not ended. `group` is the pid of its first process, once it exists."""

    def __init__(self, spec: AttemptSpec) -> None:
        self.spec = spec
        self.key = spec.key
        self.folder = AttemptFolder(spec.folder)
        self.group: int | None = None
        self.cgroup: Cgroup | None = None
        self.stopped: EndReason | None = None
        self.noted: EndReason | None = None  # why an earlier conductor began to end it
        self.grace_seconds = spec.grace_seconds
        self._why = ""
        self._waiting: anyio.CancelScope | None = None

    def stop(self, reason: EndReason, grace_seconds: float, why: str = "") -> None:
        """Stop waiting for the end and bring it about. Of several reasons the first one counts."""
        if self.stopped is None:
            self.stopped, self.grace_seconds, self._why = reason, grace_seconds, why
        if self._waiting is not None:
            self._waiting.cancel()

    async def until_end(self, process: Process, limit_seconds: float | None) -> EndReason | None:
        """Wait for the end. Returns None if it came by itself, else why it has to be brought about."""
        deadline = math.inf if limit_seconds is None else anyio.current_time() + limit_seconds
        scope = self._waiting = anyio.CancelScope(deadline=deadline)
        if self.stopped:
            scope.cancel()
        with scope:
            await process.wait()
        self._waiting = None
        return (self.stopped or "timed_out") if scope.cancelled_caught else None

    def conclude(self, reason: EndReason | None, status: int | None, processes_ended: int, detail: str = "") -> End:
        """Return the end. The exit record wins over the status of the wrapper, which counts if no record could be written.

        Raises:
            OSError: the record cannot be read now.
        """
        record = self.folder.read_exit()
        if record is not None and record.kind == "no_workspace":
            end = self.end(
                "launch_failed", ended_at=record.ended_at, detail=f"cannot change to workspace {self.spec.workspace}"
            )
        elif record is not None:
            end = self.end(reason or "exited", exit_code=record.code, ended_at=record.ended_at, detail=self._why)
        elif status is None:
            end = self.end(reason or "lost", detail=self._why or detail)
        elif status < 0:
            end = self.end(reason or "killed", signal=-status, detail=self._why)
        else:
            end = self.end(reason or "exited", exit_code=status, detail=self._why)
        end = replace(end, processes_ended=processes_ended)
        if reason is None and end.exit_code != 0 and self.cgroup and (kills := self.cgroup.out_of_memory_kills()):
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
        signal: int | None = None,
        ended_at: float | None = None,
        detail: str = "",
    ) -> End:
        """Return an end of this attempt; `ended_at` is in seconds since the epoch and defaults to now."""
        moment = time.time() if ended_at is None else ended_at
        return End(self.key, reason, exit_code, signal, ended_at=moment, detail=detail)
