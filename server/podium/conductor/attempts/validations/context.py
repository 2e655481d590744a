"""What a validation knows about its attempt, and what it returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from podium.conductor.processes.run import Runner
from podium.conductor.reading.reader import Reader
from podium.contract.models import Survivor
from podium.contract.secrets.masks import Masker


@dataclass(frozen=True)
class ValidationContext:
    """One attempt as its validations see it.

    `attempt_started` is in seconds since the epoch, by the clock of the workspace's file system: take it before the launch.
    `expand` fills the `{workspace}`-style fields of a path or a working directory, `expand_command` those of a command; they
    raise nothing. Patterns are used unchanged. `masker` removes secrets from a text that is shown. What a command leaves and
    cannot be ended is added to `survivors`; what is said of a file that passes a check and is older than the job, to `notes`
    (`job_submitted` is in seconds since the epoch).
    """

    workspace: Path
    attempt_started: float
    env: Mapping[str, str]
    key: str
    expand: Callable[[str], str]
    expand_command: Callable[[str], str]
    runner: Runner
    reader: Reader
    masker: Masker = field(default_factory=Masker)
    survivors: list[Survivor] = field(default_factory=list)
    job_submitted: float = 0.0
    notes: list[str] = field(default_factory=list)

    def path(self, text: str) -> Path:
        """Return a rule's path; a relative one is under the workspace."""
        return self.workspace / self.expand(text)


@dataclass(frozen=True)
class Outcome:
    """What one check found, in a bounded line, and text of the job that it looked at, quoted."""

    passed: bool
    found: str
    output: str = ""
