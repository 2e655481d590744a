"""`podium explain JOB`: why a job is in its state, and what can be done about it."""

import sys
from collections.abc import Iterator

from podium.cli.calling.options import AsJson, Home, Job, Socket, settings_for
from podium.cli.jobs.finding import find
from podium.cli.shared.session import wait_for
from podium.cli.terminal.details import label_of, show_head, show_text
from podium.cli.terminal.door import in_line, ink, print_json
from podium.cli.terminal.following import show_following
from podium.cli.terminal.saying import in_commands
from podium.cli.terminal.states import some
from podium.cli.terminal.stream import columns_of
from podium.cli.terminal.tables import facts
from podium.cli.terminal.when import ahead, in_times, took
from podium.client.job_control import job_control
from podium.contract.models import EventView, ExplainView, LogView, SheetView
from podium.texts.widths import cut_end, folded

OUTPUT_LINES = 20  # of what the sheet wrote last
FOLDED_LINES = 4  # of the terminal, that one line of it takes at most
QUOTED = "   | "


def command(
    job: Job,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Say why a job failed, waits, is queued, paused or stuck: the sheet, the end of its output, and what to do next."""
    settings = settings_for(home, socket)

    async def work() -> ExplainView:
        async with job_control(settings) as control:
            return await control.explain((await find(control, job)).job_id)

    view = wait_for(work)
    if as_json:
        print_json(view.model_dump())
    else:
        show_explained(view, columns_of(sys.stdout))


def show_explained(view: ExplainView, columns: int | None) -> None:
    """Print an explanation for a terminal of so many columns."""
    show_head(view.job, columns)
    if view.cause:
        show_text(in_commands(in_times(view.cause), view.job.job_id), columns)
    known = [
        ("waits until", ahead(view.waits_until)),
        *_of_sheet(view.sheet),
        *(("before", in_times(each)) for each in view.earlier_attempts),
        *(("failed", in_times(each)) for each in view.failed if len(view.failed) > 1),
        ("keeps back", some(view.blocked, view.blocked_total)),
        *(("remedy", _remedy(each)) for each in view.healing),
    ]
    if any(text for _, text in known):
        ink([])
        for pieces in facts(known, columns):
            ink(pieces)
    if view.output and view.output.lines:
        _show_output(view.output, columns)
    _show_commands(view, columns)


def _of_sheet(sheet: SheetView | None) -> Iterator[tuple[str, str]]:
    """Yield the facts of the sheet that explains the job."""
    if sheet is None:
        return
    ended = "" if sheet.exit_code is None else f"exit code {sheet.exit_code}"
    ended = f"signal {sheet.signal}" if sheet.signal else ended
    attempt = f"attempt {sheet.attempts}" if sheet.tries > 1 else ""
    time = took(sheet.duration_seconds)
    yield "sheet", ", ".join(each for each in (label_of(sheet), sheet.status, attempt, ended, time) if each)
    if sheet.status != "running" and sheet.place not in sheet.reason:  # of one that runs the cause says it
        yield "place", in_times(sheet.place)
    for check in sheet.validations:
        if not check.passed:
            yield "validation", ", ".join(each for each in (check.type, check.description) if each)
            yield "  expected", check.expected
            yield "  found", check.found
            yield "  it wrote", check.output
    for survivor in sheet.survivors:
        yield "left over", survivor.text


def _remedy(event: EventView) -> str:
    told = ", ".join(f"{name} {value}" for name, value in event.data.items())
    return f"{event.type.rpartition('.')[2]}: {told}" if told else event.type


def _show_output(output: LogView, columns: int | None) -> None:
    """Print the end of what the sheet wrote, set off: these are the words of the job, not of this command.

    So each line that a terminal shows begins with the mark, however long the job's own line is.
    """
    lines = output.lines[-OUTPUT_LINES:]
    sheet = output.sheet_name or f"sheet {output.sheet}"
    ink([])
    ink([(f"  the end of what {sheet} wrote to {output.stream}:", "dim")])
    for each in lines:
        text = f"{in_line(each.text).expandtabs()}{'…' if each.unfinished else ''}"
        room = None if columns is None else max(1, columns - len(QUOTED))
        for part in [text] if room is None else folded(cut_end(text, FOLDED_LINES * room), room):
            ink([(QUOTED, "dim"), (part, "")])


def _show_commands(view: ExplainView, columns: int | None) -> None:
    """Print the command that comes next, and what else can be done."""
    from podium_tools.explain import next_of, options_of

    others = {in_commands(call).strip("`"): what for call, what in options_of(view)}
    first = in_commands(next_of(view)).strip("`")
    if first or others:
        ink([])
    show_following(first, others, columns)
