"""Launches that the system refuses for now: no space, no descriptors, no keeper. They are tried again, less and less often."""

from podium.log import get_logger

FIRST_SECONDS = 1.0
MOST_SECONDS = 15.0

log = get_logger()


class Refused:
    """Why nothing can be launched, and until when (in monotonic seconds) nothing is tried; `why` is "" in ordinary times."""

    def __init__(self) -> None:
        self.why = ""
        self.until = 0.0
        self._seconds = FIRST_SECONDS

    def note(self, why: str, now: float) -> None:
        """Note a refusal. Those of one try count once, however many sheets it was for."""
        if why != self.why:
            log.error("launch_refused", reason=why)
        self.why = why
        if self.until <= now:
            self.until = now + self._seconds
            self._seconds = min(2 * self._seconds, MOST_SECONDS)

    def forget(self) -> None:
        """Note that a launch succeeded."""
        self.why, self._seconds = "", FIRST_SECONDS
