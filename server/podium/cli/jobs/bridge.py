"""Asking a conductor that may be away for a while: a restart takes seconds, and what runs goes on meanwhile."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from podium.errors import ConductorError, InvalidArguments, JobNotFound, PodiumError, UnsupportedByConductor

AWAY_SECONDS = 60.0  # for which a conductor may be away; a restart takes seconds
RETRY_SECONDS = 0.5

Answer = TypeVar("Answer")


class LostSight(Exception):
    """The job can be followed no more, for an error; the message says why, and `goes_on` whether there is still a job."""

    def __init__(self, error: PodiumError, message: str = "", *, goes_on: bool = True) -> None:
        self.error = error
        self.message = (message or error.message).removesuffix(".")
        self.goes_on = goes_on
        super().__init__(self.message)


class Bridge:
    """Asks over a restart of the conductor. `say` gets a sentence when it goes away, and one when it is back."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._away_since: float | None = None

    async def ask(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask until the conductor answers, for a time.

        Raises:
            InvalidArguments, UnsupportedByConductor: the question is wrong.
            LostSight: it is not back in time, or knows the job no more.
        """
        while True:
            try:
                answer = await ask()
            except JobNotFound as error:
                raise LostSight(error, goes_on=False) from None
            except (InvalidArguments, UnsupportedByConductor):  # it will be no other answer, and nothing has gone
                raise
            except PodiumError as error:
                if not (isinstance(error, ConductorError) and error.retryable):
                    raise LostSight(error) from None
                self._is_away(error)
                await anyio.sleep(RETRY_SECONDS)
            else:
                self.answered()
                return answer

    def _is_away(self, error: ConductorError) -> None:
        """Say that the conductor is away, once; raises LostSight if it has been for too long."""
        if self._away_since is None:
            self._away_since = time.monotonic()
            self._say(f"The conductor is away; what runs goes on, waiting for it for up to {AWAY_SECONDS:.0f} s.")
        if time.monotonic() - self._away_since > AWAY_SECONDS:
            raise LostSight(error, f"The conductor is gone ({error.message.removesuffix('.')})") from None

    def answered(self) -> None:
        """Say that the conductor is back if it was away. A wait has answers long before it ends."""
        if self._away_since is not None:
            self._away_since = None
            self._say("The conductor is back.")
