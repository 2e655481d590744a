"""What the conductor asks of the place where attempts execute. Free of local assumptions: no pids, no signals.

An attempt's identity is its key, never the engine's own id alone. An engine that does not answer means *unknown*, never lost;
an exit record always wins over what the engine says.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

EndReason = Literal[
    "exited",
    "timed_out",
    "output_limit",  # it wrote more than may be kept, and the middle of a log could not be given back
    "out_of_memory",  # it failed, and the kernel had ended a process of it for want of memory
    "cancelled",
    "killed",
    "lost",
    "elsewhere",  # it may run on for the home that this one is a copy of
    "never_started",
    "launch_failed",
]

Containment = Literal["cgroup", "environment"]


@dataclass(frozen=True)
class AttemptSpec:
    """What to run. `timeout_seconds` None means no limit.

    `folder` is the attempt's own (see `engines.folder`), and the one that it lies in its job's: limits of a job count there.
    """

    key: str
    folder: Path
    script: str
    workspace: Path
    env: dict[str, str]
    argv: tuple[str, ...] = ()  # () = bash on the script file
    stdin_script: bool = False  # the script's text is the command's standard input
    timeout_seconds: float | None = None
    grace_seconds: float = 5.0
    intended_at: float = 0.0  # when the intent was committed, seconds since the epoch; 0 where it is not known


@dataclass(frozen=True)
class End:
    """How an attempt ended, exactly once.

    `exit_code` is None where none is known; `signal` is set only where it is known that one ended it. `processes_ended` counts
    what the engine had to end of the tree. `ended_at` is seconds since the epoch.
    """

    key: str
    reason: EndReason
    exit_code: int | None = None
    signal: int | None = None
    processes_ended: int = 0
    ended_at: float = 0.0
    detail: str = ""


@dataclass(frozen=True)
class Usage:
    """Load of a running attempt's whole tree. `cpu_seconds` is the sum of what it has used."""

    pid: int | None
    processes: int
    alive: bool
    zombie: bool
    cpu_percent: float | None = None
    cpu_seconds: float | None = None
    memory_mb: float | None = None
    uptime_seconds: float | None = None
    pids: tuple[int, ...] = field(default_factory=tuple)


class Engine(Protocol):
    """An execution place. The caller has committed the intent before `submit`."""

    @property
    def containment(self) -> Containment:
        """What holds the processes of an attempt together: a group of the kernel, or a variable in their environment."""

    async def submit(self, spec: AttemptSpec) -> None:
        """Start an attempt; idempotent per key. Returns when it is launched. A failure comes as an `End` in `changes`."""

    async def reattach(self, spec: AttemptSpec) -> None:
        """Take over an attempt that an earlier conductor may have started: watch it, or report its end in `changes`."""

    def changes(self) -> AsyncIterator[End]:
        """Yield the end of each submitted or re-attached attempt, once each."""

    async def cancel(self, key: str, *, grace_seconds: float) -> None:
        """End an attempt's tree: TERM, the grace period, KILL. Its end comes in `changes` with reason "cancelled"."""

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return the load of these attempts, those that run; CPU is measured over at least 100 ms."""
