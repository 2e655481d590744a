"""What waits for the reader: the clients take turns, and no client can fill the queue for the others."""

import hashlib
import os
from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import anyio

from podium.conductor.reading.refusals import busy
from podium.errors import PodiumError
from podium.reader.requests import Answer, Call, Request, pack

MOST_WAITING = 1024
MOST_WAITING_BYTES = 16 * 1024**2
LAUNCHES = "launches"
"""The client that stands for the sheets: they are bounded by the slots that they hold, and never refused."""


@dataclass(eq=False)
class Asked:
    """A request on its way, and its answer."""

    number: int
    request: Request
    body: bytes
    files: Sequence[int]  # our own copies, closed with the answer
    client: object
    deaths: int = 0
    tries: int = 0
    abandoned: bool = False
    done: anyio.Event = field(default_factory=anyio.Event)
    answer: tuple[Answer, bytes] | None = None
    error: PodiumError | None = None

    @property
    def message(self) -> bytes:
        """The message as it is sent."""
        return pack(Call(number=self.number, request=self.request, files=len(self.files)), self.body)

    @property
    def digest(self) -> bytes:
        """What the request is recognised by."""
        return digest_of(self.request, self.body)

    def succeed(self, answer: Answer, body: bytes) -> None:
        """Give the answer."""
        self.answer = answer, body
        self._close()

    def fail(self, error: PodiumError) -> None:
        """Refuse it."""
        self.error = error
        self._close()

    def _close(self) -> None:
        for descriptor in self.files:
            with suppress(OSError):
                os.close(descriptor)
        self.files = ()
        self.done.set()


def digest_of(request: Request, body: bytes) -> bytes:
    """Return what a request is recognised by when it comes again."""
    return hashlib.sha256(request.model_dump_json(exclude={"now", "cursor"}).encode() + b"\0" + body).digest()


def process_of(client: object) -> object:
    """Return what a client stays known by when it connects anew: its process id, if the kernel has told it."""
    pid = getattr(client, "pid", None)
    return client if pid is None else pid


class Queue:
    """Requests in one line a client; the lines take turns."""

    def __init__(self) -> None:
        self._lines: OrderedDict[object, deque[Asked]] = OrderedDict()
        self._count = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._count

    def add(self, asked: Asked) -> None:
        """Add a request at the end of its client's line.

        Raises:
            ConductorBusy: too much waits.
        """
        if asked.client != LAUNCHES:
            if self._count >= MOST_WAITING:
                raise busy(f"{self._count} requests wait")
            if self._bytes and self._bytes + len(asked.body) > MOST_WAITING_BYTES:
                raise busy(f"{self._bytes} bytes wait")
        self._lines.setdefault(asked.client, deque()).append(asked)
        self._counted(asked, 1)

    def put_back(self, asked: Asked) -> None:
        """Put a request back to where it came from: before all others."""
        self._lines.setdefault(asked.client, deque()).appendleft(asked)
        self._lines.move_to_end(asked.client, last=False)
        self._counted(asked, 1)

    def withdraw(self, process: object) -> list[Asked]:
        """Take away and return all that one process has asked."""
        found: list[Asked] = []
        for client in [each for each in self._lines if process_of(each) == process]:
            found += self._lines.pop(client)
        for asked in found:
            self._counted(asked, -1)
        return found

    def take(self) -> Asked | None:
        """Return the next request that somebody still waits for; the client's next one comes after all others'."""
        while self._lines:
            client, line = self._lines.popitem(last=False)
            asked = line.popleft()
            if line:
                self._lines[client] = line
            self._counted(asked, -1)
            if not asked.abandoned:
                return asked
        return None

    def _counted(self, asked: Asked, sign: int) -> None:
        self._count += sign
        if asked.client != LAUNCHES:
            self._bytes += sign * len(asked.body)
