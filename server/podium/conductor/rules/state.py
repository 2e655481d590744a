"""Jobs in memory: what the scheduler and the transitions work on. Only jobs that are not terminal live here.

A sheet gets a `SheetRun` when it first leaves pending, so a job's cost grows with what it has done, not with its size.
"""

from dataclasses import dataclass, field
from typing import Literal

from podium.conductor.rules.claims import NO_CLAIM, Claim
from podium.conductor.rules.healing.remedies import Remedy
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.ready import Ready
from podium.contract.models import Survivor
from podium.contract.states import JobStatus, Phase, SheetStatus, SkipKind, phase_of
from podium.instruments.profile import Profile
from podium.score.model.plan import Plan, Player

Intent = Literal["", "pause", "cancel", "modify"]
BEFORE_START = "before start_sheet"  # the reason of sheets that stand before it
Outcome = Literal["", "completed", "failed", "cancelled", "skipped", "abandoned"]
HoldState = Literal["", "held", "approved"]


def phase_with(status: JobStatus, intent: Intent, *, holding: bool = False) -> Phase:
    """Return the phase of a job with this status and intent. A pending change looks like a pending pause."""
    pause = intent in {"pause", "modify"}
    return phase_of(status, pause_requested=pause, cancel_requested=intent == "cancel", holding=holding)


def skip_kind(reason: str, *, satisfied: bool) -> SkipKind:
    """Return why a skipped sheet is skipped: only one that a failed sheet blocks keeps its dependents from running."""
    if not satisfied:
        return "blocked"
    return "before_start" if reason == BEFORE_START else "condition"


@dataclass(slots=True, eq=False)
class SheetRun:
    """What happened to one sheet. `satisfied` means that its dependents may run. Times are seconds since the epoch."""

    num: int
    status: SheetStatus = "pending"
    reason: str = ""
    satisfied: bool = False
    attempts: int = 0
    retries_used: int = 0
    waiting_until: float | None = None
    waiting_left: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    player: int = 0  # which instrument plays it: 0 for the sheet's own, then its fallbacks
    limit_waits: int = 0  # how often it has waited for a rate limit of this instrument
    remedy: Remedy | None = None  # of its one healing round
    completions: int = 0  # how often its agent was asked to complete what it had left unfinished
    note: str = ""  # what that request appends to the prompt of its next attempt
    cost: float = 0.0  # what its attempts say they have cost, in dollars
    unbegun: int = 0  # attempts in a row, the last ones, that its cluster did not begin
    hold: HoldState = ""  # "held" once it is said that it waits for an approval; see `transitions.holds`


@dataclass(slots=True, eq=False)
class Attempt:
    """One execution of a sheet. It is open until its end has been committed."""

    job_seq: int
    serial: int  # of all attempts of the job; also the name of its folder
    sheet: int
    attempt: int
    key: str
    plan_hash: str
    instrument: str
    started_at: float
    open: bool = True
    ended_at: float | None = None
    outcome: Outcome = ""
    end_reason: str = ""
    exit_code: int | None = None
    signal: int | None = None
    processes_ended: int = 0
    message: str = ""
    validations: str = "[]"
    survivors: tuple[Survivor, ...] = ()
    cost: float | None = None  # in dollars, as its instrument reported it
    gpus: tuple[int, ...] = ()  # of this machine, those that it has
    place: str = ""  # where it runs or ran, in words; "" for this machine, and before it begins on another one
    suspended: bool = False  # by a pause; its job can be paused with it
    claim: Claim = NO_CLAIM  # what it holds while it is open; not stored, since it follows from the plan


