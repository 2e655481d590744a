"""What a Marianne conductor answers, as far as it is read here. Tolerant: what is not known is ignored.

A job comes in two forms: the entry of its list, and its status object, which alone has the sheets. Members that the one form
lacks are None.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Epoch = Annotated[float, Field(ge=0, lt=253_402_300_800)]
"""Seconds since 1970, before the year 10000."""


class Reply(BaseModel):
    """Base of what that conductor answers; pydantic builds a class when it is first used, which most never are."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore", allow_inf_nan=False)


class SheetState(Reply):
    """A sheet in a status object. Exit codes and times are never filled in."""

    status: str | None = None
    error_message: str | None = None
    instrument_name: str | None = None
    normal_attempts: int | None = None
    completion_attempts: int | None = None
    exit_code: int | None = None
    started_at: str | None = None
    completed_at: str | None = None
    total_duration_seconds: float | None = None


class JobState(Reply):
    """A job in either form. Times are epoch seconds in the list, text in a status object."""

    job_id: str
    status: str
    job_name: str | None = None
    workspace: str | None = None
    config_path: str | None = None
    submitted_at: Epoch | None = None
    created_at: str | None = None  # of a status object
    started_at: Epoch | str | None = None
    completed_at: Epoch | str | None = None
    error_message: str | None = None
    progress_total: int | None = None
    progress_completed: int | None = None
    total_sheets: int | None = None
    last_completed_sheet: int | None = None  # a count
    sheets: dict[int, SheetState] | None = None


class SubmitReply(Reply):
    """`job.submit`, `job.resume` and `job.modify`: `status` is accepted or rejected."""

    status: str
    job_id: str | None = None
    message: str | None = None


class PauseReply(Reply):
    """`job.pause`."""

    paused: bool
    error: str | None = None


class CancelReply(Reply):
    """`job.cancel`; a refusal has no reason."""

    cancelled: bool


class ClearReply(Reply):
    """`job.clear`: how many jobs were removed."""

    deleted: int


class DaemonStatus(Reply):
    """`daemon.status`."""

    pid: int
    version: str
    uptime_seconds: float
    running_jobs: int | None = None
    memory_usage_mb: float | None = None


class Ready(Reply):
    """`daemon.ready`."""

    accepting_work: bool = True
