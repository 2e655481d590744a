"""What the conductor asks of the place where attempts execute. It assumes no local pids or signals.

An attempt's identity is its key, never the engine's own id alone. If the engine does not answer, the state of an attempt is
unknown, never lost; an exit record always wins over what the engine reports.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from podium.contract.models import Survivor

EndReason = Literal[
    "exited",
    "timed_out",
    "stale",  # it had written nothing for too long
    "output_limit",  # it wrote more than may be kept, and the middle of a log could not be freed
    "out_of_memory",  # it failed, and the kernel had killed one of its processes for lack of memory
    "cancelled",
    "killed",
    "lost",
    "elsewhere",  # it may still run for the home that this one is a copy of
    "never_started",
    "launch_failed",
]

Containment = Literal["cgroup", "environment"]


@dataclass(frozen=True)
class AttemptSpec:
    """What to run. `timeout_seconds` None means no limit, as does `quiet_seconds`, of the time without output.

    `folder` is the attempt's own (see `engines.local.folder`). Its parent is the job's, to which the limits of a job apply.
    """

    key: str
    folder: Path
    script: str
    workspace: Path
    env: dict[str, str]
    argv: tuple[str, ...] = ()  # () = bash on the script file
    strict: bool = False  # bash ends at the first command that fails
    stdin_script: bool = False  # the script's text is the command's standard input
    timeout_seconds: float | None = None
    quiet_seconds: float | None = None
    grace_seconds: float = 5.0
    workspace_is_ours: bool = False  # it was made for the job, in the home
    intended_at: float = 0.0  # when the intent was committed, seconds since the epoch; 0 if it is not known


@dataclass(frozen=True)
class End:
    """How an attempt ended, exactly once.

    `exit_code` is None if it is not known; `signal` is set only if a signal is known to have ended it. `processes_ended` is the
    number of processes of the tree that the engine ended, `survivors` are the first of those that it could not end. `ended_at` is
    in seconds since the epoch.
    """

    key: str
    reason: EndReason
    exit_code: int | None = None
    signal: int | None = None
    processes_ended: int = 0
    ended_at: float = 0.0
    detail: str = ""
    survivors: tuple[Survivor, ...] = ()


@dataclass(frozen=True)
class Usage:
    """The load of a running attempt's whole tree. `cpu_seconds` is the CPU time that it has used so far."""

    pid: int | None
    processes: int
    alive: bool
    zombie: bool
    cpu_percent: float | None = None
    cpu_seconds: float | None = None
    memory_mb: float | None = None
    uptime_seconds: float | None = None
    stopped: tuple[int, ...] = ()  # those that a signal has stopped, such as SIGSTOP
    pids: tuple[int, ...] = ()


class Engine(Protocol):
    """A place where attempts execute. The caller commits the intent before `submit`."""

    @property
    def containment(self) -> Containment:
        """How the processes of an attempt are recognised: by a kernel group, or by a variable in their environment."""

    async def submit(self, spec: AttemptSpec) -> None:
        """Start an attempt; idempotent for its key. Returns when it is launched. A failure comes as an `End` in `changes`."""

    async def reattach(self, spec: AttemptSpec) -> None:
        """Take over an attempt that an earlier conductor may have started: watch it, or report its end in `changes`."""

    def changes(self) -> AsyncIterator[End]:
        """Yield the end of each submitted or re-attached attempt, once each."""

    async def cancel(self, key: str, *, grace_seconds: float) -> None:
        """End an attempt's tree: TERM, the grace period, KILL. Its end comes in `changes` with reason "cancelled"."""

    def halted(self, key: str) -> str:
        """Return why a running attempt does not go on although its process lives, and what to do; "" if it goes on."""

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return the load of those of these attempts that run; CPU use is measured over at least 100 ms."""
