"""Short commands of the conductor itself, validations and skip commands: with a time limit that ends the whole tree.

Their output comes through a pipe, and only its end is kept: unlike attempts they need not outlive the conductor.
"""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import anyio

from podium.conductor.processes.facts import MARKER
from podium.conductor.processes.reaper import Child, Reaper
from podium.conductor.processes.tree import end_leftovers, end_tree

GRACE_SECONDS = 1.0
CANNOT_RUN = 126
# posix_spawn cannot change the folder on every system, so a shell does, and then becomes the command.
ENTER = f'cd -- "$1" || exit {CANNOT_RUN}; shift; exec "$@"'
LAST_WAIT_SECONDS = 5.0
LAST_READS = 64  # enough for what a pipe can still hold; a child that writes for ever must not keep us


@dataclass(frozen=True)
class Finished:
    """How a command ended.

    `exit_code` is negative for a signal, 126 if it could not be started, 127 if the program was not found. `output` is the end
    of stdout and stderr together.
    """

    exit_code: int
    output: str = ""
    timed_out: bool = False
    processes_ended: int = 0


class Runner:
    """Runs commands with the conductor's environment and the variables of the call."""

    def __init__(self, reaper: Reaper) -> None:
        self._reaper = reaper
        self._env = dict(os.environ)
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
    ) -> Finished:
        """Run a command for the attempt `key` and wait for it.

        Processes that it leaves running are ended; if the caller is cancelled, the whole tree is. Raises no errors of its own.
        """
        name = f"{key}#{next(self._numbers)}"
        command = ("/bin/sh", "-c", ENTER, "podium-run", str(cwd), *argv)
        with ExitStack() as stack:
            try:
                tail = stack.enter_context(closing(_Tail(output_limit_bytes)))
                child = await self._reaper.spawn(
                    command, {**self._env, **env, MARKER: name}, stdout=tail.end, stderr=tail.end
                )
            except (OSError, ValueError) as error:
                return Finished(CANNOT_RUN, f"could not be started: {error}")
            timed_out, ended = await self._wait(child, name, tail, timeout_seconds)
            exit_code = -int(signal.SIGKILL)  # of one that cannot be killed, which is not waited for
            with anyio.move_on_after(LAST_WAIT_SECONDS):
                exit_code = await child.wait()
            return Finished(exit_code, tail.text(), timed_out, ended)

    async def _wait(self, child: Child, name: str, tail: "_Tail", limit: float) -> tuple[bool, int]:
        """Wait for the end or the limit (seconds); return whether it was the limit, and how many processes were ended."""
        try:
            with anyio.move_on_after(limit) as scope:
                await tail.read_until(child)
            if scope.cancelled_caught:
                return True, 1 + await end_tree(name, child.pid, GRACE_SECONDS)
            return False, await end_leftovers(self._reaper.orphans(), name, child.pid, GRACE_SECONDS)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                await end_tree(name, child.pid, GRACE_SECONDS)
            raise


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
            await child.wait()
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
