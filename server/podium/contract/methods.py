"""The wire's methods: which there are, which this conductor serves, and their parameters.

The 25 methods of the Marianne protocol come first, ours after them. Parameters that are not known are ignored, as that
protocol does; wrong types are refused with -32602. `client` and `request_key` may come with every mutating call.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from podium.contract.models import LogMode, Stream
from podium.contract.states import JobStatus

PROTOCOL = "podium-1"
MAX_LINE_BYTES = 16 * 1024 * 1024  # one frame with its newline, as in the Marianne protocol
HEARTBEAT_SECONDS = 15.0

MARIANNE_METHODS: dict[str, bool] = {
    "job.submit": True,
    "job.status": True,
    "job.pause": True,
    "job.resume": True,
    "job.modify": True,
    "job.cancel": True,
    "job.list": True,
    "job.clear": True,
    "job.errors": True,
    "job.diagnose": True,
    "job.history": True,
    "job.recover": False,
    "daemon.status": True,
    "daemon.health": True,
    "daemon.ready": True,
    "daemon.config": True,
    "daemon.shutdown": True,
    "daemon.top": False,
    "daemon.top.stream": False,
    "daemon.events": False,
    "daemon.monitor.stream": False,
    "daemon.observer_events": False,
    "daemon.rate_limits": False,
    "daemon.clear_rate_limits": False,
    "daemon.learning.patterns": False,
}
"""Method -> served (True) or answered -32601 (False)."""

OWN_METHODS: tuple[str, ...] = ("job.events", "job.log", "job.explain", "job.validate", "job.health", "task.state")
FEATURES: tuple[str, ...] = (
    "inline_score",
    "idempotency_key",
    "variables",
    "request_key",
    "events",
    "log",
    "explain",
    "validate",
    "process_health",
    "paging",
    "from_sheet",
    "tasks",
)


PATH_CHARS = 10_000
VARIABLES_CHARS = 1024 * 1024


def _at_most(limit: int, size: int) -> None:
    if size > limit:
        raise PydanticCustomError("too_long", "Input should have at most {limit} characters", {"limit": limit})


def _short_path(path: str) -> str:
    _at_most(PATH_CHARS, len(path))
    return path


def _short_variables(variables: dict[str, str]) -> dict[str, str]:
    _at_most(VARIABLES_CHARS, sum(len(name) + len(value) for name, value in variables.items()))
    return variables


Name = Annotated[str, Field(max_length=1000)]
"""An id, a key, a cursor: what is looked up and echoed. A limit of any kind also refuses what is not Unicode."""
Names = Annotated[list[Name], Field(max_length=1000)]
Number = Annotated[int, Field(ge=-(2**31), lt=2**31)]
PathText = Annotated[str, AfterValidator(_short_path)]
"""A path as the caller's system has it, which need not be UTF-8."""


class Params(BaseModel):
    """Base of a method's parameters: unknown members are ignored, types are checked strictly enough to refuse nonsense."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class NoParams(Params):
    """A method without parameters."""


class HandshakeParams(Params):
    """Parameters of `daemon.status`. With our protocol the connection's requests run side by side from then on."""

    protocol: Name | None = None


class ScoreParams(Params):
    """A score by path or inline, as `job.submit` and `job.validate` take it. Paths are absolute or relative to `client_cwd`."""

    config_path: PathText | None = None
    config_content: str | None = None
    workspace: PathText | None = None
    start_sheet: Number | Name | None = None
    variables: Annotated[dict[str, str], AfterValidator(_short_variables)] = Field(default_factory=dict)
    client_cwd: PathText | None = None


class MutatingParams(Params):
    """What a mutating call may carry: a key under which its reply is kept, so that a lost reply can be asked for again."""

    request_key: str | None = Field(default=None, max_length=200)
    client: str | None = Field(default=None, max_length=200)


class SubmitParams(ScoreParams, MutatingParams):
    """Parameters of `job.submit`. A Marianne client also sends `fresh`, which says nothing here: every job is a new one."""

    self_healing: bool = False
    dry_run: bool = False
    idempotency_key: str | None = Field(default=None, max_length=200)


class JobParams(Params):
    """A method on one job."""

    job_id: Name


class StatusParams(JobParams):
    """Parameters of `job.status`. `sheets: false` leaves the sheets out; a cursor or limit asks for one page of views."""

    sheets: bool = True
    sheets_cursor: Name | None = None
    sheets_limit: int | None = Field(default=None, ge=1, le=500)


class ControlParams(JobParams, MutatingParams):
    """Parameters of `job.pause` and `job.cancel`."""


class ResumeParams(ControlParams):
    """Parameters of `job.resume`. With a score, the job goes on with it; else with its own, whatever became of the file."""

    from_sheet: Number | Name | None = None
    config_path: PathText | None = None
    config_content: str | None = None
    client_cwd: PathText | None = None


class ModifyParams(ResumeParams):
    """Parameters of `job.modify`: a resume's, with the score required."""


class ListParams(Params):
    """Parameters of `job.list`. Without `limit` and `cursor` the reply is the plain array of the newest 100."""

    status: JobStatus | None = None
    name: Name | None = None
    limit: int | None = Field(default=None, ge=1, le=500)
    cursor: Name | None = None


class ClearParams(MutatingParams):
    """Parameters of `job.clear`: which terminal jobs to delete. Active jobs are never deleted, whatever is asked."""

    job_ids: Names | None = None
    statuses: Names | None = None
    older_than_seconds: float | None = None


class HistoryParams(JobParams):
    """Parameters of `job.history`."""

    sheet_num: Number | None = None
    limit: int = Field(default=50, ge=1, le=1000)


class EventsParams(Params):
    """Parameters of `job.events`. `after` is a cursor "<home id>:<seq>" or "" for now; `stream: false` returns one page."""

    after: Name = ""
    stream: bool = True
    job_ids: Annotated[list[Name], Field(max_length=10_000)] | None = None  # page mode only: these jobs' events
    limit: int = Field(default=200, ge=1, le=1000)


class LogParams(JobParams):
    """Parameters of `job.log`. Without `sheet`: the failing, else the running, else the last sheet that has output."""

    sheet: Number | Name | None = None
    attempt: Number | None = None
    stream: Stream = "stdout"
    mode: LogMode = "tail"
    pattern: str = Field(default="", max_length=1000)
    context_lines: int = Field(default=0, ge=0, le=50)
    cursor: Name = ""
    max_lines: int = Field(default=100, ge=1, le=2000)


class TaskStateParams(Params):
    """Parameters of `task.state`: the task's own key and, to end it, what it ended with."""

    key: str = Field(min_length=16, max_length=64)
    end: dict[str, Any] | None = None


class ShutdownParams(Params):
    """Parameters of `daemon.shutdown`. `cancel` ends the running sheets; else they run on and are re-attached."""

    graceful: bool = True
    cancel: bool = False
