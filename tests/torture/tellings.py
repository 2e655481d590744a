"""What the commands of a campaign's scores (`on_end`) have told, and whether each end was told: once, or again after a death."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.facts import Rows
from tests.torture.walk import Violation, Walk

TELL = 'echo "$PODIUM_NOTIFICATION_ID $PODIUM_JOB_STATUS {code}" >>{told}; cat >/dev/null'
SILENT = ("its keeper died", "it could not be run")
"""In the reason of a failure: it was tried again and again, and the last try may have told nothing; or its workspace was not there."""


@dataclass(frozen=True)
class Line:
    """One run of a command: which end it told of, as what, and with which code it was to exit."""

    id: str
    status: str
    code: int


@dataclass
class Tellings:
    """What was told so far. `again` are the ids that may be told more than once, as somebody has died since their end."""

    file: Path
    again: set[str] = field(default_factory=set)

    def lines(self) -> list[Line]:
        """Return what was told, in order."""
        text = self.file.read_text() if self.file.exists() else ""
        return [Line(words[0], words[1], int(words[2])) for words in map(str.split, text.splitlines())]

    def check_followed(self, walks: dict[str, Walk]) -> None:
        """Check that what runs on success followed nothing else.

        Raises:
            Violation: says which end.
        """
        ends = {key: status for walk in walks.values() for key, status in walk.ends.items()}
        followed = self.file.with_name("followed")
        for line in followed.read_text().splitlines() if followed.exists() else []:
            key, status = line.split()
            told = f"{key} was followed as {status}, stored {ends.get(key)}"
            require(status == "completed" == ends.get(key, "completed"), told, key.rpartition(".")[0])

    def may_repeat(self, ids: set[str]) -> None:
        """Note ends whose commands may run again."""
        self.again |= ids

    def check(self, rows: Rows, walks: dict[str, Walk], early: list[Line]) -> None:
        """Check that nothing was told that is not stored, and that nothing is forgotten.

        `early` was read before the rows: what it tells is committed. What they no longer have to tell was told by now.

        Raises:
            Violation: says which end.
        """
        ends = {key: status for walk in walks.values() for key, status in walk.ends.items()}
        for line in early:
            job_id = line.id.rpartition(".")[0]
            if job_id in rows.tombstones:
                continue  # with the job went its events
            require(ends.get(line.id) == line.status, f"told {line}, stored {ends.get(line.id)}", job_id)
        self.check_followed(walks)
        told = Counter(line.id for line in self.lines())
        failures = {key: why for walk in walks.values() for key, why in walk.untold.items()}
        for key in ends.keys() - rows.to_tell:
            job_id = key.rpartition(".")[0]
            is_silent = any(each in failures.get(key, "") for each in SILENT)
            require(bool(told[key]) or is_silent, f"{key} was never told", job_id)
        twice = {key: count for key, count in told.items() if count > 1 and key not in self.again}
        require(not twice, f"told again though nobody died: {twice}", *(key.rpartition(".")[0] for key in twice))
        for line in self.lines():
            job_id = line.id.rpartition(".")[0]
            if line.code and line.id not in rows.to_tell and job_id in rows.jobs and line.id in ends:
                require(line.id in failures, f"{line} failed, and the job does not say so", job_id)


def require(holds: bool, text: str, *jobs: str) -> None:
    """Raise a Violation unless something holds."""
    if not holds:
        raise Violation("tellings", text, *jobs)
