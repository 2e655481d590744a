"""A process that a keeper was asked to start, as far as the conductor knows it."""

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

import anyio

from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroup
from podium.conductor.processes.identity import is_same

State = Literal[
    "asked",  # on its way to a keeper, perhaps
    "begun",  # the keeper has begun to start it
    "running",
    "ended",  # `code` is known
    "failed",  # the system refused to start it; `fault` says why
    "refused",  # the keeper did not begin; `fault` says why
    "lost",  # it was begun, and whoever could know how it ended is gone
]
OVER: tuple[State, ...] = ("ended", "failed", "refused", "lost")
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}  # what finds no space may start later
# How a shell plays a script: it reads the whole of it before it runs any. Nothing that a sheet leaves leads a session and has a
# command line like this: it tells which process is the first one of a start.
PLAY = 'cd -- "$1" || exit 126; shift; . "$0"'


@dataclass(frozen=True)
class Start:
    """What to start: `argv[0]` is an absolute path, `env` lies over the conductor's environment.

    Output is appended to the files, or goes to the descriptor `pipe`. `cgroup` is the folder of a control group, and `folder` the
    one of an attempt with its `script`, both of which the keeper makes for this start; "" for none.
    """

    key: str
    argv: Sequence[str]
    env: Mapping[str, str]
    stdin: str = os.devnull
    stdout: str = os.devnull
    stderr: str = os.devnull
    pipe: int | None = None
    cgroup: str = ""
    folder: str = ""
    script: str = ""


@dataclass(eq=False)
class Child:
    """One process by its key, which is never used twice.

    `on_change` is called when it has started and when it is over; set it, then look at `state`. `code` is negative for a signal.
    `ended_at` is in seconds since the epoch. `error` is the system's number for a start that failed.
    """

    key: str
    state: State = "asked"
    pid: int = 0
    start_ticks: int = 0
    cgroup: str = ""
    is_adrift: bool = False  # its keeper is dead: what it leaves may have become anybody's child
    code: int | None = None
    ended_at: float = 0.0
    fault: str = ""
    error: int = 0
    on_change: Callable[[], None] | None = None
    is_claimed: bool = False  # somebody waits for its end
    hold: int = -1  # a pidfd, while it runs
    over: anyio.Event = field(default_factory=anyio.Event)

    @property
    def group(self) -> int | None:
        """Its pid, which names its session and process group too; None if that number may belong to another process by now."""
        try:
            stat = facts.stat_surely(self.pid) if self.pid else None
        except OSError:  # no descriptor is left
            return None
        is_another = stat is not None and not is_same(stat.start_ticks, self.start_ticks)
        return None if is_another else self.pid or None

    @property
    def may_start_later(self) -> bool:
        """Whether it has not run, for a reason that may pass."""
        return self.state == "refused" or (self.state == "failed" and self.error in FULL)

    @property
    def control_group(self) -> Cgroup | None:
        """The control group that it is in; None while that is not known, or if it is in none of its own."""
        is_known = self.cgroup and self.state not in {"asked", "begun"}
        return Cgroup(self.cgroup) if is_known else None

    def begin(self, cgroup: str) -> None:
        """Note that the keeper has begun."""
        if self.state == "asked":
            self.state, self.cgroup = "begun", cgroup

    def run(self, pid: int, start_ticks: int, cgroup: str) -> None:
        """Note its pid and start time (clock ticks since boot), and the control group that it is in."""
        if self.state in {"asked", "begun"}:
            self.state, self.pid, self.start_ticks, self.cgroup = "running", pid, start_ticks, cgroup
            self._changed()

    def end(self, code: int, at: float) -> None:
        """Note how it ended."""
        if self.state not in OVER:
            self.code, self.ended_at = code, at
            self._be_over("ended")

    def fail(self, state: Literal["failed", "refused", "lost"], fault: str, error: int = 0) -> None:
        """Note why it does not run, or that its end cannot be known."""
        if self.state not in OVER:
            self.fault, self.error = fault, error
            self._be_over(state)

    def watch(self) -> None:
        """Hold on to the process, so that its end can be waited for whoever dies; needs Linux."""
        if self.state == "running" and self.hold < 0 and hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self.hold = os.pidfd_open(self.pid)
                if self.group is None:  # it pins whoever has that pid now
                    self.release()

    def release(self) -> None:
        """Let go of the process."""
        if self.hold >= 0:
            os.close(self.hold)
            self.hold = -1

    def _be_over(self, state: State) -> None:
        self.state = state
        self.release()
        self.over.set()
        self._changed()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()
