"""The wire's methods: which there are, which this conductor serves, and their parameters. `replies` has what they answer.

The 25 methods of the Marianne protocol come first, ours after them. Unknown parameters are ignored, as that protocol does;
wrong types are refused with -32602. `client` and `request_key` may come with every mutating call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from podium.contract.models import LogMode, Stream
from podium.contract.states import JobStatus

Checked = TypeVar("Checked")

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
Key = Annotated[str, Field(max_length=200)]
Number = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Sheet = Number | Name
"""A sheet by its number or its name."""
PageSize = Annotated[int, Field(ge=1, le=500)]
PathText = Annotated[str, AfterValidator(_short_path)]
"""A path as the caller's system has it, which need not be UTF-8."""
Variables = Annotated[dict[str, str], AfterValidator(_short_variables)]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)  # making one costs more than using it a hundred times


def checked(kind: type[Checked], value: Any) -> Checked:
    """Return a value from the wire as a type of it.

    Raises:
        pydantic.ValidationError: a part is missing, of the wrong type, or too large.
    """
    anything: Any = kind  # mypy does not know that types of type variables are hashable
    found: Checked = _adapter(anything).validate_python(value)
    return found


@dataclass(frozen=True)
class Params:
    """Base of a method's parameters: the caller builds them as they are, the conductor checks what it receives."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    @classmethod
    def model_validate(cls, members: Mapping[str, Any]) -> Self:
        """Return the parameters of a request; raises as `checked`."""
        return checked(cls, members)


@dataclass(frozen=True)
class NoParams(Params):
    """A method without parameters."""


@dataclass(frozen=True)
class HandshakeParams(Params):
    """Parameters of `daemon.status`. With our protocol the connection's requests run side by side from then on."""

    protocol: Name | None = None


@dataclass(frozen=True)
class ScoreCall(Params):
    """A score by path or inline. A path is absolute or relative to `client_cwd`, the folder in which the caller runs."""

    config_path: PathText | None = None
    config_content: str | None = None
    client_cwd: PathText | None = None


@dataclass(frozen=True)
class ScoreParams(ScoreCall):
    """A score and what it is compiled for, as `job.submit` and `job.validate` take it. `start_sheet` None is the first."""

    workspace: PathText | None = None
    start_sheet: Sheet | None = None
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MutatingParams(Params):
    """What a mutating call may carry: a key under which its reply is kept, so that a lost reply can be asked for again."""

    request_key: Key | None = None
    client: Key | None = None


@dataclass(frozen=True)
class SubmitParams(ScoreParams, MutatingParams):
    """Parameters of `job.submit`. A Marianne client also sends `fresh`, which has no effect here: every job is a new one."""

    self_healing: bool = False
    dry_run: bool = False
    idempotency_key: Key | None = None


@dataclass(frozen=True)
class JobParams(Params):
    """A method on one job."""

    job_id: Name


@dataclass(frozen=True)
class StatusParams(JobParams):
    """Parameters of `job.status`. `sheets: false` leaves the sheets out; a cursor or limit asks for one page of views."""

    sheets: bool = True
    sheets_cursor: Name | None = None
    sheets_limit: PageSize | None = None


@dataclass(frozen=True)
class ControlParams(MutatingParams, JobParams):
    """Parameters of `job.pause` and `job.cancel`."""


@dataclass(frozen=True)
class ResumeParams(ScoreCall, ControlParams):
    """Parameters of `job.resume`. Without a score the job goes on with its own, whatever became of the file."""

    from_sheet: Sheet | None = None


@dataclass(frozen=True)
class ModifyParams(ResumeParams):
    """Parameters of `job.modify`: those of a resume, with the score required."""


@dataclass(frozen=True)
class ListParams(Params):
    """Parameters of `job.list`. Without `limit` and `cursor` the reply is the plain array of the newest 100."""

    status: JobStatus | None = None
    name: Name | None = None
    limit: PageSize | None = None
    cursor: Name | None = None


@dataclass(frozen=True)
class ClearParams(MutatingParams):
    """Parameters of `job.clear`: which terminal jobs to delete. Active jobs are never deleted, whatever is asked."""

    job_ids: Names | None = None
    statuses: Names | None = None
    older_than_seconds: float | None = None


@dataclass(frozen=True)
class HistoryParams(JobParams):
    """Parameters of `job.history`."""

    sheet_num: Number | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


@dataclass(frozen=True)
class EventsParams(Params):
    """Parameters of `job.events`. `after` is a cursor "<home id>:<seq>" or "" for now; `stream: false` returns one page."""

    after: Name = ""
    stream: bool = True
    job_ids: Annotated[list[Name], Field(max_length=10_000)] | None = None  # page mode only: these jobs' events
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


@dataclass(frozen=True)
class LogParams(JobParams):
    """Parameters of `job.log`. `attempt` None is the last. `sheet` None is the failing, else the running, else the last sheet
    that has output.
    """

    sheet: Sheet | None = None
    attempt: Number | None = None
    stream: Stream = "stdout"
    mode: LogMode = "tail"
    pattern: Annotated[str, Field(max_length=1000)] = ""
    context_lines: Annotated[int, Field(ge=0, le=50)] = 0
    cursor: Name = ""
    max_lines: Annotated[int, Field(ge=1, le=2000)] = 100


@dataclass(frozen=True)
class TaskStateParams(Params):
    """Parameters of `task.state`: the task's own key and, to end it, what it ended with."""

    key: Annotated[str, Field(min_length=16, max_length=64)]
    end: dict[str, Any] | None = None


@dataclass(frozen=True)
class ShutdownParams(Params):
    """Parameters of `daemon.shutdown`. `cancel` ends the running sheets; else they run on and are re-attached."""

    graceful: bool = True
    cancel: bool = False
