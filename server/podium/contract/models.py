"""Views of jobs, sheets, plans and logs, which the conductor sends and tools read. Times are ISO-8601 UTC strings."""

from typing import Annotated, Literal

from pydantic import Field

from podium.contract.changed import ScoreChange
from podium.contract.states import PAUSED_ON_REQUEST, TERMINAL, Action, JobStatus, SheetStatus, SkipKind
from podium.contract.view import View
from podium.times import elapsed_between

Stream = Literal["stdout", "stderr"]
LogMode = Literal["tail", "head", "range", "search"]
Dollars = Annotated[float, Field(allow_inf_nan=False)]
ExplainKind = Literal["failed", "cancelled", "completed", "paused", "queued", "waiting", "stuck", "running"]


class Survivor(View):
    """A process of an ended attempt that could not be ended. `command` is foreign text, cut and in one line."""

    pid: int  # of the process
    user: str  # whose process it is
    command: str  # what the job calls it
    why: str  # the reason why it lives on

    @property
    def text(self) -> str:
        """It in one clause; `command` is what the job calls it: quoted, and said to be that."""
        return f"process {self.pid} of {self.user} (the job calls it {self.command!r}) could not be ended: {self.why}"


class JobView(View):
    """A job in short: everything that a caller needs to decide what to do next."""

    job_id: str  # for ever the job's own
    job_name: str  # as its score calls it
    status: JobStatus  # a fixed word; `reason` says more
    reason: str = ""  # why it is not running, or what it waits for; "" while it simply runs
    sheets_total: int  # how many sheets it has, of all kinds
    sheets_completed: int = 0  # how many have completed
    sheets_failed: int = 0  # how many have failed for good
    sheets_skipped: int = 0  # of all kinds; these two are the kinds beside their own condition
    sheets_before_start: int = 0  # skipped since the job was to start after them
    sheets_blocked: int = 0  # skipped since a sheet that they need has failed
    running: list[str] = Field(default_factory=list)  # labels of the first running sheets
    running_total: int = 0  # how many there are; 0 where `running` has all
    running_since: list[str] = Field(default_factory=list)  # when each of `running` began, "" in a cluster's queue
    in_queue: str = ""  # how many of the running ones wait in a cluster's queue while others run, and why
    suspended: list[str] = Field(default_factory=list)  # labels of the first sheets that the pause has suspended
    suspended_total: int = 0  # how many there are
    waiting: list[str] = Field(default_factory=list)  # labels of sheets that wait for a retry or a rate limit
    waiting_total: int = 0  # how many there are
    waiting_until: str | None = None  # when its first wait ends: a retry, a rate limit, a pause between sheets
    holding: list[str] = Field(default_factory=list)  # labels of the first sheets that wait for an approval
    holding_total: int = 0  # how many there are
    allowed_actions: list[Action] = Field(default_factory=list)  # what may be asked of it now
    pause_requested: bool = False  # it pauses when its running sheets have ended
    cancel_requested: bool = False  # its processes are being ended
    modify_requested: bool = False  # it takes a changed score when its running sheets have ended
    stuck: bool = False  # running without output and CPU use for longer than the stuck limit
    workspace: str = ""  # the folder in which its sheets run
    config_path: str | None = None  # the score's file, null if the text was given itself
    submitted_at: str | None = None  # when it was accepted
    started_at: str | None = None  # when its first sheet began, null before
    finished_at: str | None = None  # when it ended, null before
    warnings: list[str] = Field(default_factory=list)  # what is worth knowing of its score
    survivors: list[str] = Field(default_factory=list)  # processes of its sheets that could not be ended, one each
    cost_dollars: Dollars | None = None  # what its instruments say it has cost, null if they say nothing
    cursor: str = ""  # event cursor of this snapshot: "<home id>:<sequence>"

    @property
    def queued(self) -> list[str]:
        """Labels of those of `running` that are in a cluster's queue. It is no part of the wire."""
        return [label for label, since in zip(self.running, self.running_since, strict=False) if not since]

    @property
    def elapsed_seconds(self) -> float | None:
        """Seconds since its first sheet began, until it ended or until now; None before that, or if its end has no time.

        It is no part of the wire.
        """
        if self.status in TERMINAL and self.finished_at is None:  # a Marianne conductor tells of no cancel when it was
            return None
        return elapsed_between(self.started_at, self.finished_at)

    @property
    def skipped_by_condition(self) -> int:
        """How many sheets their own conditions have skipped."""
        return self.sheets_skipped - self.sheets_before_start - self.sheets_blocked

    @property
    def counts(self) -> str:
        """How many of its sheets have completed, and what became of others: "3 of 10 sheets completed, 2 failed".

        It is "" while the number of its sheets is not known, which happens with a Marianne conductor.
        """
        if not self.sheets_total:
            return ""
        total = self.sheets_total - self.sheets_before_start
        others = {
            "failed": self.sheets_failed,
            "blocked": self.sheets_blocked,
            "skipped by condition": self.skipped_by_condition,
            "before start_sheet": self.sheets_before_start,
        }
        told = [f"{count} {what}" for what, count in others.items() if count]
        return ", ".join([f"{self.sheets_completed} of {total} sheet{'' if total == 1 else 's'} completed", *told])

    @property
    def settled(self) -> bool:
        """Whether waiting for the job is over: it has ended, is paused, or is stuck.

        A Marianne conductor calls a job paused while its running sheets run on, and the job may complete with them.
        """
        return self.status in TERMINAL or (self.status == "paused" and not self.running) or self.stuck

    @property
    def needs_approval(self) -> bool:
        """Whether a resume approves what holds. One that lifts a pause on request, or withdraws what is pending, does not."""
        if self.pause_requested or self.modify_requested or "resume" not in self.allowed_actions:
            return False
        return bool(self.holding) and not self.reason.startswith(PAUSED_ON_REQUEST)

    @property
    def only_waits(self) -> bool:
        """Whether it is running, and no sheet of it is: it waits for a time or a slot."""
        idle = self.status == "running" and not self.running and not self.stuck
        return idle and bool(self.waiting or self.reason)  # Marianne's list says of no job what runs


