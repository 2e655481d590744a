"""What there is at one moment: the conductor, its jobs, and what those that run use of the machine."""

from pydantic import Field

from podium.contract.conductors import ConductorView
from podium.contract.models import JobView
from podium.contract.view import View


class LoadView(View):
    """What all processes of a job's running sheets use together."""

    cpu_percent: float | None = None  # the mean over at least 0.1 s; 100 is one processor
    memory_mb: float | None = None  # resident, in MiB
    processes: int = 0  # how many they are


class SnapshotView(View):
    """One look at a conductor: its newest jobs and all that have not ended, running ones first; `jobs_total` counts all.

    `loads`: id of a running job -> what its processes use; of the first ones, where many run.
    """

    conductor: ConductorView  # who answers
    jobs: list[JobView] = Field(default_factory=list)  # all that have not ended, and the newest of the others
    jobs_total: int = 0  # how many there are
    loads: dict[str, LoadView] = Field(default_factory=dict)  # id of a running job -> what its processes use
