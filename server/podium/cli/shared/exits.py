"""The exit codes of every command, one meaning each; `docs/exit-codes.md` explains them."""

from enum import IntEnum

from podium.errors import PodiumError


class Code(IntEnum):
    """How a command ended. After signal n it is 128 + n."""

    DONE = 0
    FAILED = 1  # a followed job failed, a tool's answer is an error, or a check did not pass
    BAD_INPUT = 2  # the command line, a setting, a path or the score; nothing was started
    CANCELLED = 3  # a followed job
    PAUSED = 4  # a followed job
    NO_CONDUCTOR = 5  # none answers, or it takes nothing now; nothing was started
    LOST_SIGHT = 6  # the output cannot be written or the conductor has gone; a followed job goes on
    TIME_OVER = 7  # the time that was given to wait; the job goes on
    INTERNAL = 70  # a bug


_BY_ERROR = {
    Code.BAD_INPUT: (
        "INVALID_ARGUMENTS",
        "SCORE_NOT_FOUND",
        "SCORE_INVALID",
        "UNKNOWN_TOPIC",
        "PATH_NOT_ALLOWED",
        "PERMISSION_DENIED",
    ),
    Code.NO_CONDUCTOR: (
        "CONDUCTOR_NOT_RUNNING",
        "CONDUCTOR_UNREACHABLE",
        "CONDUCTOR_TIMEOUT",
        "CONDUCTOR_BUSY",
        "CONDUCTOR_MISMATCH",
        "STORAGE_FULL",
        "STORE_GONE",
        "SUBMIT_REJECTED",
    ),
    Code.INTERNAL: ("INTERNAL",),
}


def code_of(error: PodiumError) -> Code:
    """Return the exit code for an error of a command."""
    return code_named(error.code, outcome=str(error.facts.get("outcome", "")))


def code_named(code: str, *, outcome: str = "") -> Code:
    """Return the exit code for the code of an error. With the outcome "unknown", something may have been started."""
    if outcome == "unknown":
        return Code.LOST_SIGHT
    return next((found for found, codes in _BY_ERROR.items() if code in codes), Code.FAILED)