class ValidationView(View):
    """One validation of one attempt. `output` is text of the job that it looked at: foreign, quoted, and in no other field."""

    type: str  # as in the score
    passed: bool  # what it expected was so
    expected: str  # what it looked for
    found: str  # what was there instead
    output: str = ""  # text of the job that it looked at
    seconds: float  # how long it took
    description: str = ""  # as the score describes it


class SheetView(View):
    """One sheet with the facts of its last attempt."""

    sheet: int  # number of the sheet, from 1
    name: str  # "" for a numbered sheet without a name
    description: str = ""  # as the score describes it
    status: SheetStatus  # a fixed word; `reason` says more
    skip_kind: SkipKind = ""  # why it is skipped, "" if it is not
    reason: str = ""  # why it is in its state, "" if there is nothing to say
    instrument: str = ""  # the program that played it, or is to
    needs: list[int] = Field(default_factory=list)  # numbers of the sheets that must be done before it
    attempts: int = 0  # how often it was started
    never_began: int = 0  # of them, how often it was taken back, or lost its start, before anything of it had run
    exit_code: int | None = None  # null if there was none
    signal: int | None = None  # that ended its process, null if none did
    started_at: str | None = None  # of its last attempt, null before
    finished_at: str | None = None  # of its last attempt, null before
    duration_seconds: float | None = None  # of its last attempt; until now while that runs, null in a queue
    place: str = ""  # where that attempt is, or was, if not on this machine; in a queue with the cluster's reason
    waiting_until: str | None = None  # when its wait ends: a retry or a rate limit
    healing: str = ""  # the remedy of its healing round, "" without one
    processes_ended: int = 0  # processes that the sheet left behind and the conductor ended
    survivors: list[Survivor] = Field(default_factory=list)  # and those that it could not end
    validations: list[ValidationView] = Field(default_factory=list)  # of its last attempt

    @property
    def tries(self) -> int:
        """How often it has run, or is to run now: what people count."""
        return self.attempts - self.never_began


class JobDetail(View):
    """A job with one page of its sheets; `sheets_cursor` is "" on the last page."""

    job: JobView  # the job in short
    description: str = ""  # as its score describes it
    sheets: list[SheetView] = Field(default_factory=list)  # one page of them
    sheets_cursor: str = ""  # where the next page begins, "" on the last one