@dataclass(eq=False)
class JobRun:
    """One submitted run of a score. `reason` is "" for a pause at a hold, which `held` explains."""

    seq: int
    job_id: str
    name: str
    loaded: LoadedPlan
    workspace: str
    submitted_at: float
    config_path: str | None = None
    status: JobStatus = "queued"
    intent: Intent = ""
    reason: str = ""
    next_plan: LoadedPlan | None = None
    next_config_path: str | None = None
    next_from_sheet: int | None = None
    start_sheet: int = 1
    self_healing: bool = False
    started_at: float | None = None
    finished_at: float | None = None
    event_count: int = 0
    serial: int = 0  # attempts made so far
    warnings: tuple[str, ...] = ()
    client: str = ""
    survivors: tuple[str, ...] = ()  # processes of its sheets that could not be ended
    cost: float = 0.0  # what all attempts so far say they have cost, in dollars
    cost_granted: float = 0.0  # of it, what counts no more: it was more than the limit, and the job was resumed
    sheets: dict[int, SheetRun] = field(default_factory=dict)
    running: dict[int, Attempt] = field(default_factory=dict)
    ready: Ready = field(default_factory=Ready)
    blocked: dict[int, int] = field(default_factory=dict)  # sheet -> needs that are not satisfied yet
    waiting: set[int] = field(default_factory=set)  # sheets that wait for a retry
    held: set[int] = field(default_factory=set)  # sheets that only wait for an approval; they use no slot
    counts: dict[str, int] = field(default_factory=lambda: {"completed": 0, "failed": 0, "skipped": 0})
    before_start: int = 0  # of the skipped sheets, those before start_sheet
    cut_off: int = 0  # and those that a failed sheet blocks
    not_before: float = 0.0  # monotonic seconds; no sheet of this job starts earlier
    stuck: bool = False
    quiet_since: float = 0.0  # of a stuck job: its last sign of life

    @property
    def plan(self) -> Plan:
        """The plan that the next attempt runs."""
        return self.loaded.plan

    @property
    def phase(self) -> Phase:
        """The status joined with the intent, as the state table has it."""
        return phase_with(self.status, self.intent, holding=bool(self.held))

    @property
    def running_labels(self) -> list[str]:
        """The labels of the sheets that run now, suspended ones among them, in order."""
        return [self.label(num) for num in sorted(self.running)]

    @property
    def playing(self) -> list[int]:
        """The sheets that run now and are not suspended, in order."""
        return sorted(num for num, attempt in self.running.items() if not attempt.suspended)

    @property
    def playing_labels(self) -> list[str]:
        """Their labels."""
        return [self.label(num) for num in self.playing]

    @property
    def suspended_labels(self) -> list[str]:
        """The labels of the sheets that a pause has suspended, in order."""
        return [self.label(num) for num, attempt in sorted(self.running.items()) if attempt.suspended]

    @property
    def holding(self) -> list[int]:
        """The sheets that wait for an approval, in order; none of a job that has ended or is being ended."""
        return sorted(self.held) if self.status in {"queued", "running", "paused"} and self.intent != "cancel" else []

    @property
    def total(self) -> int:
        """The number of sheets."""
        return len(self.plan.sheets)

    @property
    def dispatchable(self) -> bool:
        """Whether a sheet of this job may start as soon as a slot is free (`not_before` apart)."""
        return (
            bool(self.ready)
            and not self.intent
            and self.status in {"queued", "running"}
            and len(self.running) < self.plan.max_concurrent
        )

    def forget_change(self) -> None:
        """Forget the pending change: it was taken, withdrawn or overtaken."""
        self.next_plan, self.next_config_path, self.next_from_sheet = None, None, None

    def run_of(self, num: int) -> SheetRun:
        """Return the sheet's run; it is made if it does not exist yet."""
        run = self.sheets.get(num)
        if run is None:
            run = self.sheets[num] = SheetRun(num)
        return run

    def status_of(self, num: int) -> SheetStatus:
        """Return the sheet's status; those before `start_sheet` count as skipped."""
        run = self.sheets.get(num)
        if run is not None:
            return run.status
        return "skipped" if num < self.start_sheet else "pending"

    def is_satisfied(self, num: int) -> bool:
        """Whether this sheet lets its dependents run."""
        run = self.sheets.get(num)
        return num < self.start_sheet or (run is not None and run.satisfied)

    def open_attempt(self, serial: int) -> Attempt | None:
        """Return the attempt with this serial number, None if it has ended."""
        return next((each for each in self.running.values() if each.serial == serial), None)

    def profile_of(self, num: int) -> Profile:
        """Return the profile of the instrument that plays the sheet's next attempt."""
        run, sheet = self.sheets.get(num), self.plan.sheet(num)
        own = run is None or not run.player
        return self.loaded.profiles[sheet.instrument if own else self.player_of(num).instrument]

    def claim_of(self, num: int) -> Claim:
        """Return what the sheet's next attempt, or its running one, takes while it runs."""
        run, sheet = self.sheets.get(num), self.plan.sheet(num)
        own = run is None or not run.player
        return self.loaded.claim(sheet.instrument if own else self.player_of(num).instrument, sheet)

    def player_of(self, num: int) -> Player:
        """Return the instrument that plays the sheet's next attempt, with the sheet's settings for it."""
        run = self.sheets.get(num)
        return self.plan.sheet(num).player(run.player if run else 0)

    def limit_of(self, num: int) -> float | None:
        """Return the time limit of the sheet's next attempt in seconds, None for no limit."""
        run = self.sheets.get(num)
        longer = run.remedy.timeout_seconds if run and run.remedy else None
        own = longer or self.plan.sheet(num).timeout_seconds
        limit = own or self.profile_of(num).default_timeout_seconds or self.plan.default_timeout_seconds
        most = self.most_of(num)
        return min(limit or most, most) if most else limit

    def most_of(self, num: int) -> float | None:
        """Return the seconds that the sheet's resources give to an attempt, None if they say nothing of it."""
        return self.plan.resources[self.plan.sheet(num).resources].time_seconds

    def label(self, num: int) -> str:
        """Return the sheet's name, or its number if it has none."""
        return self.plan.sheet(num).label

    def rebuild(self) -> None:
        """Derive counts, `ready`, `blocked`, `held` and `waiting` from the plan and the sheets' runs."""
        self.counts = {"completed": 0, "failed": 0, "skipped": self.start_sheet - 1}
        self.before_start, self.cut_off = self.start_sheet - 1, 0
        self.waiting.clear()
        self.held.clear()
        for run in self.sheets.values():
            if run.status in self.counts:
                self.counts[run.status] += 1
            if run.status == "skipped":
                kind = skip_kind(run.reason, satisfied=run.satisfied)
                self.before_start += kind == "before_start"
                self.cut_off += kind == "blocked"
            if run.status == "waiting":
                self.waiting.add(run.num)
        self.ready.clear()
        self.blocked.clear()
        for sheet in self.plan.sheets[self.start_sheet - 1 :]:
            if self.status_of(sheet.num) != "pending":
                continue
            missing = sum(1 for need in sheet.needs if not self.is_satisfied(need))
            if missing:
                self.blocked[sheet.num] = missing
            else:
                self.make_ready(sheet.num)

    def make_ready(self, num: int) -> None:
        """Note that a sheet may start as soon as a slot is free, or as soon as it is approved if it holds."""
        run = self.sheets.get(num)
        if self.plan.sheet(num).hold and (run is None or run.hold != "approved"):
            self.held.add(num)
        else:
            self.ready.add(num, self.claim_of(num))

    def release(self, num: int) -> None:
        """Note that a sheet is satisfied: what waited only for it becomes ready."""
        for dependent in self.loaded.dependents[num]:
            left = self.blocked.get(dependent)
            if left == 1:
                del self.blocked[dependent]
                self.make_ready(dependent)
            elif left is not None:
                self.blocked[dependent] = left - 1
