"""What there is at one moment: the conductor, its jobs, and what those that run use of the machine."""

from pydantic import Field

from podium.contract.conductors import ConductorView
from podium.contract.models import JobView
from podium.contract.results import ProcessHealth
from podium.contract.view import View


class SnapshotView(View):
    """One look at a conductor: its newest jobs and all that have not ended, running ones first; `jobs_total` counts all.

    `loads`: id of a running job -> what its processes use; of the first ones, where many run.
    """

    conductor: ConductorView  # who answers
    jobs: list[JobView] = Field(default_factory=list)  # all that have not ended, and the newest of the others
    jobs_total: int = 0  # how many there are
    loads: dict[str, ProcessHealth] = Field(default_factory=dict)  # id of a running job -> what its processes use