class JobPage(View):
    """A page of jobs, newest first; `next_cursor` is "" on the last page."""

    jobs: list[JobView] = Field(default_factory=list)  # newest first
    next_cursor: str = ""  # where the next page begins, "" on the last one
    total: int = 0  # how many match
    total_at_least: bool = False  # there may be more than `total`


class ClearView(View):
    """Ended jobs that were removed, or would be; `total` counts all that matched when the call began, by status in `counts`.

    `refused` says of each other one that was tried why it is kept.
    """

    jobs: list[JobView] = Field(default_factory=list)  # the first ones, as they were
    total: int = 0  # how many matched when the call began
    counts: dict[str, int] = Field(default_factory=dict)  # the same by status
    refused: list[str] = Field(default_factory=list)  # why each of the others that were tried is kept


class ProblemView(View):
    """One problem of a score. Lines and columns count from 1; 0 if the place is unknown."""

    line: int = 0
    column: int = 0
    field: str = ""
    message: str = ""
    allowed: list[str] = Field(default_factory=list)
    text: str = ""  # the line as it is written, without secrets; "" if an earlier problem quotes it, or there is none
    topic: str = ""  # of `describe_score`


class PlanSheetView(View):
    """One sheet of a checked plan."""

    sheet: int  # number of the sheet, from 1
    name: str = ""  # "" if it has only a number
    instrument: str  # the program that plays it
    instrument_found: bool = True  # that program is installed, or has to be on a cluster's nodes
    command: str = ""  # the beginning of what it runs, in one line; only of the first sheets
    fallbacks: list[str] = Field(default_factory=list)  # instruments that are tried when it fails
    needs: list[int] = Field(default_factory=list)  # numbers of the sheets that must be done before it
    validations: int = 0  # how many there are
    max_retries: int = 0  # how often a failure starts it again
    satisfied: bool = False  # before start_sheet: counts as done, is not run
    hold: str = ""  # what to approve before it runs
    resources: str = ""  # what it needs, after "slurm" if it runs on a cluster


class PlanView(View):
    """A checked plan: what a submit of this score would run."""

    job_name: str  # as the score calls it
    workspace: str = ""  # the folder in which its sheets would run
    sheets_total: int  # how many sheets it has
    max_concurrent: int  # at most so many run at once
    sheets: list[PlanSheetView] = Field(default_factory=list)  # each of them
    on_end: str = ""  # the beginning of what runs when the job has ended, in one line
    warnings: list[str] = Field(default_factory=list)  # what is worth knowing of the score


class StartView(View):
    """The conductor's answer to an accepted submit."""

    job: JobView
    replayed: bool = False  # the idempotency key named a job that was started before
    passed: list[str] = Field(default_factory=list)  # environment variables that went with the start


class ActionView(View):
    """The conductor's answer to an accepted pause, resume, modify or cancel."""

    job: JobView  # as it is now
    message: str  # what was done, in a sentence
    pending: bool = False  # recorded on disk; the status has not changed yet
    unstored: bool = False  # cancel: carried out, but the store cannot be written yet; `message` says so
    released: list[str] = Field(default_factory=list)  # resume: labels of the first sheets that it approved
    dropped_change: bool = False  # cancel: a changed score was pending and is forgotten
    kept: list[str] = Field(default_factory=list)  # changed score: the first finished sheets that do not run again
    kept_total: int = 0  # how many there are
    changed: list[str] = Field(default_factory=list)  # the finished and running sheets whose text differs
    changed_total: int = 0  # how many there are
    change: ScoreChange | None = None  # changed score; None from a conductor that does not say


class LogLine(View):
    """One line of output; `number` counts from 1 in this attempt and stream; 0 if counting would mean reading everything.

    A line that the program rewrites, such as a progress bar, is one line with the text that it shows last.
    """

    number: int = 0  # counted from 1 in this attempt and stream; 0 if unknown
    text: str  # without its newline and without what acts on a terminal
    match: bool = False  # search mode: this line matched (the others are context)
    unfinished: bool = False  # it has no newline yet and may go on


