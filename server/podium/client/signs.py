"""Looking for a line that matches while a wait goes on, on the conductor's side.

How far the output was searched travels in `after`, behind the cursor of the events, so that it outlasts every process.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import anyio

from podium.contract.replies import WatchReply
from podium.contract.waits import MatchView
from podium.errors import PodiumError

WATCH_SECONDS = 10.0  # of one call
BRIDGE_SECONDS = 0.2  # between two attempts to reach a conductor that restarts
AWAY_SECONDS = 10.0  # longer than a restart takes, even with many jobs on a slow disk
_MARK = "~"


class WatchSource(Protocol):
    """What looking for a line needs of a conductor."""

    async def watch(self, job_ids: Sequence[str], pattern: str, position: str, seconds: float) -> WatchReply:
        """Return the first line that matches after a position, or after so many seconds the next position."""


def split(after: str) -> tuple[str, str]:
    """Return the cursor of the events and the position in the output, which may be ""."""
    events, _, position = after.partition(_MARK)
    return events, position


def joined(events: str, position: str) -> str:
    """Return both in one text."""
    return f"{events}{_MARK}{position}" if position else events


class Signs:
    """One pattern, and how far it was looked for.

    `behind`: some output is left to search. `unsearched` are the bytes that could not be searched.
    """

    def __init__(self, source: WatchSource, job_ids: Sequence[str], pattern: str, position: str) -> None:
        self._source, self._ids, self._pattern = source, job_ids, pattern
        self.position = position
        self.found: MatchView | None = None
        self.error: PodiumError | None = None
        self.behind = True
        self.unsearched = 0

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.found is not None or self.error is not None

    async def catch_up(self, seconds: float) -> None:
        """Search what there is now, for about so many seconds at most.

        Raises:
            InvalidArguments: the pattern cannot be used.
            PodiumError: as every call.
        """
        if not self._pattern:
            return
        deadline = time.monotonic() + seconds
        self.behind = True
        while self.found is None and self.behind:
            await self._look(0.0)
            if time.monotonic() > deadline:
                return

    async def follow(self, ring: Callable[[], None]) -> None:
        """Look until a line matches or something is wrong, then ring. A restart of the conductor is bridged."""
        away_since: float | None = None
        while not self.is_over:
            try:
                await self._look(WATCH_SECONDS)
                away_since = None
            except PodiumError as error:
                away_since = away_since or time.monotonic()
                if not error.retryable or time.monotonic() - away_since > AWAY_SECONDS:
                    self.error = error
                else:
                    await anyio.sleep(BRIDGE_SECONDS)
        ring()

    async def _look(self, seconds: float) -> None:
        reply = await self._source.watch(self._ids, self._pattern, self.position, seconds)
        self.found, self.position, self.behind = reply.found, reply.position, reply.behind
        self.unsearched += reply.unsearched
