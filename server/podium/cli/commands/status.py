"""`podium status`: the conductor and its newest jobs."""

import typer

from podium.cli.shared.door import short_reason
from podium.cli.shared.exits import code_of
from podium.cli.shared.options import AsJson, Home, Socket, settings_for
from podium.cli.shared.output import print_json, say, table
from podium.cli.shared.session import wait_for
from podium.client.job_control import job_control
from podium.contract.conductors import ConductorView
from podium.contract.models import JobPage, JobView
from podium.errors import ConductorError

NEWEST = 10


def command(home: Home = None, socket: Socket = None, as_json: AsJson = False) -> None:
    """Show the conductor and its newest jobs; exit code 5 if none is running."""
    settings = settings_for(home, socket)

    async def work() -> tuple[ConductorView, JobPage]:
        async with job_control(settings) as control:
            return await control.conductor(), await control.list_page(status=None, name="", limit=NEWEST, cursor="")

    try:
        conductor, page = wait_for(work)
    except ConductorError as error:
        if not as_json:
            raise
        print_json({"running": False, "error": error.as_dict()})
        raise typer.Exit(code_of(error)) from None
    if as_json:
        jobs = [job.model_dump() for job in page.jobs]
        print_json({"running": True, "conductor": conductor.model_dump(), "jobs": jobs, "jobs_total": page.total})
        return
    say(
        f"{conductor.product} {conductor.version}, pid {conductor.pid}, up {_duration(conductor.uptime_seconds)}, "
        f"{conductor.running_sheets} of {conductor.max_sheets} sheets running, "
        f"jobs: {conductor.running_jobs} running, {conductor.queued_jobs} queued, {page.total} in total"
    )
    say(f"socket {conductor.socket}", style="dim")
    if conductor.store_trouble:
        say(f"It cannot store anything: {conductor.store_trouble}.", style="bold red")
    for process in conductor.processes:
        say(process.line, style="dim")
    if page.jobs:
        table(("job", "status", "sheets", "what"), [_row(job) for job in page.jobs])


def _row(job: JobView) -> tuple[str, str, str, str]:
    what = f"running {', '.join(job.running)}" if job.running else short_reason(job.reason)
    return job.job_id, job.status, f"{job.sheets_completed}/{job.sheets_total - job.sheets_before_start}", what


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
