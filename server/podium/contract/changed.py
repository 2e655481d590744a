"""What a changed score changes, as the answers of `job.resume` and `job.modify` tell it."""

from pydantic import Field

from podium.contract.view import View


class Labels(View):
    """The labels of the first of some sheets, and how many there are."""

    labels: list[str]  # of the first ones
    total: int  # how many there are


class ScoreChange(View):
    """What a changed score changes, compared with the one that the job runs until then."""

    sheets: dict[str, Labels] = Field(default_factory=dict)  # those that differ, by how far they are
    """Which differ: `finished` (kept with the result of the old text), `running` (they end with it), `unfinished` (they run with
    the new text or settings), `added`, `removed`. Each only if there are some."""
    settings: list[str] = Field(default_factory=list)  # of the score or of sheets, as `parallel` or `retry`
    warnings: list[str] = Field(default_factory=list)  # that the former score did not have
    file: str = ""  # the file of the edited or replaced score, which nobody has written to
    on_pending: bool = False  # the edit was made in a change that was not in effect yet
