"""The whole error tree and the one table of codes.

Every error that may reach a caller is a `PodiumError`. It carries the code that agents see, a message that says what happened
with the ids, a `fix` that names the next call or command, and further facts. The classes also derive from the builtin exceptions
that callers of `JobControlService` may expect (ValueError, RuntimeError, ...), so both styles of `except` work.
"""

from typing import Any, ClassVar, Literal, get_args

ErrorCode = Literal[
    "CONDUCTOR_NOT_RUNNING",
    "CONDUCTOR_UNREACHABLE",
    "CONDUCTOR_TIMEOUT",
    "CONDUCTOR_BUSY",
    "CONDUCTOR_MISMATCH",
    "UNSUPPORTED_BY_CONDUCTOR",
    "PERMISSION_DENIED",
    "INVALID_ARGUMENTS",
    "JOB_NOT_FOUND",
    "AMBIGUOUS_NAME",
    "WRONG_STATE",
    "SCORE_NOT_FOUND",
    "SCORE_INVALID",
    "UNKNOWN_TOPIC",
    "PATH_NOT_ALLOWED",
    "SUBMIT_REJECTED",
    "IDEMPOTENCY_CONFLICT",
    "READ_ONLY",
    "CONFIRMATION_REQUIRED",
    "ARTIFACT_NOT_FOUND",
    "JOB_DELETED",
    "STORAGE_FULL",
    "STORE_GONE",
    "JOB_DAMAGED",
    "INTERNAL",
]


class PodiumError(Exception):
    """Base of every error that a caller may see. `facts` are extra members of the error object (JSON values only)."""

    code: ClassVar[ErrorCode] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, fix: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.facts = facts

    def as_dict(self) -> dict[str, Any]:
        """Return the error object of the tools: code, message, retryable, fix and the facts."""
        return {
            "code": self.code,
            "message": self.message,
            "retryable": self.retryable,
            "fix": self.fix,
            **self.facts,
        }


class ConductorError(PodiumError, RuntimeError):
    """Something is wrong between the caller and the conductor."""


class ConductorNotRunning(ConductorError):
    """No conductor listens on the socket: the socket file is missing, or no process accepts on it."""

    code = "CONDUCTOR_NOT_RUNNING"
    retryable = True


class ConductorUnreachable(ConductorError):
    """The conductor closed the connection in the middle of an exchange."""

    code = "CONDUCTOR_UNREACHABLE"
    retryable = True


class ConductorTimeout(ConductorError):
    """The conductor did not answer in time."""

    code = "CONDUCTOR_TIMEOUT"
    retryable = True


class ConductorBusy(ConductorError):
    """The conductor takes no further connection or request now."""

    code = "CONDUCTOR_BUSY"
    retryable = True


class ConductorMismatch(ConductorError):
    """What answers on the socket does not speak a protocol that this proxy knows."""

    code = "CONDUCTOR_MISMATCH"


class UnsupportedByConductor(ConductorError):
    """This conductor has no such operation."""

    code = "UNSUPPORTED_BY_CONDUCTOR"


class PermissionDenied(ConductorError, PermissionError):
    """The operating system forbids it: the socket, a score or a folder belongs to another user."""

    code = "PERMISSION_DENIED"


class InvalidArguments(PodiumError, ValueError):
    """The call's arguments are unknown, of the wrong type or contradict each other."""

    code = "INVALID_ARGUMENTS"


class JobNotFound(PodiumError, RuntimeError):
    """No job has this id; `near` holds the ids that look like it. If it is a name, `named` holds the newest jobs with it."""

    code: ClassVar[ErrorCode] = "JOB_NOT_FOUND"


class JobDeleted(JobNotFound):
    """The job existed and was deleted."""

    code = "JOB_DELETED"


class AmbiguousName(PodiumError, RuntimeError):
    """Several jobs have this name; `jobs` holds the newest of them."""

    code = "AMBIGUOUS_NAME"


class WrongState(PodiumError, RuntimeError):
    """The operation does not fit the job's state; `state` and `allowed` say what does."""

    code = "WRONG_STATE"


class ScoreNotFound(PodiumError, FileNotFoundError):
    """The score file does not exist or is not a file."""

    code = "SCORE_NOT_FOUND"


class ScoreInvalid(PodiumError, ValueError):
    """The score cannot be compiled; `problems` lists each one with line, column and field."""

    code = "SCORE_INVALID"


class UnknownTopic(PodiumError, ValueError):
    """`describe_score` has no such page; `near` holds topics that look like it, `topics` all of them."""

    code = "UNKNOWN_TOPIC"


class PathNotAllowed(PodiumError, ValueError):
    """The path leaves the place that it must stay in."""

    code = "PATH_NOT_ALLOWED"


class SubmitRejected(PodiumError, RuntimeError):
    """The conductor refused to take the job."""

    code = "SUBMIT_REJECTED"


class IdempotencyConflict(PodiumError, RuntimeError):
    """The idempotency key was used before with other arguments or another score."""

    code = "IDEMPOTENCY_CONFLICT"


class ReadOnly(PodiumError, RuntimeError):
    """This server was started read-only."""

    code = "READ_ONLY"


class ConfirmationRequired(PodiumError, RuntimeError):
    """The operation destroys something and wants a confirmation."""

    code = "CONFIRMATION_REQUIRED"


class ArtifactNotFound(PodiumError, FileNotFoundError):
    """No such file or folder in the job's workspace."""

    code = "ARTIFACT_NOT_FOUND"


class StorageFull(PodiumError, RuntimeError):
    """The conductor's state cannot be written now: its disk is full, failing or read-only, or the database is locked."""

    code: ClassVar[ErrorCode] = "STORAGE_FULL"
    retryable = True


class StoreGone(StorageFull):
    """The database was removed or replaced under the running conductor."""

    code = "STORE_GONE"
    retryable = False


class JobDamaged(PodiumError, RuntimeError):
    """What the conductor has stored of one job cannot be understood; other jobs are not affected."""

    code = "JOB_DAMAGED"


class Internal(PodiumError, RuntimeError):
    """A fault of ours; the log has the details under the request id."""

    code = "INTERNAL"


def _tree(root: type[PodiumError]) -> list[type[PodiumError]]:
    """Return `root` and every class below it, depth first."""
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


# INTERNAL is also the base's code: the explicit class, later in the walk, wins.
BY_CODE: dict[str, type[PodiumError]] = {cls.code: cls for cls in _tree(PodiumError) if cls is not ConductorError}
CODES: tuple[str, ...] = get_args(ErrorCode)


def from_dict(error: dict[str, Any]) -> PodiumError:
    """Rebuild the error that `as_dict` wrote, whatever a foreign one holds; an unknown code becomes `Internal`."""
    cls = BY_CODE.get(str(error.get("code")), Internal)
    made = cls(str(error.get("message", "")), fix=str(error.get("fix") or ""))
    made.facts = {key: value for key, value in error.items() if key not in {"code", "message", "retryable", "fix"}}
    return made
