"""Launches that the system refuses for now: no space, no descriptors, no keeper. They are tried again, less and less often."""

from podium.conductor.engines.port import End
from podium.log import get_logger

FIRST_SECONDS = 1.0
MOST_SECONDS = 15.0
TRY_SECONDS = 10.0  # that a next try takes at most to be refused too

log = get_logger()


class Refused:
    """Why nothing could be launched, and until when (in monotonic seconds) nothing is tried."""

    def __init__(self) -> None:
        self._why = ""
        self.until = 0.0
        self._seconds = FIRST_SECONDS

    def learn(self, end: End, now: float) -> None:
        """Learn from the end of an attempt of this machine whether launches succeed now."""
        if end.reason != "never_started":
            self.forget()
        elif end.detail:
            self.note(end.detail, now)

    def note(self, why: str, now: float) -> None:
        """Note a refusal. Those of one try count once, however many sheets it was for."""
        if why != self._why:
            log.error("launch_refused", reason=why)
        self._why = why
        if self.until <= now:
            self.until = now + self._seconds
            self._seconds = min(2 * self._seconds, MOST_SECONDS)

    def forget(self) -> None:
        """Note that an attempt ended that had been launched."""
        self._why, self._seconds = "", FIRST_SECONDS

    def why(self, now: float) -> str:
        """Return why nothing can be launched, "" in ordinary times.

        A sheet that was launched then may run for hours: once a next try would have been refused, it is taken for a success.
        """
        return self._why if now < self.until + TRY_SECONDS else ""
