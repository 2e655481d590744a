"""`podium list`: the jobs, newest first, one a line."""

import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from podium.cli.calling.options import AsJson, Home, Socket, settings_for
from podium.cli.shared.session import wait_for
from podium.cli.terminal.door import data, ink, line, print_json
from podium.cli.terminal.states import NO_JOBS, job_state, marked, name_beside_id, sheets_done, what
from podium.cli.terminal.stream import columns_of
from podium.cli.terminal.tables import Column, table
from podium.cli.terminal.when import ago, took
from podium.client.job_control import JobControlService, job_control
from podium.contract.models import JobPage, JobView
from podium.contract.states import JobFilter

NEWEST = 20
MOST = 500  # jobs in one answer of a conductor
COLUMNS = (
    Column("JOB"),
    Column("NAME", least=12, drop=2),
    Column("STATE"),
    Column("SHEETS", right=True),
    Column("TIME", drop=1, right=True),
    Column("AGE", drop=3),
    Column("WHAT"),
)


@dataclass(frozen=True)
class Asked:
    """Which jobs are listed: at most `limit` of those with the status, and with this text in their name or id."""

    status: JobFilter = "any"
    name: str = ""
    limit: int | None = NEWEST  # None: all

    @property
    def words(self) -> str:
        """The filters as they are typed, "" if there are none."""
        status = "" if self.status == "any" else f" --status {self.status}"
        return f"{status}{f' --name {self.name}' if self.name else ''}"


def command(
    status: Annotated[
        JobFilter, typer.Option("--status", "-s", help="only these; active: not ended; waiting: nothing of it runs now")
    ] = "any",
    name: Annotated[str, typer.Option("--name", help="only jobs with this text in their name or id")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="how many of the newest")] = NEWEST,
    every: Annotated[bool, typer.Option("--all", "-a", help="all of them")] = False,
    only_ids: Annotated[bool, typer.Option("--quiet", "-q", help="only their ids, one a line")] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first: state, sheets, how long each took, and why it is not running."""
    settings = settings_for(home, socket)
    asked = Asked(status, name, None if every else limit)

    async def work() -> JobPage:
        async with job_control(settings) as control:
            return await read_page(control, asked)

    page = wait_for(work)
    if as_json:
        print_json(page.model_dump())
    elif only_ids:
        for job in page.jobs:
            data(job.job_id)
    else:
        show_page(page, asked)


async def read_page(control: JobControlService, asked: Asked) -> JobPage:
    """Return the jobs that are asked for as one page, however many pages the conductor needs for them."""
    jobs: list[JobView] = []
    cursor = ""
    while True:
        left = MOST if asked.limit is None else min(MOST, asked.limit - len(jobs))
        page = await control.list_page(status=asked.status, name=asked.name, limit=left, cursor=cursor)
        jobs += page.jobs
        cursor = page.next_cursor
        if not cursor or len(jobs) == asked.limit:
            return page.model_copy(update={"jobs": jobs})


def show_page(page: JobPage, asked: Asked) -> None:
    """Print jobs as a table, and how many more there are."""
    if not page.jobs:
        line(f"No job matches{asked.words}." if asked.words else NO_JOBS)
        return
    show_jobs(page.jobs)
    if page.next_cursor:
        total = f"{'at least ' if page.total_at_least else ''}{page.total}"
        ink([(f"{len(page.jobs)} of {total} jobs; `podium list{asked.words} --all` lists them all.", "dim")])


def show_jobs(jobs: list[JobView]) -> None:
    """Print jobs as a table, as wide as the terminal."""
    for pieces in table(COLUMNS, [_row(job) for job in jobs], columns_of(sys.stdout)):
        ink(pieces)


def _row(job: JobView) -> list[tuple[str, str]]:
    return [
        (job.job_id, "bold"),
        (name_beside_id(job), ""),
        marked(job_state(job)),
        (sheets_done(job), ""),
        (took(job.elapsed_seconds), ""),
        (ago(job.finished_at or job.submitted_at), ""),
        (what(job), ""),
    ]
