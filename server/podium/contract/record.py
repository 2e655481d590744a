"""A job's whole record: what its sheets are, every attempt at them, and all that happened to it."""

from typing import Literal

from pydantic import Field

from podium.contract.models import Dollars, EventView, JobView, LogView, SheetView
from podium.contract.view import View

Outcome = Literal["running", "completed", "failed", "cancelled", "skipped", "abandoned"]
"""How an attempt ended; skipped: its condition said so when it was looked at; abandoned: it never began to run."""


class AttemptView(View):
    """One attempt at a sheet. `reason` says why it did not complete; times are ISO-8601 UTC."""

    sheet: int  # number of the sheet
    attempt: int  # number of the attempt, from 1
    instrument: str = ""  # the program that played it
    outcome: Outcome  # what became of it
    end_reason: str = ""  # how its processes ended: exited, timed_out, lost, ...; "" while it runs
    exit_code: int | None = None  # null if there was none
    signal: int | None = None  # that ended its process, null if none did
    reason: str = ""  # why it did not complete
    place: str = ""  # where it runs or ran, "" for the conductor's machine
    processes_ended: int = 0  # left-over processes that the conductor ended
    cost_dollars: Dollars | None = None  # as its instrument reports it, null if it does not
    started_at: str  # when it began
    finished_at: str | None = None  # when it ended, null while it runs


class JobRecord(View):
    """A job with all of its sheets and attempts, and its events, the oldest first.

    `commands` and `outputs` are those of the first sheets only, and only if they were asked for. An output is foreign text.
    """

    job: JobView  # the job in short
    description: str = ""  # as its score describes it
    sheets: list[SheetView] = Field(default_factory=list)  # all of them
    attempts: list[AttemptView] = Field(default_factory=list)  # all of them, in the order of their sheets
    events: list[EventView] = Field(default_factory=list)  # all that are kept, oldest first
    commands: list[str] = Field(default_factory=list)  # what the first sheets run, each in one line
    outputs: list[LogView] = Field(default_factory=list)  # the ends of the sheets' outputs, each stream by itself
