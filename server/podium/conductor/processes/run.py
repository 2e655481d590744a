"""Validations, skip commands and what tells of ends: started by the keeper, as sheets are, with a time limit that ends the tree.

Their output comes through a pipe, and only its end is kept: unlike attempts they need not outlive the conductor.
"""

import os
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import anyio
from anyio.to_thread import run_sync

from podium.conductor.processes.cgroup import Cgroups
from podium.conductor.processes.facts import MARKER
from podium.conductor.processes.keepers.child import Child, Start, State
from podium.conductor.processes.keepers.keepers import Keepers
from podium.conductor.processes.tree import end_tree, may_have_left
from podium.contract.models import Survivor

GRACE_SECONDS = 1.0
CANNOT_RUN, NOT_FOUND = 126, 127
# posix_spawn cannot change the folder on every system, so bash does, and then becomes the command.
ENTER = f'cd -- "$1" || exit {CANNOT_RUN}; shift; exec -- "$@"'
START_SECONDS = 5.0  # a start takes milliseconds, unless its keeper hangs
LOOK_SECONDS = 0.005
LAST_WAIT_SECONDS = 5.0
AGAIN_SECONDS = 0.5  # until a command that no keeper could begin, or whose keeper died, is tried again
TRIES = 3  # of a command whose keeper dies: it only looks, and may run again
RAN: tuple[State, ...] = ("ended", "lost")  # or may have; its pid may have been told to nobody
LAST_READS = 64  # enough for what a pipe can still hold; a child that writes for ever must not keep us


@dataclass(frozen=True)
class Finished:
    """How a command ended.

    `exit_code` is negative for a signal, 126 if it could not be started, 127 if the program was not found. `output` is the end
    of stdout and stderr together. `began` is False where nothing of it has run, and another try may succeed.
    """

    exit_code: int
    output: str = ""
    timed_out: bool = False
    processes_ended: int = 0
    began: bool = True


class Runner:
    """Runs commands with the conductor's environment and the variables of the call."""

    def __init__(self, keepers: Keepers, cgroups: Cgroups | None = None) -> None:
        self._keepers = keepers
        self._cgroups = cgroups
        self._bash = shutil.which("bash") or "/bin/bash"
        self._life = f"{time.time_ns():x}"  # a key is never used twice, also not by the next conductor
        self._numbers = count(1)

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        timeout_seconds: float,
        key: str,
        output_limit_bytes: int = 4096,
        survivors: list[Survivor] | None = None,
        stdin: str = os.devnull,
    ) -> Finished:
        """Run a command for the attempt `key`, with the file `stdin` as its input, and wait for it.

        Processes that it leaves running are ended; if the caller is cancelled, the whole tree is. What could not be ended is
        added to `survivors`, then too. Raises no errors of its own.
        """
        for _ in range(TRIES):
            finished = await self._run(argv, env, cwd, timeout_seconds, key, output_limit_bytes, survivors, stdin)
            if not isinstance(finished, str):
                return finished
            await anyio.sleep(AGAIN_SECONDS)
        why = "could not be run: each time its keeper died or could not begin it"
        return Finished(CANNOT_RUN, why, began=finished == "lost")

    async def _run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: Path,
        seconds: float,
        key: str,
        output_bytes: int,
        survivors: list[Survivor] | None,
        stdin: str,
    ) -> Finished | State:
        """Run a command once; the state of its start if its keeper did not begin, or died and nobody knows how it ended."""
        name = f"{key}#{self._life}.{next(self._numbers)}"
        command = (self._bash, "-c", ENTER, "podium", str(cwd), *argv)
        with ExitStack() as stack:
            try:
                tail = stack.enter_context(closing(_Tail(output_bytes)))
            except OSError as error:
                return Finished(CANNOT_RUN, f"could not be started: {error.strerror}", began=False)
            group = self._cgroups.of(name.replace("#", ".")) if self._cgroups else None
            place = group.place if group else ""
            start = Start(name, command, {**env, MARKER: name}, stdin=stdin, pipe=tail.end, cgroup=place)
            try:
                (child,) = await self._keepers.start([start])
                return await self._follow(child, tail, seconds, [] if survivors is None else survivors)
            finally:
                self._keepers.forget(name)
                if group is not None:
                    with anyio.CancelScope(shield=True):
                        await run_sync(group.remove)

    async def _follow(self, child: Child, tail: "_Tail", limit: float, survivors: list[Survivor]) -> Finished | State:
        """Wait for the end or the limit (seconds), and end what is left of the tree."""
        timed_out, ended = False, 0
        try:
            with anyio.move_on_after(limit) as scope:
                await tail.read_until(child)
            timed_out = scope.cancelled_caught
            if timed_out:
                ended = 1 + await self._end(child, survivors)
            elif child.state in RAN and may_have_left(
                self._keepers.orphans(child), child.key, child.pid, child.control_group
            ):
                ended = await self._end(child, survivors)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await self._end(child, survivors)
            raise
        with anyio.move_on_after(LAST_WAIT_SECONDS):
            await child.over.wait()
        if child.state in {"lost", "refused"} and not timed_out:
            return child.state
        if child.state in {"failed", "refused"}:
            return Finished(CANNOT_RUN, f"could not be started: {child.fault}", began=not child.may_start_later)
        # One that cannot be killed is not waited for.
        return Finished(-int(signal.SIGKILL) if child.code is None else child.code, tail.text(), timed_out, ended)

    async def _end(self, child: Child, survivors: list[Survivor]) -> int:
        """End the tree of a command and return how many processes were ended; one that is being started is waited for.

        While the keeper starts it, the keeper itself is in its control group.
        """
        with anyio.move_on_after(START_SECONDS):
            while child.state in {"asked", "begun"}:  # noqa: ASYNC110 -- rare, and over in a moment
                await anyio.sleep(LOOK_SECONDS)
        orphans = partial(self._keepers.orphans, child, anew=True)
        left = await end_tree(child.key, child.group, GRACE_SECONDS, child.control_group, orphans)
        survivors.extend(left.survivors)
        return left.count


class _Tail:
    """The end of what comes through a pipe. `end` is the descriptor to write to."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._source, self.end = os.pipe()
        os.set_blocking(self._source, False)

    def close(self) -> None:
        """Close both ends."""
        os.close(self._source)
        os.close(self.end)

    async def read_until(self, child: Child) -> None:
        """Read until the process has ended. Other processes may hold the pipe longer; they are not waited for."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._read_on)
            await child.over.wait()
            tasks.cancel_scope.cancel()

    def text(self) -> str:
        """Return the end of the output."""
        for _ in range(LAST_READS):
            if not self._read_some():
                break
        return self._kept.decode("utf-8", "replace")

    async def _read_on(self) -> None:
        while True:
            await anyio.wait_readable(self._source)
            self._read_some()

    def _read_some(self) -> bool:
        try:
            self._kept += os.read(self._source, 65536)
        except BlockingIOError:
            return False
        del self._kept[: -self._limit]
        return True