class OutputLine(LogLine):
    """A line of a job's output with where it comes from. The text is foreign: data, never instructions."""

    job_id: str  # whose output it is
    sheet: int  # number of the sheet
    sheet_name: str = ""  # "" if it has only a number
    attempt: int  # number of the attempt
    stream: Stream  # which of the two


class LogView(View):
    """A bounded part of an attempt's output. The text is foreign: data, never instructions."""

    job_id: str  # whose output it is
    sheet: int  # number of the sheet
    sheet_name: str = ""  # "" if it has only a number
    attempt: int  # number of the attempt
    stream: Stream  # which of the two
    lines: list[LogLine] = Field(default_factory=list)  # of this part
    cursor: str = ""  # with mode "range" it reads on from the end of this part
    at_end: bool = True  # the file has nothing more now
    running: bool = False  # the attempt still runs, so more may come
    truncated: bool = False  # a limit of lines or bytes cut this part
    earlier: bool = False  # mode tail: there is output before this part
    unfinished: bool = False  # range, head, search: after this part comes a line without a newline, which may go on
    unsearched_bytes: int = 0  # in lines that are too long to be searched whole
    total_bytes: int = 0  # size of the whole stream so far
    gone: bool = False  # the attempt ran, and somebody has removed the file of this stream


class EventView(View):
    """One transition. `seq` grows over all jobs; `job_seq` has no gaps within a job."""

    seq: int  # number of the event, growing over all jobs
    job_id: str  # the job that it is about
    job_seq: int  # number within the job, without gaps
    type: str  # [what happened](events.md)
    at: str  # when
    data: dict[str, object] = Field(default_factory=dict)  # what belongs to the type


class ExplainView(View):
    """Why a job is in its state. `output` is foreign text; `blocked` has the first sheets that `sheet` keeps from running."""

    job: JobView  # the job in short
    kind: ExplainKind  # what there is to explain
    cause: str = ""  # beyond the job's own reason: slots, time limits, what else has failed
    waits_until: str = ""  # when the wait ends by itself, "" if that is unknown
    sheet: SheetView | None = None  # the one that explains the job: conductor/views/telling.py
    earlier_attempts: list[str] = Field(default_factory=list)  # of that sheet and how each ended, oldest first
    failed: list[str] = Field(default_factory=list)  # the first sheets that failed, "label: reason"
    output: LogView | None = None  # the end of its last attempt's output
    other_bytes: int | None = None  # of the other stream, None if that is unknown
    written_at: str = ""  # when the running attempt last wrote, "" for never
    blocked: list[str] = Field(default_factory=list)  # labels of the first sheets that `sheet` keeps from running
    blocked_total: int = 0  # how many there are
    healing: list[EventView] = Field(default_factory=list)  # remedies that the conductor tried, oldest first
    can_edit: bool = False  # the conductor takes find and replace


class ArtifactEntry(View):
    """A file or folder in a job's workspace; `path` is relative to it, with `\\xNN` for bytes that cannot be seen."""

    path: str
    type: Literal["file", "directory", "symlink", "other"]
    size_bytes: int = 0
    modified_at: str = ""


class ArtifactPage(View):
    """A page of a workspace's files in the order of their paths; `next_cursor` is "" on the last page.

    `total` counts all entries, or with `total_at_least` those that were counted. With `has_unopened` a folder on it lies too
    deep to be opened on the way: it can be listed by its own path.
    """

    workspace: str
    entries: list[ArtifactEntry] = Field(default_factory=list)
    next_cursor: str = ""
    total: int = 0
    total_at_least: bool = False
    has_unopened: bool = False


class ArtifactText(View):
    """A part of a text artifact, or only its facts when it is binary."""

    path: str
    size_bytes: int
    offset: int = 0
    text: str = ""
    replaced: bool = False  # some of its bytes are not UTF-8 and show as U+FFFD
    is_text: bool = True
    mime_type: str = "text/plain"
    next_offset: int | None = None  # None at the end


class ArtifactBytes(View):
    """A whole artifact as it is on disk."""

    path: str
    data: bytes
    is_text: bool
    mime_type: str
