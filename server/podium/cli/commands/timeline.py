"""`podium timeline JOB`: what each sheet of a job did when, and which of them decided the end."""

from pathlib import Path
from typing import Annotated

import typer

from podium.cli.calling.options import AsJson, Home, Job, Socket, settings_for
from podium.cli.jobs.finding import find
from podium.cli.shared.session import wait_for
from podium.cli.terminal.details import show_title
from podium.cli.terminal.door import line, print_json
from podium.cli.terminal.drawing import columns, is_plain, show, write
from podium.cli.terminal.when import at
from podium.client.job_control import job_control
from podium.contract.record import JobRecord
from podium.errors import InvalidArguments
from podium.times import epoch, measured


def command(
    job: Job,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="write a picture; - for stdout")] = None,
    everything: Annotated[bool, typer.Option("--all", help="a row for every sheet, however many there are")] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Show what each sheet of a job did when: attempts, waits, and the critical path. A job that goes on is shown up to now."""
    if as_json and svg is not None:
        raise InvalidArguments("--svg and --json exclude each other.", fix="Give one of them.")
    settings = settings_for(home, socket)

    async def work() -> JobRecord:
        async with job_control(settings) as control:
            return await control.record((await find(control, job)).job_id)

    record = wait_for(work)
    if as_json:
        print_json(record.model_dump())
        return
    draw(record, svg, everything=everything)


def draw(record: JobRecord, svg: Path | None, *, everything: bool) -> None:
    """Print the timeline of a record, or write it as a picture; with `everything` each sheet has its row."""
    from podium.plots.story.story import story_of

    story = story_of(record, epoch())
    rows = len(story.lanes) if everything else None
    if svg is not None:
        from podium.plots.svg.timeline import timeline_svg

        write(svg, timeline_svg(story, limit=rows))
        return
    from podium.plots.terminal.timeline import timeline_lines

    seconds = measured(story.end - story.start)
    told = f"took {seconds}" if story.ended else f"so far {seconds}"
    show_title(record.job)
    line(f"  submitted {at(record.job.submitted_at)}; {told}")
    show(timeline_lines(story, columns(), limit=rows, plain=is_plain()))
