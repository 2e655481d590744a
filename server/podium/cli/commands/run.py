"""`podium run SCORE`: submit a score, follow the job, and report its result by the exit code."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import anyio
import typer

from podium.cli.shared.options import AsJson, Home, Socket, settings_for
from podium.cli.shared.output import console, print_json, say
from podium.cli.shared.progress import JobProgress
from podium.cli.shared.session import wait_for
from podium.client.job_control import JobControlService, job_control
from podium.contract.methods import SubmitParams
from podium.contract.models import JobView
from podium.cwd import absolute
from podium.settings import Settings
from podium_tools.fields import pairs
from podium_tools.results import counted

EXIT_CODES = {"completed": 0, "failed": 1, "cancelled": 3, "paused": 4}
INTERRUPTED = 130
WAIT_SECONDS = 30.0
SHEETS_PAGE = 500
STUCK_POLL_SECONDS = 5.0


def command(
    score: Annotated[Path, typer.Argument(help="the score's YAML file")],
    workspace: Annotated[Path | None, typer.Option(help="run in this folder instead of the score's workspace")] = None,
    start_sheet: Annotated[str, typer.Option(help="start at this sheet; earlier ones count as done")] = "1",
    variable: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="a score variable")] = None,
    self_healing: Annotated[
        bool, typer.Option("--self-healing", help="try to repair failures before giving up")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="return when the job is accepted")] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Run a score and follow it; exit codes: 0 completed, 1 failed, 3 cancelled, 4 paused."""
    settings = settings_for(home, socket)
    request = SubmitParams(
        config_path=str(absolute(score, "The score path").resolve()),
        workspace=str(absolute(workspace, "workspace:")) if workspace else None,
        start_sheet=int(start_sheet) if start_sheet.isdecimal() else start_sheet,
        self_healing=self_healing,
        variables=dict(pairs(variable or [])),
    )
    follower = Follower(settings, request, quiet=as_json)
    try:
        job = wait_for(follower.submit if detach else follower.run)
    except KeyboardInterrupt:
        _say_it_goes_on(follower.job)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(job.model_dump())
    raise typer.Exit(0 if detach else EXIT_CODES.get(job.status, 1))


class Follower:
    """One submitted job and its last known state, which Ctrl-C leaves for the message."""

    def __init__(self, settings: Settings, request: SubmitParams, *, quiet: bool) -> None:
        self.settings = settings
        self.request = request
        self.quiet = quiet
        self.job: JobView | None = None

    async def submit(self) -> JobView:
        """Submit and say the job's id."""
        async with job_control(self.settings) as control:
            return await self._start(control)

    async def run(self) -> JobView:
        """Submit and follow until the job has ended or is paused."""
        async with job_control(self.settings) as control:
            job = await self._start(control)
            with JobProgress(console(stderr=self.quiet), job.job_name) as view:
                job = await self._follow(control, job, view)
            self._say(_verdict(job), style="bold")
            return job

    async def _start(self, control: JobControlService) -> JobView:
        started = await control.start(self.request)
        self.job = started.job
        self._say(f"{started.job.job_id}: {counted(started.job.sheets_total, 'sheet')} in {started.job.workspace}")
        for warning in started.job.warnings:
            self._say(f"  note: {warning}", style="yellow")
        return started.job

    async def _follow(self, control: JobControlService, job: JobView, view: JobProgress) -> JobView:
        async def show(_elapsed: float, jobs: object) -> None:
            await self._show(control, job.job_id, view)

        after = job.cursor
        while True:
            seen = await control.wait(
                [job.job_id], until="any", timeout_seconds=WAIT_SECONDS, after=after, progress=show
            )
            after, job = seen.after, seen.jobs[0]
            await self._show(control, job.job_id, view)
            if job.status in EXIT_CODES:
                return job
            if job.stuck:  # a settled job answers at once; do not ask in a hot loop
                await anyio.sleep(STUCK_POLL_SECONDS)

    async def _show(self, control: JobControlService, job_id: str, view: JobProgress) -> None:
        detail = await control.detail(job_id, sheets=True, limit=SHEETS_PAGE)
        self.job = job = detail.job
        doing = f"running {', '.join(job.running)}" if job.running else job.reason
        view.job(completed=job.sheets_completed, total=job.sheets_total, doing=doing)
        view.sheets(sheet.model_dump() for sheet in detail.sheets)
        while cursor := detail.sheets_cursor:
            detail = await control.detail(job_id, sheets=True, sheets_cursor=cursor, limit=SHEETS_PAGE)
            view.sheets(sheet.model_dump() for sheet in detail.sheets)

    def _say(self, text: str, *, style: str = "") -> None:
        say(text, style=style, stderr=self.quiet)


def _verdict(job: JobView) -> str:
    """Say how the job ended, and what to do about it where something can be done."""
    text = f"{job.job_id} {job.status}: {job.sheets_completed} of {counted(job.sheets_total, 'sheet')} completed"
    if job.reason:
        text += f" ({job.reason})"
    hints = {"failed": "explain_job", "paused": "resume_job", "cancelled": "resume_job"}
    if hint := hints.get(job.status):
        text += f"\n  next: podium call {hint} job_id={job.job_id}"
    return text


def _say_it_goes_on(job: JobView | None) -> None:
    with suppress(BrokenPipeError):
        if job is None:
            say(
                "Interrupted before the conductor answered; `podium status` shows whether the job started.", stderr=True
            )
            return
        say(f"\nStopped watching; {job.job_id} continues to run.", stderr=True)
        say(f"  watch:  podium call wait_for_job job_ids={job.job_id}", stderr=True)
        say(f"  cancel: podium call cancel_job job_id={job.job_id}", stderr=True)
