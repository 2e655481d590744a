"""`podium report JOB`: the record of a job as files, a page for people and JUnit XML for a CI."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from podium import __version__
from podium.cli.calling.options import AsJson, Home, Job, Socket, settings_for
from podium.cli.jobs.finding import find
from podium.cli.shared.session import wait_for
from podium.cli.terminal.door import print_json
from podium.cli.terminal.drawing import STDOUT, write
from podium.client.job_control import JobControlService, job_control
from podium.contract.methods import LogParams
from podium.contract.models import LogView, SheetView, Stream
from podium.contract.record import JobRecord
from podium.errors import InvalidArguments, PodiumError
from podium.times import epoch

OUTPUTS = 200  # sheets whose output is read: those that failed first
LINES = 40  # of each stream
_AT_ONCE = 8  # outputs that are asked for at the same time
_STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


def command(
    job: Job,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="the page (default: JOB.html); - for stdout")
    ] = None,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="write JUnit XML; - for stdout")] = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Write a job's record: one page with timeline, graph, sheets and outputs that needs nothing else, or JUnit XML for a CI."""
    if as_json and (output or junit):
        raise InvalidArguments(
            "--json prints the record, and writes no file.", fix="Leave out -o and --junit, or --json."
        )
    if output == junit == STDOUT:
        raise InvalidArguments("The page and the JUnit XML cannot both go to stdout.", fix="Give one of them a FILE.")
    settings = settings_for(home, socket)

    async def work() -> JobRecord:
        async with job_control(settings) as control:
            record = await control.record((await find(control, job)).job_id, commands=True)
            return record.model_copy(update={"outputs": await _outputs(control, record)})

    record = wait_for(work)
    if as_json:
        print_json(record.model_dump())
        return
    if junit is not None:
        from podium.plots.formats.junit import junit as as_junit

        write(junit, as_junit(record, epoch()))
    if output is not None or junit is None:
        from podium.plots.page import report_html

        page = report_html(record, epoch(), made_by=f"Podium {__version__}")
        write(output or Path(f"{record.job.job_id}.html"), page)


async def _outputs(control: JobControlService, record: JobRecord) -> list[LogView]:
    """Return the ends of what the sheets wrote, of as many as fit into a page."""
    ran = sorted(
        (each for each in record.sheets if each.attempts), key=lambda each: (each.status != "failed", each.sheet)
    )
    wanted = [(sheet, stream) for sheet in ran[:OUTPUTS] for stream in _STREAMS]
    found: list[LogView | None] = [None] * len(wanted)
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def read(place: int) -> None:
        async with limiter:
            found[place] = await _end(control, record.job.job_id, *wanted[place])

    async with anyio.create_task_group() as group:
        for place in range(len(wanted)):
            group.start_soon(read, place)
    return [each for each in found if each is not None and each.lines]


async def _end(control: JobControlService, job_id: str, sheet: SheetView, stream: Stream) -> LogView | None:
    """Return the end of one stream of a sheet's last attempt; None if it cannot be read, which is no reason to give no report."""
    try:
        return await control.log(LogParams(job_id, sheet=sheet.sheet, stream=stream, mode="tail", max_lines=LINES))
    except PodiumError:
        return None
