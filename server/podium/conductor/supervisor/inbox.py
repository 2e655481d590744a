"""The supervisor's inbox: commands from handlers and attempts, taken in batches."""

from collections.abc import Callable
from typing import Any

import anyio

from podium.conductor.clock import Clock
from podium.conductor.rules.batch import Batch

Work = Callable[[Batch, Clock], Any]


class Command:
    """A piece of work for the next batch. Who waits for it gets its value, or its error, when the batch is on the disk.

    A `kept` command is a fact that has happened: when the disk is full it is tried again, not refused.
    """

    def __init__(self, work: Work, request_key: str | None = None, *, kept: bool = False) -> None:
        self.work = work
        self.request_key = request_key
        self.kept = kept
        self.value: Any = None
        self._error: BaseException | None = None
        self._done = anyio.Event()

    def resolve(self) -> None:
        """Let the waiter have the value."""
        self._done.set()

    def fail(self, error: BaseException) -> None:
        """Let the waiter have an error."""
        self._error = error
        self._done.set()

    async def result(self) -> Any:
        """Wait for the batch that holds this command and return what the work returned."""
        await self._done.wait()
        if self._error is not None:
            raise self._error
        return self.value


class Inbox:
    """Commands in the order of their arrival. `post` never waits: who posts is bounded by requests and attempts in flight."""

    def __init__(self) -> None:
        self._commands: list[Command] = []
        self._put_back: list[Command] = []
        self._arrived = anyio.Event()

    def post(self, command: Command) -> None:
        """Add a command and wake the supervisor."""
        self._commands.append(command)
        self._arrived.set()

    def put_back(self, command: Command) -> None:
        """Keep a command that could not be committed until `again`."""
        self._put_back.append(command)

    def again(self) -> list[Command]:
        """Return the commands that were put back."""
        taken, self._put_back = self._put_back, []
        return taken

    async def take(self, seconds: float | None) -> list[Command]:
        """Wait for commands, at most so many seconds (None: without limit), and return all there are."""
        if not self._commands:
            with anyio.move_on_after(seconds):
                await self._arrived.wait()
        taken, self._commands = self._commands, []
        self._arrived = anyio.Event()
        return taken
