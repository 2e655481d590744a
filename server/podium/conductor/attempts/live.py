"""An attempt in progress, with everything that it needs from its job."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from podium.conductor.attempts import gpus
from podium.conductor.attempts.values import Known
from podium.conductor.clock import Moment, now, set_back
from podium.conductor.engines.port import Engine
from podium.conductor.rules.healing.remedies import Remedy
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import Attempt, JobRun
from podium.contract.models import Survivor
from podium.instruments.profile import Profile
from podium.score.model.context import constant, expand, looked_back, readings, template_variables
from podium.score.model.plan import Plan, PlanSheet, Player, Validation

NOTHING_KNOWN = Known()


@dataclass(eq=False)
class LiveAttempt:
    """One attempt from its launch, or its re-attachment, to its verdict. Its plan stays the one that it began with."""

    job_id: str
    loaded: LoadedPlan
    sheet: PlanSheet
    workspace: Path
    attempt: Attempt
    engine: Engine
    profile: Profile
    player: Player
    limit_seconds: float | None
    remedy: Remedy | None
    note: str  # what is appended to the prompt of an attempt that completes earlier work
    self_healing: bool
    first_try: bool  # no attempt has failed before it, so its sheet may still be skipped
    job_submitted: float  # seconds since the epoch
    statuses: dict[str, str]  # of the sheets that its skip_when names, at its launch: by number and by name
    skipped: tuple[int, ...] = ()  # of the sheets that its template looks back to, at its launch
    began: Moment = field(default_factory=now)  # or since when this conductor has known it
    known: Known = NOTHING_KNOWN
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)  # of what runs here: skip command, validations
    in_engine: bool = False
    ended: bool = False
    cancel_asked: bool = False
    withdraw_asked: bool = False
    hold_asked: bool | None = None  # the last wish: to suspend it, or to let it go on
    survivors: list[Survivor] = field(default_factory=list)  # of its skip command and its validations
    notes: list[str] = field(default_factory=list)  # what may surprise about how it began

    @property
    def plan(self) -> Plan:
        """The plan that it began with."""
        return self.loaded.plan

    def before(self, wall: float) -> float:
        """Return a time before the attempt as the clock tells it now, should it have been set back since the attempt began."""
        return wall - set_back(self.began, now())

    @property
    def may_explain(self) -> bool:
        """Whether its output may say why it could not work: that of a tool, or what the score has patterns for."""
        limit = self.plan.rate_limit
        return self.is_tool or bool(limit and limit.patterns)

    @property
    def is_tool(self) -> bool:
        """Whether a program other than bash plays it: it may be missing, and its output may say why it could not work."""
        return self.profile.prompt != "script"

    @property
    def is_assembled(self) -> bool:
        """Whether its text is a prompt that has more than the template."""
        return self.is_tool and bool(self.sheet.told or self.sheet.injections)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is waited for before its launch: no condition, template, program (also of a `#!` line) or folder."""
        conditional = self.first_try and (self.sheet.skip_when or self.sheet.skip_when_command)
        looked_up = self.plan.env_pass or self.plan.env_from or self.sheet.env_from
        prepared = conditional or self.is_tool or self.remedy is not None or looked_up
        text = None if prepared else constant(self.plan.templates[self.sheet.template])
        return text is not None and not text.startswith("#!")

    @property
    def checks(self) -> tuple[Validation, ...]:
        """Its validations as they are checked: fields filled in, paths absolute."""
        return tuple(self._filled(self.plan.validations[index]) for index in self.sheet.validations)

    def _filled(self, check: Validation) -> Validation:
        path = str(self.workspace / self.expand(check.path)) if check.path else ""
        folder = str(self.workspace / self.expand(check.working_directory))
        return check.model_copy(
            update={"path": path, "command": self.expand(check.command, is_command=True), "working_directory": folder}
        )

    def expand(self, text: str, *, is_command: bool = False) -> str:
        """Return a path, a folder or a command with its `{workspace}`-style fields filled in."""
        workspace, instrument = str(self.workspace), self.player.instrument
        return expand(text, self.plan, self.sheet, workspace=workspace, instrument=instrument, is_command=is_command)

    def variables(self, previous: Mapping[int, str]) -> dict[str, Any]:
        """Return what its template sees, with the outputs of earlier sheets."""
        return template_variables(
            self.plan,
            self.sheet,
            workspace=str(self.workspace),
            previous_outputs=previous,
            skipped=self.skipped,
            instrument=self.player.instrument,
        )

    @property
    def readings(self) -> dict[str, Any]:
        """What YAML 1.1 makes of some of these texts."""
        return readings(self.plan, self.sheet)

    @property
    def overruled(self) -> tuple[str, ...]:
        """A note about the variables of the score that say something else about its GPUs than which it was given."""
        if not (given := self.attempt.gpus):
            return ()
        names = " and ".join(gpus.overruled(given, {**self.plan.env, **self.sheet.env}))
        return (f"its own {names} did not count: Podium gave it GPU {', '.join(map(str, given))}",) if names else ()

    def env(self) -> dict[str, str]:
        """Return the variables that the instrument, the score, the start and Podium add to the environment.

        Raises:
            InvalidArguments: a value that the instrument or the score only names is nowhere to be had.
        """
        return {
            **self.known.env_of(self.profile),
            **self.known.env(self.plan, self.sheet),
            **gpus.variables(self.attempt.gpus),
            "PODIUM_JOB_ID": self.job_id,
            "PODIUM_SHEET": self.sheet.label,
            "PODIUM_ATTEMPT": str(self.attempt.attempt),
            "PODIUM_WORKSPACE": str(self.workspace),
        }


def live_of(job: JobRun, attempt: Attempt, engine: Engine) -> LiveAttempt:
    """Return the attempt with what its job says about it now; while the attempt is open this does not change."""
    sheet, num = job.plan.sheet(attempt.sheet), attempt.sheet
    run = job.run_of(num)
    return LiveAttempt(
        job_id=job.job_id,
        loaded=job.loaded,
        sheet=sheet,
        workspace=Path(job.workspace),
        attempt=attempt,
        engine=engine,
        profile=job.profile_of(num),
        player=job.player_of(num),
        limit_seconds=job.limit_of(num),
        remedy=run.remedy,
        note=run.note or (run.remedy.note if run.remedy else ""),
        self_healing=job.self_healing,
        first_try=not (run.retries_used or run.limit_waits or run.player or run.remedy or run.completions),
        job_submitted=job.submitted_at,
        statuses=_statuses(job, sheet) if sheet.skip_when else {},
        skipped=_skipped(job, sheet) if sheet.uses_previous_outputs else (),
    )


def _statuses(job: JobRun, sheet: PlanSheet) -> dict[str, str]:
    """Return the status of each sheet that a condition asks for, by number and by name; a name wins."""
    nums = range(1, job.total + 1) if sheet.skip_asks is None else sheet.skip_asks
    asked = [job.plan.sheet(num) for num in nums]
    found: dict[str, str] = {str(each.num): job.status_of(each.num) for each in asked}
    return found | {each.name: found[str(each.num)] for each in asked if each.name}


def _skipped(job: JobRun, sheet: PlanSheet) -> tuple[int, ...]:
    """Return the sheets that were skipped of those that a sheet looks back to; not those that a failed sheet blocks."""
    earlier = looked_back(job.plan, sheet)
    return tuple(num for num in earlier if job.status_of(num) == "skipped" and job.is_satisfied(num))
