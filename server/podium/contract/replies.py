"""What the wire's methods answer, beside their parameters in `methods`.

The conductor builds these, and the proxy reads them; if it needs only the view that a reply extends, it reads that. The views
of `models` are replies of their own: `job.log` answers a `LogView`, `job.explain` an `ExplainView`, `job.health` a
`ProcessHealth`. Members that the proxy does not read (those of a checkpoint or a record) have no model.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from podium.contract.models import ActionView, EventView, JobView, PlanView, SheetView, StartView
from podium.contract.record import AttemptView
from podium.contract.secrets.masks import Span
from podium.contract.view import View
from podium.contract.waits import MatchView, RunningView
from podium.errors import PodiumError, from_dict


class Sparse(View):
    """A reply of which only those members that were given go on the wire."""

    @model_serializer(mode="wrap")
    def _given_members(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in serialize(self).items() if name in self.model_fields_set}


class Refusal(Sparse):
    """A call that the conductor did not carry out, in the form of its method; the error's facts stand beside the members.

    Every refusal has a `code`, and no other reply has one.
    """

    model_config = ConfigDict(extra="allow")

    valid: Literal[False] = False  # job.validate
    paused: Literal[False] = False  # job.pause
    cancelled: Literal[False] = False  # job.cancel
    job_id: str = ""
    status: Literal["rejected"] = "rejected"  # job.submit, job.resume, job.modify
    message: str = ""
    error: str = ""  # the message of job.pause and job.cancel
    code: str
    fix: str = ""
    retryable: bool = False

    @classmethod
    def of(cls, error: PodiumError, /, **members: Any) -> "Refusal":
        """Return the refusal for an error; `members` are those of the method's form."""
        known = {**members, "code": error.code, "fix": error.fix, "retryable": error.retryable, **error.facts}
        return cls.model_validate(known)

    def as_error(self) -> PodiumError:
        """Return the error that the conductor refused the call with."""
        facts = {"job_id": self.job_id, **(self.model_extra or {})}
        known = {name: value for name, value in facts.items() if value is not None and value != ""}
        return from_dict({**known, "code": self.code, "message": self.message or self.error, "fix": self.fix})


class SubmitReply(StartView):
    """`job.submit`: the job is on the conductor's disk."""

    job_id: str
    status: Literal["accepted"]
    message: str


class DryRunReply(View):
    """`job.submit` with `dry_run`: nothing was stored."""

    job_id: Literal[""]
    status: Literal["accepted"]
    message: str
    plan: PlanView


class PauseReply(Sparse, ActionView):
    """`job.pause`: the intent is on the disk; `pending` until the status has changed."""

    paused: Literal[True]


class CancelReply(Sparse, ActionView):
    """`job.cancel`: the intent is on the disk, unless `unstored`; `pending` while processes are being ended."""

    cancelled: Literal[True]


class ChangeReply(Sparse, ActionView):
    """`job.resume` and `job.modify`; `kept` and `changed` only with a changed score."""

    job_id: str
    status: Literal["accepted"]


class ClearReply(View):
    """`job.clear`: how many jobs were deleted, each as it was, and why each other one was not.

    `total` counts what matched when the call began, by status in `counts`. In a dry run `jobs` would be deleted first.
    """

    deleted: int
    jobs: list[JobView]
    refused: list[Refusal]
    total: int = 0
    counts: dict[str, int] = Field(default_factory=dict)


class ListedJob(View):
    """An entry of `job.list`: our view; the Marianne protocol's short form stands beside it."""

    model_config = ConfigDict(extra="allow")

    podium: JobView


class ListReply(View):
    """`job.list` with a limit or a cursor: a page, newest first."""

    jobs: list[ListedJob]
    next_cursor: str
    total: int


class StatusReply(View):
    """`job.status`: our view, and a page of sheets if one was asked for. The checkpoint's members stand beside these."""

    podium: JobView
    podium_description: str = ""
    podium_sheets: list[SheetView] = Field(default_factory=list)
    podium_sheets_cursor: str = ""
    podium_running: RunningView = Field(default_factory=RunningView)


class EventsReply(Sparse):
    """`job.events`: one page, or with `stream` only `next` and `truncated_before`. `next` is the cursor to continue from.

    `truncated_before` is the oldest cursor that misses nothing, if events after the given one are no longer kept.
    """

    events: list[EventView] = Field(default_factory=list)
    next: str
    truncated_before: str | None = None


class AttemptsReply(View):
    """`job.attempts`: a page, oldest first; `cursor` is "" on the last one."""

    attempts: list[AttemptView] = Field(default_factory=list)
    cursor: str = ""


class CommandsReply(View):
    """`job.commands`: the beginning of what each of the first sheets runs, in one line without secrets."""

    commands: list[str] = Field(default_factory=list)


class SecretsReply(View):
    """`job.secrets`: where secrets stand in the bytes, and the names of their variables."""

    spans: list[Span]


class WatchReply(View):
    """`job.watch`: the line that matched, if any, and where to go on. `behind`: there is more output to search now.

    `unsearched` are the bytes up to there that this call could not search.
    """

    found: MatchView | None = None
    position: str
    behind: bool
    unsearched: int = 0


class TaskStateReply(View):
    """`task.state`: what the task has ended with, None while it has not."""

    end: dict[str, Any] | None
