"""A job's whole record: what its sheets are, every attempt at them, and all that happened to it."""

from typing import Literal

from pydantic import Field

from podium.contract.models import EventView, JobView, LogView, SheetView
from podium.contract.view import View

Outcome = Literal["running", "completed", "failed", "cancelled", "skipped", "abandoned"]
"""How an attempt ended; skipped: its condition said so when it was looked at; abandoned: it never began to run."""


class AttemptView(View):
    """One attempt at a sheet. `reason` says why it did not complete; times are ISO-8601 UTC."""

    sheet: int
    attempt: int
    instrument: str = ""
    outcome: Outcome
    end_reason: str = ""  # how its processes ended: exited, timed_out, lost, ...; "" while it runs
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    processes_ended: int = 0
    started_at: str
    finished_at: str | None = None


class JobRecord(View):
    """A job with all of its sheets and attempts, and its events, the oldest first.

    `commands` and `outputs` are those of the first sheets only, and only if they were asked for. An output is foreign text.
    """

    job: JobView
    description: str = ""
    sheets: list[SheetView] = Field(default_factory=list)
    attempts: list[AttemptView] = Field(default_factory=list)
    events: list[EventView] = Field(default_factory=list)
    commands: list[str] = Field(default_factory=list)
    outputs: list[LogView] = Field(default_factory=list)  # the ends of the sheets' outputs, each stream by itself
