"""`podium pause JOB...`: start no further sheets of a job; what runs ends by itself."""

from typing import TYPE_CHECKING

import typer

from podium.cli.calling.options import AsJson, Home, Jobs, Socket, settings_for

if TYPE_CHECKING:
    from podium.contract.models import ActionView


def command(jobs: Jobs, home: Home = None, socket: Socket = None, as_json: AsJson = False) -> None:
    """Pause jobs: a queued one at once, a running one when its running sheets have ended (`podium cancel` ends them).

    With the setting hold_running they are suspended instead, where that can be done.
    """
    from podium.cli.jobs.controlling import control_jobs
    from podium.client.job_control import JobControlService

    code = control_jobs(settings_for(home, socket), jobs, JobControlService.pause, _said, as_json=as_json)
    raise typer.Exit(code)


def _said(view: "ActionView") -> tuple[str, bool]:
    from podium.cli.jobs.controlling import overtaken, suspended_sheets
    from podium.cli.terminal.door import in_line
    from podium.cli.terminal.following import following_text
    from podium.cli.terminal.states import some
    from podium_tools.results import awaited, progress_of, state_of

    job = view.job
    if view.pending:
        what = awaited(job, some) + suspended_sheets(job)
        return (
            f"The pause of {job.job_id} is recorded and takes effect when {what}.\n"
            + following_text(f"podium wait {job.job_id}", {f"podium resume {job.job_id}": "withdraws the pause"})
        ), True
    if job.status != "paused":
        return overtaken(view, "pause"), False
    if job.running:  # a Marianne conductor lets them run on: what a resume does to them is in the reason
        return f"{in_line(state_of(job))}\nnext: podium wait {job.job_id}", True
    done = in_line(progress_of(job))
    done += suspended_sheets(job)
    return f"{job.job_id} is paused{f': {done}' if done else ''}.\nnext: podium resume {job.job_id}", True
