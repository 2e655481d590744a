"""What the conductor asks of a place where attempts execute. It assumes no local pids or signals.

An attempt's identity is its key, never the engine's own id alone. If the engine does not answer, the state of an attempt is
unknown, never lost; an exit record always wins over what the engine reports.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from podium.contract.models import Survivor
from podium.score.model.plan import EngineName, Resources

EndReason = Literal[
    "exited",
    "timed_out",
    "stale",  # it had written nothing for too long
    "output_limit",  # it wrote more than may be kept, and the middle of a log could not be freed
    "out_of_memory",  # it failed, and the kernel had killed one of its processes for lack of memory
    "cancelled",
    "killed",
    "lost",
    "node_failed",  # of a cluster: its node went down, and it shows no sign of life
    "preempted",  # of a cluster: it had to make room for another job
    "deadline",  # of a cluster: the job's deadline passed
    "boot_failed",  # of a cluster: its node did not come up
    "cancelled_elsewhere",  # of a cluster: somebody else cancelled it there
    "refused",  # of a cluster: it does not take it, and would not take it again
    "elsewhere",  # it may still run for the home that this one is a copy of
    "never_started",
    "withdrawn",  # it was taken back before it had begun
    "launch_failed",
]

Containment = Literal["cgroup", "environment"]
PlaceState = Literal["queued", "running", "suspended", "unknown"]
NO_RESOURCES = Resources()


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
    sought: str = ""  # a program that its command looks for in PATH itself, as `env` does
    stdin_script: bool = False  # the script's text is the command's standard input
    timeout_seconds: float | None = None
    quiet_seconds: float | None = None
    grace_seconds: float = 5.0
    workspace_is_ours: bool = False  # it was made for the job, in the home
    intended_at: float = 0.0  # when the intent was committed, seconds since the epoch; 0 if it is not known
    engine: EngineName = "local"
    resources: Resources = NO_RESOURCES
    gpus: tuple[int, ...] = ()  # of this machine, those that it was given


@dataclass(frozen=True)
class End:
    """How an attempt ended, exactly once.

    `exit_code` is None if it is not known; `signal` is set only if a signal is known to have ended it. `processes_ended` is the
    number of processes of the tree that the engine ended, `survivors` are the first of those that it could not end. `ended_at`
    and `began_at` are in seconds since the epoch; `began_at` is 0 where it began as soon as it was submitted.
    """

    key: str
    reason: EndReason
    exit_code: int | None = None
    signal: int | None = None
    processes_ended: int = 0
    ended_at: float = 0.0
    detail: str = ""
    survivors: tuple[Survivor, ...] = ()
    began_at: float = 0.0
    place: str = ""  # where it ran, in words, such as "Slurm job 512 on node f1"; "" for this machine


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
    node: str = ""  # where it runs, "" for this machine


@dataclass(frozen=True)
class Place:
    """Where an attempt that has not ended is. `reason` is why it is queued or unknown, in the engine's own words.

    `unknown`: the engine does not answer, or `obstacle`, a clause, keeps the attempt out of its sight. Times are in seconds since
    the epoch, None if not known: `since`, when it came into this state, such as when it began on its node, or when the engine
    last answered; `expected_start`, by the engine's queue; `again_at`, when a queue that did not take it is asked again.
    `held_seconds` is how long it was suspended so far: its time limit stood still.
    """

    state: PlaceState
    engine_id: str = ""  # the engine's own id, for whoever looks there
    node: str = ""
    partition: str = ""
    reason: str = ""
    obstacle: str = ""
    expected_start: float | None = None
    again_at: float | None = None
    since: float | None = None
    held_seconds: float = 0.0


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do. `containment` is how the processes of an attempt are recognised."""

    containment: Containment
    suspend: bool  # whether running attempts can be suspended and resumed
    queues: bool  # whether it has a queue of its own, in which an attempt may wait after `submit`


class Engine(Protocol):
    """A place where attempts execute. The caller commits the intent before `submit`.

    The conductor needs neither `find` nor `poll`: whatever it has begun it hands to `reattach`, which does not lose an attempt
    that cannot be found now, it learns of ends from `changes`, and for views `place` says what the engine has last seen, since a
    view must not wait for a cluster. They are for who has to know what holds now, as the suite that every engine passes.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""

    async def refusal(self, resources: Resources) -> str:
        """Return why an attempt that needs this could never run here, "" if it could, or if the engine does not answer."""

    async def submit(self, spec: AttemptSpec) -> None:
        """Start an attempt, or put it into the engine's queue; idempotent for its key. A failure comes as an `End`."""

    async def reattach(self, spec: AttemptSpec) -> None:
        """Take over an attempt that an earlier conductor may have submitted: watch it, or report its end in `changes`."""

    async def find(self, key: str) -> Place | None:
        """Ask where an attempt is that has not ended; None if the engine has none with this key."""

    async def poll(self, keys: Sequence[str]) -> Mapping[str, Place]:
        """Ask where these attempts are, all at once; those that have ended are left out. One that cannot be told is unknown."""

    def changes(self) -> AsyncIterator[End]:
        """Yield the end of each submitted or re-attached attempt, once each."""

    async def cancel(self, key: str, *, grace_seconds: float) -> None:
        """End an attempt's tree: TERM, the grace period, KILL. Its end comes in `changes` with reason "cancelled"."""

    async def withdraw(self, key: str) -> None:
        """Take back an attempt that has not begun: its end comes with reason "withdrawn".

        One that has begun, or begins just now, goes on. It is not an error if it has ended.
        """

    async def suspend(self, key: str) -> bool:
        """Stop an attempt where it is; return False if that cannot be done, or it is over. Nothing of it is lost.

        One on the way to its process is stopped as soon as that runs, which the call waits for; one in a queue of the engine is
        withdrawn. Its limits of time and of silence stand still. Suspended, it can be cancelled.
        """

    async def resume(self, key: str) -> None:
        """Let an attempt go on that `suspend` was asked for, by an earlier conductor perhaps.

        It is not an error if it goes on already, or has ended: it is asked of each attempt that is re-attached and should run.
        """

    def halted(self, key: str) -> str:
        """Return why a running attempt does not go on although its process lives, and what to do; "" if it goes on."""

    def place(self, key: str) -> Place | None:
        """Return where an attempt was when it was last looked at, without asking; None if there is nothing to say about it."""

    def status(self) -> str:
        """Return in a clause whether it works now, such as "answers", without asking; "" if there is nothing to say."""

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return the load of those of these attempts that run; CPU use is measured over at least 100 ms."""
