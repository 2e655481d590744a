"""`podium status`: the conductor and its newest jobs."""

import sys

import typer

from podium.cli.calling.options import AsJson, Home, Socket, settings_for
from podium.cli.commands.list import show_jobs
from podium.cli.shared.exits import code_of
from podium.cli.shared.session import wait_for
from podium.cli.terminal.details import show_text
from podium.cli.terminal.door import ink, line, print_json, show_error
from podium.cli.terminal.states import NO_JOBS
from podium.cli.terminal.stream import columns_of
from podium.cli.terminal.when import in_times, took
from podium.cli.views.results import ErrorView
from podium.cli.views.status import StatusView
from podium.client.job_control import job_control
from podium.contract.conductors import ConductorView
from podium.contract.models import JobPage
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
        reason = ErrorView.model_validate(error.as_dict())
        print_json(StatusView(running=False, error=reason).model_dump())
        show_error(error)
        raise typer.Exit(code_of(error)) from None
    if as_json:
        print_json(StatusView(running=True, conductor=conductor, jobs=page.jobs, jobs_total=page.total).model_dump())
    else:
        show_status(conductor, page, columns_of(sys.stdout))


def show_status(conductor: ConductorView, page: JobPage, columns: int | None) -> None:
    """Print the conductor, its load, what works for it, and jobs, for a terminal of so many columns."""
    head = f"{conductor.product} {conductor.version}, pid {conductor.pid}, up {took(conductor.uptime_seconds)}"
    ink([(head, "bold")])
    load = (
        f"{conductor.running_sheets} of {conductor.max_sheets} sheets running{conductor.beside}; "
        if conductor.max_sheets
        else ""
    )
    show_text(
        f"{load}jobs: {conductor.running_jobs} running, {conductor.queued_jobs} queued, {page.total} in all", columns
    )
    for engine in conductor.engines if len(conductor.engines) > 1 else ():
        show_text(in_times(engine), columns)
    if conductor.resources:
        show_text(f"{conductor.resources} in use", columns)
    ink([(f"  socket: {conductor.socket}", "dim")])
    for process in conductor.processes:
        show_text(in_times(process.line), columns, style="dim")
    if conductor.missing:
        show_text(
            "It cannot do everything that Podium's own can: `podium call conductor_status` lists what is missing.",
            columns,
        )
    if not conductor.accepting_work:
        loaded = conductor.product != "podium"  # a Marianne conductor may be short of processes or memory
        why = "It takes no new jobs now." if loaded else "It is stopping and starts nothing new."
        show_text(why, columns, style="yellow")
    if conductor.store_trouble:
        show_text(f"It cannot store anything: {in_times(conductor.store_trouble)}.", columns, style="bold red")
    ink([])
    if not page.jobs:
        line(NO_JOBS)
        return
    show_jobs(page.jobs)
    if page.total > len(page.jobs):
        ink([(f"{len(page.jobs)} of {page.total} jobs; `podium list` lists more.", "dim")])
