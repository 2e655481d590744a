"""`podium cancel JOB...`: end a job and every process that it started."""

from typing import TYPE_CHECKING

import typer

from podium.cli.calling.options import AsJson, Home, Jobs, Socket, settings_for

if TYPE_CHECKING:
    from podium.contract.models import ActionView


def command(jobs: Jobs, home: Home = None, socket: Socket = None, as_json: AsJson = False) -> None:
    """Cancel jobs: end every process that they started. Completed sheets and the workspace are kept; `podium resume` goes on."""
    from podium.cli.jobs.controlling import control_jobs
    from podium.client.job_control import JobControlService

    code = control_jobs(settings_for(home, socket), jobs, JobControlService.cancel, _said, as_json=as_json)
    raise typer.Exit(code)


def _said(view: "ActionView") -> tuple[str, bool]:
    from podium.cli.jobs.controlling import overtaken, running_sheets
    from podium.cli.terminal.door import in_line
    from podium_tools.results import progress_of

    job = view.job
    dropped = "\n  The changed score that was pending is forgotten." if view.dropped_change else ""
    if view.pending:
        told = (
            in_line(view.message)
            if view.unstored
            else f"{job.job_id} is being cancelled: the processes of {running_sheets(job)} are being ended."
        )
        return f"{told}{dropped}\nnext: podium wait {job.job_id}", True
    if job.status != "cancelled":
        return overtaken(view, "cancel"), False
    left = "".join(f"\n  Not ended: {in_line(each)}." for each in job.survivors)
    done = in_line(progress_of(job))
    told = f"{job.job_id} is cancelled{f': {done}' if done else ''}. Its workspace is kept."
    return f"{told}{left}{dropped}", True
