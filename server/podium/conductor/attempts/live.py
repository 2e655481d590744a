"""An attempt in progress, with everything that it needs from its job."""

from dataclasses import dataclass, field
from pathlib import Path

import anyio

from podium.conductor.instruments.profile import Profile
from podium.conductor.rules.healing.remedies import Remedy
from podium.conductor.rules.state import Attempt, JobRun
from podium.score.model.plan import Plan, PlanSheet, Player
from podium.score.templates.render import asked_sheets


@dataclass(eq=False)
class LiveAttempt:
    """One attempt from its launch, or its re-attachment, to its verdict. Its plan stays the one that it began with."""

    job_id: str
    plan: Plan
    sheet: PlanSheet
    workspace: Path
    attempt: Attempt
    profile: Profile
    player: Player
    limit_seconds: float | None
    remedy: Remedy | None
    self_healing: bool
    first_try: bool  # no attempt has failed before it, so its sheet may still be skipped
    statuses: dict[int, str]  # of the sheets that its skip_when names, at its launch
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)  # of what runs here: skip command, validations
    in_engine: bool = False
    ended: bool = False
    cancel_asked: bool = False

    @property
    def is_tool(self) -> bool:
        """Whether a program other than bash plays it: it may be missing, and its output may say why it could not work."""
        return self.profile.prompt != "script"

    def env(self) -> dict[str, str]:
        """Return the variables that the instrument, the score and Podium add to the environment."""
        return {
            **self.profile.env,
            **self.plan.env,
            **self.sheet.env,
            "PODIUM_JOB_ID": self.job_id,
            "PODIUM_SHEET": self.sheet.label,
            "PODIUM_ATTEMPT": str(self.attempt.attempt),
            "PODIUM_WORKSPACE": str(self.workspace),
        }


def live_of(job: JobRun, attempt: Attempt) -> LiveAttempt:
    """Return the attempt with what its job says about it now; while the attempt is open this does not change."""
    plan, sheet, num = job.plan, job.plan.sheet(attempt.sheet), attempt.sheet
    run = job.run_of(num)
    return LiveAttempt(
        job_id=job.job_id,
        plan=plan,
        sheet=sheet,
        workspace=Path(job.workspace),
        attempt=attempt,
        profile=job.profile_of(num),
        player=job.player_of(num),
        limit_seconds=job.limit_of(num),
        remedy=run.remedy,
        self_healing=job.self_healing,
        first_try=not (run.retries_used or run.limit_waits or run.player or run.remedy),
        statuses={each: job.status_of(each) for each in asked_sheets(plan, sheet).values()},
    )
