"""The supervisor's inbox: commands from handlers and attempts, taken in batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio

from podium.conductor.rules.batch import Batch, Record
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.verdicts import Verdict

Transition = Callable[[JobRun, Batch], Any]
"""Changes a job, records in the batch what it touched, and returns the reply; or raises a `PodiumError` and changes nothing."""


@dataclass(eq=False)
class Command:
    """A transition of a job, and rows to write beside it, for the next batch. Rows may also come alone.

    Without `job` the transition applies to the object of the job in memory, and is dropped if there is none. With it, the caller
    has looked the job up, and `was_active` says whether it was in memory then. A `kept` command reports a fact: on a full disk it
    is tried again, not refused; `ended` says which attempt has ended by it.
    """

    job_id: str = ""
    transition: Transition | None = None
    records: Sequence[Record] = ()
    job: JobRun | None = None
    was_active: bool = False
    request_key: str | None = None
    kept: bool = False
    ended: tuple[int, Verdict] | None = None
    value: Any = field(default=None, init=False)
    _error: BaseException | None = field(default=None, init=False)
    _waiter: anyio.Event | None = field(
        default=None, init=False
    )  # most commands have none, and an event takes its time
    _done: bool = field(default=False, init=False)

    def resolve(self) -> None:
        """Give the waiter the value."""
        self._done = True
        if self._waiter is not None:
            self._waiter.set()

    def fail(self, error: BaseException) -> None:
        """Give the waiter an error."""
        self._error = error
        self.resolve()

    async def result(self) -> Any:
        """Wait for the batch that holds this command and return what its transition returned."""
        if not self._done:
            self._waiter = anyio.Event()
            await self._waiter.wait()
        if self._error is not None:
            raise self._error
        return self.value


class Inbox:
    """Commands in the order of their arrival. `post` never waits; requests and attempts in flight bound their number."""

    def __init__(self) -> None:
        self._commands: list[Command] = []
        self._arrived = anyio.Event()

    def post(self, command: Command) -> None:
        """Add a command and wake the supervisor."""
        self._commands.append(command)
        self._arrived.set()

    async def take(self, seconds: float | None) -> list[Command]:
        """Wait for commands, at most so many seconds (None for no limit), and return all of them."""
        if not self._commands:
            with anyio.move_on_after(seconds):
                await self._arrived.wait()
        taken, self._commands = self._commands, []
        self._arrived = anyio.Event()
        return taken
