"""What `podium status --json` prints."""

from pydantic import Field

from podium.cli.views.results import ErrorView
from podium.contract.conductors import ConductorView
from podium.contract.models import JobView
from podium.contract.view import View


class StatusView(View):
    """Whether a conductor is running, which, and its newest jobs; `jobs_total` counts all."""

    running: bool  # a conductor answers
    conductor: ConductorView | None = None  # None if none is running
    jobs: list[JobView] = Field(default_factory=list)  # the newest ones
    jobs_total: int = 0  # how many there are
    error: ErrorView | None = None  # why none answers
