"""The parameters of the wire's methods. `replies` has what they answer; the `TABLE` of the conductor's handlers lists them all.

Unknown parameters are ignored, as the Marianne protocol does; wrong types are refused with -32602. A null stands for a parameter
that is not given: its clients send one for every option that is not used. `client` and `request_key` may come with every
mutating call.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from podium.contract.models import LogMode, Stream
from podium.contract.states import JobFilter

Checked = TypeVar("Checked")

PROTOCOL = "podium-1"
MAX_LINE_BYTES = 16 * 1024 * 1024  # one frame with its newline, as in the Marianne protocol
HEARTBEAT_SECONDS = 15.0
KEY_DAYS = 7  # for which the idempotency key of a deleted job stays taken

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
    "environment",
    "secrets",
    "filters",
    "edit",
    "score_text",
    "watch",
    "record",
    "edits",
    "again",
    "sheet_env",
)

PATH_CHARS = 10_000
SECRETS_BYTES = 1024 * 1024  # of a text in which secrets are looked for at once
VARIABLES_CHARS = 1024 * 1024
EDITS = 200  # of one call


def _of_a_process(variables: dict[str, str]) -> dict[str, str]:
    """Refuse what no process can have in its environment; the message repeats no value."""
    for name, value in variables.items():
        if not name.isprintable() or not name or "=" in name or "\0" in value:
            raise PydanticCustomError("environment", "has a name or a value that no environment can hold")
    return variables


def _at_most(limit: int, size: Callable[[Any], int]) -> AfterValidator:
    def check(value: Any) -> Any:
        if size(value) > limit:
            raise PydanticCustomError("too_long", "Input should have at most {limit} characters", {"limit": limit})
        return value

    return AfterValidator(check)


Name = Annotated[str, Field(max_length=1000)]
"""An id, a key, a cursor: what is looked up and echoed. A limit of any kind also refuses what is not Unicode."""
Names = Annotated[list[Name], Field(max_length=1000)]
JobId = Annotated[Name, BeforeValidator(lambda given: str(given) if type(given) is int else given)]
"""A number is the id of the job that is called so, as in the Marianne protocol: there is none."""
Key = Annotated[str, Field(max_length=200)]
Number = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Sheet = Number | Name
"""A sheet by its number or its name."""
PageSize = Annotated[int, Field(ge=1, le=500)]
PathText = Annotated[str, _at_most(PATH_CHARS, len)]
"""A path as the caller's system has it, which need not be UTF-8."""
OptionalPath = Annotated[PathText | None, AfterValidator(lambda given: given or None)]
"""A path that "" leaves out, as clients of the Marianne protocol do."""
Environment = Annotated[
    dict[str, str],
    _at_most(VARIABLES_CHARS, lambda given: sum(len(name) + len(value) for name, value in given.items())),
    AfterValidator(_of_a_process),
]
"""Environment variables with values as the caller's system has them, which need not be UTF-8."""
Variables = Annotated[
    dict[str, str],
    _at_most(VARIABLES_CHARS, lambda given: sum(len(name) + len(value) for name, value in given.items())),
]


@cache
def _optional(kind: Any) -> frozenset[str]:
    """Return the names of the parameters that may be left out."""
    return frozenset(
        each.name for each in fields(kind) if each.default is not MISSING or each.default_factory is not MISSING
    )


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
        anything: Any = cls  # see `checked`
        optional = _optional(anything)
        return checked(
            cls, {name: value for name, value in members.items() if value is not None or name not in optional}
        )


@dataclass(frozen=True)
class NoParams(Params):
    """A method without parameters."""


@dataclass(frozen=True)
class HandshakeParams(Params):
    """Parameters of `daemon.status`. With our protocol the connection's requests run side by side from then on."""

    protocol: Name | None = None


@dataclass(frozen=True)
class ScoreCall(Params):
    """A score by path or inline. A path is absolute or relative to `client_cwd`, the folder in which the caller runs.

    Without `client_cwd` (its folder may be gone) nothing in an inline score can be relative. `environment` are variables
    of the caller for the sheets. A call that lacks some that the score's `env_pass` names is refused with `env_needed`, so a
    caller sends those only that the score names.
    """

    config_path: PathText | None = None
    config_content: str | None = None
    client_cwd: PathText | None = None
    environment: Environment = field(default_factory=dict)  # what the score's env_pass names, or the caller adds


@dataclass(frozen=True)
class ScoreParams(ScoreCall):
    """A score and what it is compiled for, as `job.submit` and `job.validate` take it. `start_sheet` None is the first."""

    workspace: OptionalPath = None
    start_sheet: Sheet | None = None
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MutatingParams(Params):
    """What a mutating call may carry: a key under which its reply is kept, so that a lost reply can be asked for again."""

    request_key: Key | None = None
    client: Key | None = None


@dataclass(frozen=True)
class SubmitParams(ScoreParams, MutatingParams):
    """Parameters of `job.submit`. A Marianne client also sends `fresh`, which has no effect here: every job is a new one.

    `again` is the id of a job whose score, variables and variables of the environment are those of the new one, in place of a
    score. Where the job has a workspace of its score or its start, or with `start_sheet`, that is the new one's too.
    """

    self_healing: bool = False
    dry_run: bool = False
    idempotency_key: Key | None = None
    again: Name | None = None


@dataclass(frozen=True)
class JobParams(Params):
    """A method on one job."""

    job_id: JobId


