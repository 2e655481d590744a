"""`podium show JOB`: a job's state, times and sheets; with `--score` the text that it runs."""

import sys
from typing import Annotated

import typer

from podium.cli.calling.options import AsJson, Home, Job, Socket, settings_for
from podium.cli.jobs.finding import find
from podium.cli.jobs.scores import whole_score
from podium.cli.shared.session import wait_for
from podium.cli.terminal.details import all_sheets, show_detail
from podium.cli.terminal.door import data, ink, print_json
from podium.cli.terminal.stream import columns_of
from podium.client.job_control import job_control
from podium.contract.models import JobDetail
from podium.contract.score_text import JobScore
from podium.errors import InvalidArguments

WHERE = {
    "same": "from {path}",
    "differs": "from {path}, which is different now: the job does not use that",
    "gone": "from {path}, which is not there now",
    "unreadable": "from {path}, which cannot be read now",
    "inline": "given as text",
    "not_kept": "{path} as it is now: this conductor keeps no text of its own",
}


def command(
    job: Job,
    every: Annotated[bool, typer.Option("--all", "-a", help="every sheet, also where many finished ones fold")] = False,
    score: Annotated[bool, typer.Option("--score", help="the text of its score instead, as it runs it")] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Show a job: state and reason, times, workspace, its sheets, and what to do next."""
    settings = settings_for(home, socket)
    if score and every:
        raise InvalidArguments("--all goes with sheets, --score shows none.", fix="Leave one of them out.")

    async def work() -> JobDetail | JobScore:
        async with job_control(settings) as control:
            found = await find(control, job)
            return await (whole_score if score else all_sheets)(control, found.job_id)

    found = wait_for(work)
    if as_json:
        print_json(found.model_dump())
    elif isinstance(found, JobScore):
        show_score(found)
    else:
        show_detail(found, columns_of(sys.stdout), every=every)


def show_score(found: JobScore) -> None:
    """Print the text on stdout, so that it can be kept as a file; where it comes from stands on stderr."""
    pending = "; this text takes effect when the running sheets have ended" if found.pending else ""
    ink([(f"# {found.job.job_id}: {WHERE[found.file].format(path=found.path)}{pending}", "dim")], stderr=True)
    variables = [f"{name}={value}" for name, value in found.start_variables.items()]
    if variables:
        ink([(f"# started with: {', '.join(variables)}", "dim")], stderr=True)
    for text in found.text.lines:
        data(text)
