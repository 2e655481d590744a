"""What the conductor found out about an ended attempt: how it ended, whether it succeeded, and what prevented it."""

from dataclasses import dataclass
from typing import Literal

from podium.conductor.engines.port import End

Trouble = Literal["", "rate_limit", "auth", "capacity", "missing", "internal", "unjudged"]
"""Why an agent instrument could not work: it has to wait, is not signed in, is out of capacity, or is not installed.

`internal` is not the instrument's fault: the conductor itself failed. `unjudged`: whether to skip the sheet cannot be told.
"""


@dataclass(frozen=True)
class Verdict:
    """The judgement of one attempt. `validations` is JSON; `message` says why it failed."""

    end: End
    passed: bool
    message: str = ""
    validations: str = "[]"
    skipped: bool = False  # nothing ran: skip_when or skip_when_command applied; `message` says which
    trouble: Trouble = ""
    wait_seconds: float | None = None  # as a rate-limited instrument asks
    cost: float | None = None  # in dollars, as the instrument reports it
    missing_folders: tuple[str, ...] = ()  # found only for jobs that heal themselves, like `tail`
    notes: tuple[str, ...] = ()  # what may surprise about the attempt
    tail: str = ""  # the end of the attempt's output