@dataclass(frozen=True)
class StatusParams(JobParams):
    """Parameters of `job.status`. `sheets: false` leaves the sheets out; a cursor or limit asks for one page of views.

    `running` adds what runs since when; conductors that do not know it leave that out. It takes the short form without sheets.
    """

    sheets: bool = True
    sheets_cursor: Name | None = None
    sheets_limit: PageSize | None = None
    running: bool = False


@dataclass(frozen=True)
class ControlParams(MutatingParams, JobParams):
    """Parameters of `job.pause` and `job.cancel`."""


@dataclass(frozen=True)
class ResumeParams(ScoreCall, ControlParams):
    """Parameters of `job.resume`. Without a score the job continues with its own, even if the file has changed.

    A changed one is given whole, or as an edit: `find`, which stands exactly once in the score that the job has (in the pending
    one, if there is one), becomes `replace`, None for nothing.
    """

    from_sheet: Sheet | None = None
    find: str | None = None
    replace: str | None = None

    @property
    def replacements(self) -> list[tuple[str, str]]:
        """The edits that the call makes, in order; none of a call that makes no edit."""
        return [] if self.find is None else [(self.find, self.replace or "")]


@dataclass(frozen=True)
class ModifyParams(ResumeParams):
    """Parameters of `job.modify`: those of a resume, with a change required.

    `edits` are several pairs of find and replace, made one after another, all or none. With `dry_run` the reply says what the
    change would change, and nothing is stored.
    """

    edits: Annotated[list[tuple[str, str]], Field(max_length=EDITS)] = field(default_factory=list)
    dry_run: bool = False

    @property
    def replacements(self) -> list[tuple[str, str]]:
        """The edits that the call makes, in order."""
        return self.edits or super().replacements


@dataclass(frozen=True)
class ListParams(Params):
    """Parameters of `job.list`. Without `limit` and `cursor` the reply is the plain array of the newest 100."""

    status: JobFilter | None = None
    name: Name | None = None
    limit: PageSize | None = None
    cursor: Name | None = None


@dataclass(frozen=True)
class ClearParams(MutatingParams):
    """Parameters of `job.clear`: which terminal jobs to delete. Active jobs are never deleted.

    Without `job_ids`: of those that match, the newest `keep_newest` stay, and one call deletes the oldest `limit` of the others.
    """

    job_ids: Names | None = None
    statuses: Names | None = None
    older_than_seconds: float | None = None
    keep_newest: Annotated[int, Field(ge=0, lt=2**31)] = 0
    limit: PageSize | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class HistoryParams(JobParams):
    """Parameters of `job.history`."""

    sheet_num: Number | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 50


@dataclass(frozen=True)
class RecoverParams(JobParams):
    """Parameters of `job.recover`: of which failed sheet, None for all of them."""

    sheet_num: Number | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class RecentParams(Params):
    """Parameters of `daemon.events`: how many of the newest events; none for a number below 1."""

    limit: Number = 50


@dataclass(frozen=True)
class ObserverParams(RecentParams):
    """Parameters of `daemon.observer_events`: of which job, None for all."""

    job_id: JobId | None = None


@dataclass(frozen=True)
class LimitsParams(Params):
    """Parameters of `daemon.clear_rate_limits`: of which instrument, None for all."""

    instrument: Number | Name | None = None


@dataclass(frozen=True)
class AttemptsParams(JobParams):
    """Parameters of `job.attempts`: a page of a job's attempts, oldest first; `cursor` is that of the page before."""

    cursor: Name = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


@dataclass(frozen=True)
class EventsParams(Params):
    """Parameters of `job.events`. `after` is a cursor "<home id>:<seq>" or "" for now; `stream: false` returns one page."""

    after: Name = ""
    stream: bool = True
    job_ids: Annotated[list[Name], Field(max_length=10_000)] | None = None  # page mode only: these jobs' events
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


@dataclass(frozen=True)
class LogParams(JobParams):
    """Parameters of `job.log`. `attempt` None is the last; which sheet None is, `conductor/views/telling.py` says.

    `copies` is for a program that copies an output and reads nothing of it: its pages are larger, `max_lines` counts only for a
    tail, and lines stay whole up to the size of a page. An older conductor does not know it: its pages are of the usual size.
    """

    sheet: Sheet | None = None
    attempt: Number | None = None
    stream: Stream = "stdout"
    mode: LogMode = "tail"
    pattern: Annotated[str, Field(max_length=1000)] = ""
    context_lines: Annotated[int, Field(ge=0, le=50)] = 0
    cursor: Name = ""
    max_lines: Annotated[int, Field(ge=1, le=2000)] = 100
    copies: bool = False


PATTERN_CHARS = 1000
POSITION_CHARS = 8000
Position = Annotated[str, Field(max_length=POSITION_CHARS)]


@dataclass(frozen=True)
class WatchParams(Params):
    """Parameters of `job.watch`. `position` is that of an earlier reply, "" for all that the last attempts have written.

    The reply comes with the first line that matches, or after about so many `seconds`; 0 looks once.
    """

    job_ids: Annotated[list[Name], Field(min_length=1, max_length=200)]
    pattern: Annotated[str, Field(min_length=1, max_length=PATTERN_CHARS)]
    position: Position = ""
    seconds: Annotated[float, Field(ge=0, le=20)] = 0.0


@dataclass(frozen=True)
class SecretsParams(JobParams):
    """Parameters of `job.secrets`: bytes as base64, at most `SECRETS_BYTES` of them."""

    data: Annotated[str, Field(max_length=4 * -(-SECRETS_BYTES // 3))]


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
