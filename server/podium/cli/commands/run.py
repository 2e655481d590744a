"""`podium run SCORE`: submit a score, follow the job, and report its result by the exit code."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.shared.door import in_line
from podium.cli.shared.environment import difference, passed
from podium.cli.shared.exits import Code
from podium.cli.shared.follow import ENDS, Follower, LostSight
from podium.cli.shared.options import AsJson, Env, Home, Socket, settings_for
from podium.cli.shared.output import print_json, say
from podium.cli.shared.probe import running
from podium.cli.shared.session import wait_for
from podium.cli.signals import interrupted
from podium.cli.streams import OutputLost
from podium.client.job_control import JobControlService, job_control
from podium.contract.methods import SubmitParams
from podium.contract.models import JobView
from podium.cwd import absolute
from podium.settings import Settings
from podium_tools.fields import pairs
from podium_tools.results import counted


def command(
    score: Annotated[Path, typer.Argument(help="the score's YAML file")],
    workspace: Annotated[Path | None, typer.Option(help="run in this folder instead of the score's workspace")] = None,
    start_sheet: Annotated[str, typer.Option(help="start at this sheet; earlier ones count as done")] = "1",
    variable: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="a score variable")] = None,
    env: Env = None,
    self_healing: Annotated[
        bool, typer.Option("--self-healing", help="try to repair failures before giving up")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", help="return when the job is accepted")] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Run a score and follow it; exit codes: 0 completed, 1 failed, 3 cancelled, 4 paused, 6 lost sight of the job."""
    settings = settings_for(home, socket)
    request = SubmitParams(
        config_path=os.path.realpath(absolute(score, "The score path")),  # of a link to itself a Path raises
        workspace=str(absolute(workspace, "workspace:")) if workspace else None,
        start_sheet=int(start_sheet) if start_sheet.isdecimal() else start_sheet,
        self_healing=self_healing,
        variables=dict(pairs(variable or [])),
        environment=passed(env),
    )
    found = running(settings)
    run = _Run(settings, request, found[0].environment if found else {}, quiet=as_json)
    try:
        job = wait_for(run.submit if detach else run.follow)
    except BaseException as end:
        if (why := _why_unseen(end)) is None:
            raise
        if isinstance(end, LostSight) and not end.goes_on:
            say(f"{why}.", stderr=True)
        else:
            _say_it_goes_on(why, run.job)
        raise typer.Exit(interrupted() or Code.LOST_SIGHT) from None
    if as_json:
        print_json(job.model_dump())
    raise typer.Exit(Code.DONE if detach else ENDS[job.status])


class _Run:
    """One submitted job and its last known state, which whatever ends the command leaves for the message."""

    def __init__(
        self, settings: Settings, request: SubmitParams, environment: Mapping[str, str], *, quiet: bool
    ) -> None:
        """`environment` is what is known of the conductor's."""
        self._settings = settings
        self._environment = environment
        self._request = request
        self._follower = Follower(quiet=quiet)
        self._accepted: JobView | None = None

    @property
    def job(self) -> JobView | None:
        """The job as it was seen last; None if the conductor has not answered."""
        return self._follower.job or self._accepted

    async def submit(self) -> JobView:
        """Submit and say the job's id."""
        async with job_control(self._settings) as control:
            return await self._start(control)

    async def follow(self) -> JobView:
        """Submit and follow until the job has ended or is paused."""
        async with job_control(self._settings) as control:
            return await self._follower.follow(control, await self._start(control))

    async def _start(self, control: JobControlService) -> JobView:
        started = await control.start(self._request)
        job = self._accepted = started.job
        self._follower.say(f"{job.job_id}: {counted(job.sheets_total, 'sheet')} in {in_line(job.workspace)}")
        note = difference(self._environment, started.passed)
        for warning in (*job.warnings, *([note] if note else [])):
            self._follower.say(f"  note: {in_line(warning)}", style="yellow")
        return job


def _why_unseen(end: BaseException) -> str | None:
    """Return why a job is followed no more; None if the command has ended in another way."""
    if interrupted():
        return "\nStopped watching"
    if isinstance(end, OutputLost):
        return f"Cannot write the output ({end.reason})"
    return end.message if isinstance(end, LostSight) else None


def _say_it_goes_on(why: str, job: JobView | None) -> None:
    if job is None:
        say(f"{why} before the conductor answered; `podium status` shows whether the job started.", stderr=True)
        return
    if job.status in ENDS:
        say(f"{why}; {job.job_id} is {job.status}.", stderr=True)
        return
    say(f"{why}; {job.job_id} continues to run.", stderr=True)
    say(f"  watch:  podium call wait_for_job job_ids={job.job_id}", stderr=True)
    say(f"  cancel: podium call cancel_job job_id={job.job_id}", stderr=True)
