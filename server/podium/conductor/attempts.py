"""The life of attempts outside the supervisor: prepared and launched, watched to their end, judged by their validations.

The supervisor has committed the intent before `launch`; what is found here goes back to it as one `Verdict` an attempt.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from podium.conductor import faults
from podium.conductor.engines.port import AttemptSpec, End, EndReason, Engine
from podium.conductor.instruments.profile import Profile
from podium.conductor.outputs import Outputs
from podium.conductor.processes.run import Runner
from podium.conductor.state import Attempt, JobRun
from podium.conductor.transitions.sheets import Verdict
from podium.conductor.validations import ValidationContext, validate
from podium.contract.models import ValidationView
from podium.errors import PodiumError
from podium.log import get_logger
from podium.score.plan import Plan, PlanSheet
from podium.score.render import asked_sheets, expand, render_script, skips

log = get_logger()


class Report(Protocol):
    """Where verdicts go."""

    def attempt_ended(self, job_id: str, serial: int, verdict: Verdict) -> None:
        """Take the verdict of one attempt; called exactly once for each."""


@dataclass(eq=False)
class Live:
    """An attempt on its way, with what it needs of its job: the plan stays the one that it began with."""

    job_id: str
    plan: Plan
    sheet: PlanSheet
    workspace: Path
    attempt: Attempt
    limit_seconds: float | None
    statuses: dict[int, str]  # of the sheets that its skip_when asks for, when it was launched
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)  # of what runs here: skip command, validations
    in_engine: bool = False
    cancel_asked: bool = False

    def env(self, profile: Profile) -> dict[str, str]:
        """Return what the instrument, the score and Podium add to the environment."""
        return {
            **profile.env,
            **self.plan.env,
            **self.sheet.env,
            "PODIUM_JOB_ID": self.job_id,
            "PODIUM_SHEET": self.sheet.label,
            "PODIUM_ATTEMPT": str(self.attempt.attempt),
            "PODIUM_WORKSPACE": str(self.workspace),
        }


class Attempts:
    """Launches attempts, cancels them, and reports their ends."""

    def __init__(self, engine: Engine, runner: Runner, profiles: dict[str, Profile], outputs: Outputs, report: Report,
                 *, folder: Path, grace_seconds: float) -> None:  # fmt: skip
        self._engine = engine
        self._runner = runner
        self._profiles = profiles
        self._outputs = outputs
        self._report = report
        self._folder = folder
        self._grace = grace_seconds
        self._live: dict[str, Live] = {}
        self._tasks: TaskGroup

    async def run(self) -> None:
        """Watch the engine for ends until cancelled; owns every launch and judgement."""
        async with anyio.create_task_group() as self._tasks:
            async for end in self._engine.changes():
                live = self._live.get(end.key)
                if live is not None:
                    live.in_engine, live.scope = False, anyio.CancelScope()
                    self._begin_judging(live, end)

    def launch(self, job: JobRun, attempt: Attempt) -> None:
        """Start an attempt in a task of its own."""
        self._tasks.start_soon(self._launch, self._track(job, attempt))

    async def reattach(self, job: JobRun, attempt: Attempt) -> None:
        """Hand an attempt that an earlier conductor began to the engine."""
        live = self._track(job, attempt)
        live.in_engine = True
        await self._engine.reattach(self._spec(live, script=""))

    def cancel(self, attempt: Attempt) -> None:
        """End an attempt, wherever it is on its way."""
        live = self._live.get(attempt.key)
        if live is None or live.cancel_asked:
            return
        live.cancel_asked = True
        if live.in_engine:
            self._tasks.start_soon(self._cancel_in_engine, live)
        else:
            live.scope.cancel()

    def live_keys(self) -> list[str]:
        """Return the keys of the attempts that the engine runs now, oldest first."""
        return [key for key, live in self._live.items() if live.in_engine]

    def folder_of(self, job_id: str, serial: int) -> Path:
        """Return an attempt's folder."""
        return self._folder / job_id / str(serial)

    def _track(self, job: JobRun, attempt: Attempt) -> Live:
        plan, sheet = job.plan, job.plan.sheet(attempt.sheet)
        profile = self._profiles[sheet.instrument]
        limit = sheet.timeout_seconds or profile.default_timeout_seconds or plan.default_timeout_seconds
        statuses = {num: _status_of(job, num) for num in asked_sheets(plan, sheet).values()}
        live = Live(job.job_id, plan, sheet, Path(job.workspace), attempt, limit, statuses)
        self._live[attempt.key] = live
        return live

    async def _cancel_in_engine(self, live: Live) -> None:
        await self._engine.cancel(live.attempt.key, grace_seconds=self._grace)

    # -- on the way to the engine ---------------------------------------------------------------------------------

    async def _launch(self, live: Live) -> None:
        spec: AttemptSpec | None = None
        try:
            with live.scope:
                if why := await self._skips(live):
                    self._close(live, Verdict(_end(live, "never_started"), passed=False, message=why, skipped=True))
                    return
                spec = self._spec(live, script=await self._script(live))
        except PodiumError as error:
            self._close(live, Verdict(_end(live, "launch_failed"), passed=False, message=error.message))
            return
        if spec is None or live.cancel_asked:
            self._close(live, Verdict(_end(live, "cancelled"), passed=False, message="cancelled before it started"))
            return
        await self._submit(live, spec)

    async def _submit(self, live: Live, spec: AttemptSpec) -> None:
        live.in_engine = True
        faults.point("before_launch")
        await self._engine.submit(spec)
        faults.point("after_launch")

    async def _skips(self, live: Live) -> str:
        """Return why the sheet is skipped, "" to run it: asked before the first attempt, the condition before the command."""
        if live.attempt.attempt > 1:
            return ""
        if skips(live.plan, live.sheet, workspace=str(live.workspace), statuses=live.statuses):
            return "its skip_when holds"
        return "its skip command said so" if await self._command_skips(live) else ""

    async def _command_skips(self, live: Live) -> bool:
        """Run the sheet's skip command; exit code 0 skips."""
        skip = live.sheet.skip_when_command
        if skip is None:
            return False
        command = expand(skip.command, live.plan, live.sheet, workspace=str(live.workspace))
        result = await self._runner.run(
            ["/bin/sh", "-c", command],
            env=live.env(self._profile(live)),
            cwd=live.workspace,
            timeout_seconds=skip.timeout_seconds,
            key=live.attempt.key,
        )
        return result.exit_code == 0

    async def _script(self, live: Live) -> str:
        previous = await self._outputs.previous(live.job_id, live.attempt.job_seq, live.plan, live.sheet)
        return render_script(live.plan, live.sheet, workspace=str(live.workspace), previous_outputs=previous)

    def _spec(self, live: Live, script: str) -> AttemptSpec:
        folder = self.folder_of(live.job_id, live.attempt.serial)
        profile = self._profile(live)
        argv, stdin_script = profile.command(str(folder / "script"), script)
        return AttemptSpec(
            key=live.attempt.key,
            folder=folder,
            script=script,
            workspace=live.workspace,
            env=live.env(profile),
            argv=tuple(argv),
            stdin_script=stdin_script,
            timeout_seconds=live.limit_seconds,
            grace_seconds=self._grace,
            intended_at=live.attempt.started_at,
        )

    # -- at the end -----------------------------------------------------------------------------------------------

    def _begin_judging(self, live: Live, end: End) -> None:
        """Turn an end into a verdict: exit code 0 alone is not success where the sheet has validations."""
        if end.reason != "exited" or not self._succeeded(live, end):
            self._close(live, Verdict(end, passed=False, message=describe(live, end)))
        elif not live.sheet.validations:
            self._close(live, Verdict(end, passed=True))
        else:
            self._tasks.start_soon(self._judge, live, end)

    async def _judge(self, live: Live, end: End) -> None:
        views: list[ValidationView] = []
        with live.scope:
            views = await self._validate(live)
        if live.scope.cancelled_caught:
            cancelled = End(end.key, "cancelled", end.exit_code, None, end.processes_ended, end.ended_at)
            self._close(live, Verdict(cancelled, passed=False, message="cancelled during its validations"))
            return
        failed = next((view for view in views if not view.passed), None)
        text = json.dumps([view.model_dump() for view in views])
        message = f"validation {failed.type} failed: expected {failed.expected}, found {failed.found}" if failed else ""
        self._close(live, Verdict(end, passed=failed is None, message=message, validations=text))

    def _succeeded(self, live: Live, end: End) -> bool:
        return end.exit_code in self._profile(live).success_codes

    def _profile(self, live: Live) -> Profile:
        return self._profiles[live.sheet.instrument]

    async def _validate(self, live: Live) -> list[ValidationView]:
        rules = [live.plan.validations[index] for index in live.sheet.validations]
        context = ValidationContext(
            workspace=live.workspace,
            attempt_started=live.attempt.started_at,
            env=live.env(self._profile(live)),
            key=live.attempt.key,
            expand=lambda text: expand(text, live.plan, live.sheet, workspace=str(live.workspace)),
            run=self._runner.run,
        )
        return await validate(rules, context)

    def _close(self, live: Live, verdict: Verdict) -> None:
        faults.point("before_verdict")
        del self._live[live.attempt.key]
        log.debug(
            "attempt_ended",
            job_id=live.job_id,
            sheet=live.sheet.label,
            attempt=live.attempt.attempt,
            reason=verdict.end.reason,
            exit_code=verdict.end.exit_code,
            passed=verdict.passed,
        )
        self._report.attempt_ended(live.job_id, live.attempt.serial, verdict)


def _status_of(job: JobRun, num: int) -> str:
    """Return a sheet's present status; one that has no run yet is pending."""
    run = job.sheets.get(num)
    return run.status if run else "pending"


def _end(live: Live, reason: EndReason) -> End:
    """Return an end for an attempt that the engine never had."""
    return End(live.attempt.key, reason)


def describe(live: Live, end: End) -> str:
    """Say in one sentence how an attempt ended that did not succeed."""
    limit = live.limit_seconds
    sentences = {
        "exited": f"exit code {end.exit_code}",
        "timed_out": f"time limit of {limit:g} s reached" if limit else "time limit reached",
        "cancelled": "ended by the cancel",
        "killed": f"ended by signal {end.signal}" if end.signal else "ended from outside",
        "lost": f"lost: {end.detail or 'its processes are gone and left no exit record'}",
        "never_started": "never started",
        "launch_failed": f"could not be started: {end.detail}",
    }
    return sentences[end.reason]
