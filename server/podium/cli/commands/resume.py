"""`podium resume JOB`: continue a job, approve what it holds, or withdraw a pause that has not taken effect."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.calling.options import AsJson, From, Home, Job, Socket, settings_for

if TYPE_CHECKING:
    from podium.contract.models import ActionView


def command(
    job: Job,
    from_sheet: From = None,
    score: Annotated[
        str | None,
        typer.Option("--score", metavar="FILE", help="continue with this score in place of the job's; - for stdin"),
    ] = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Continue a paused, failed or cancelled job, approve the sheets that it holds, or withdraw a pending pause.

    Completed sheets are kept, and the others run.
    """
    from podium.cli.shared.session import wait_for
    from podium.client.job_control import job_control

    settings = settings_for(home, socket)

    async def work() -> "ActionView":
        from podium.cli.jobs.finding import find
        from podium.cli.jobs.scores import Given, given_score
        from podium.contract.methods import ResumeParams

        given = Given() if score is None else given_score(score)
        async with job_control(settings) as control:
            found = await find(control, job)
            call = ResumeParams(
                found.job_id, config_path=given.path, config_content=given.content, from_sheet=from_sheet
            )
            return await control.resume(call)

    view = wait_for(work)
    if as_json:
        from podium.cli.terminal.door import print_json

        print_json(view.model_dump())
        return
    show_resumed(view)


def show_resumed(view: "ActionView") -> None:
    """Print what a resume did, what it approved and did not, and what a changed score changes."""
    from podium.cli.jobs.changes import change_lines
    from podium.cli.terminal.door import in_line, line
    from podium.cli.terminal.following import show_following
    from podium.cli.terminal.saying import in_commands
    from podium.cli.terminal.states import some
    from podium.cli.terminal.stream import columns_of

    job = view.job
    line(in_line(in_commands(view.message)))
    for text in change_lines(view):
        line(in_commands(text))
    if job.needs_approval:
        line(f"  Not approved yet: {some(job.holding, job.holding_total)}.")
    approve = {f"podium resume {job.job_id}": "approves it"} if job.needs_approval else {}
    show_following("" if job.settled else f"podium wait {job.job_id}", approve, columns_of(sys.stdout))
