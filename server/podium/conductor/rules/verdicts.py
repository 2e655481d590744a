"""What the conductor found of an ended attempt: how it ended, whether it succeeded, and what stood in its way."""

from dataclasses import dataclass
from typing import Literal

from podium.conductor.engines.port import End

Trouble = Literal["", "rate_limit", "auth", "capacity", "missing", "internal"]
"""Why an agent instrument could not work: it has to wait, is not signed in, is out of capacity, or is not installed.

`internal` is no instrument's doing: the conductor itself failed at the attempt.
"""


@dataclass(frozen=True)
class Verdict:
    """The judgement of one attempt. `validations` is JSON; `message` says why it failed."""

    end: End
    passed: bool
    message: str = ""
    validations: str = "[]"
    skipped: bool = False  # its condition or command said so: nothing ran; `message` says which
    trouble: Trouble = ""
    wait_seconds: float | None = None  # that a rate-limited instrument asks for
    missing_folders: tuple[str, ...] = ()  # looked for in jobs that heal themselves only, as is `tail`
    tail: str = ""  # the end of what the attempt wrote
