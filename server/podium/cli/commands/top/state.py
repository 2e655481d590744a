"""What `podium top` knows and what it is showing: everything that its screen is drawn from, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from podium.contract.conductors import ConductorView
from podium.contract.models import JobView
from podium.contract.results import ProcessHealth
from podium.contract.states import TERMINAL

Page = Literal["jobs", "logs", "explain", "help"]


@dataclass
class State:
    """The jobs in their order, the chosen one, and what lies over the list of them."""

    jobs: Sequence[JobView] = ()
    total: int = 0  # of all jobs, if that are more
    conductor: ConductorView | None = None
    loads: dict[str, ProcessHealth] = field(default_factory=dict)
    chosen: str = ""  # a job id
    top: int = 0  # the row of the first job that is shown
    page: Page = "jobs"
    text: list[str] = field(default_factory=list)  # of a page that is not the jobs
    at: int = 0  # its first line that is shown
    last: tuple[str, str] = ("", "")  # the chosen job's sheet that wrote last, and its last line
    question: str = ""  # the job that is to be cancelled, while that is not confirmed
    note: str = ""  # what a key has done
    away: str = ""  # why nothing new comes

    @property
    def row(self) -> int:
        """The row of the chosen job; 0 if it is gone."""
        return next((row for row, job in enumerate(self.jobs) if job.job_id == self.chosen), 0)

    @property
    def job(self) -> JobView | None:
        """The chosen job."""
        return self.jobs[self.row] if self.jobs else None

    def take(self, jobs: Sequence[JobView], total: int) -> None:
        """Take a new look at the jobs. What was chosen stays so, wherever it stands now; if it is gone, its row is chosen."""
        row = self.row
        self.jobs, self.total = sorted(jobs, key=_place), max(total, len(jobs))
        if self.jobs and all(job.job_id != self.chosen for job in self.jobs):
            self.chosen = self.jobs[min(row, len(self.jobs) - 1)].job_id

    def choose(self, row: int) -> None:
        """Choose the job of a row, or the nearest one."""
        if self.jobs:
            self.chosen = self.jobs[max(0, min(row, len(self.jobs) - 1))].job_id
            self.last = ("", "")

    def scroll(self, rows: int) -> None:
        """Let the chosen job be among so many rows that are shown."""
        row = self.row
        self.top = max(0, min(self.top, row, len(self.jobs) - rows), row - rows + 1)

    def shown(self, rows: int) -> Sequence[JobView]:
        """Return the jobs of the rows that are shown."""
        return self.jobs[self.top : self.top + rows]


def _place(job: JobView) -> tuple[int, str]:
    """Return where a job stands: running ones first, then others that may go on, then ended ones; each kind newest first."""
    kind = 0 if job.status == "running" else 2 if job.status in TERMINAL else 1
    time = job.finished_at or job.started_at or job.submitted_at or ""
    return kind, "".join(chr(0x10FFFF - ord(letter)) for letter in time)
