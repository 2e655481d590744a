"""What runs of a job, as a caller is told whose wait has timed out."""

from pydantic import Field

from podium.contract.models import View


class RunningSheet(View):
    """A sheet that runs now."""

    label: str
    since: str  # when its attempt began
    limit_seconds: float | None = None  # after which the conductor ends it, None for never
    written_at: str = ""  # when it last wrote output, "" for never


class RunningView(View):
    """What runs of a job since when, and how long the last completed job of its name took."""

    sheets: list[RunningSheet] = Field(default_factory=list)  # the first ones
    earlier_seconds: float | None = None  # None if none has completed
