"""A job in full, as `show` prints it: what it is, and its sheets, of which many that finished alike fold into one line."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from podium.cli.terminal.door import Piece, in_line, ink
from podium.cli.terminal.following import show_following
from podium.cli.terminal.saying import in_commands
from podium.cli.terminal.states import job_state, marked, name_beside_id, next_command, sheet_state
from podium.cli.terminal.tables import Column, Row, facts, table
from podium.cli.terminal.when import at, clock, in_times, took
from podium.client.job_control import JobControlService
from podium.contract.models import JobDetail, JobView, SheetView
from podium.contract.states import SUSPENDED
from podium.texts.widths import wrapped

PAGE = 500  # sheets in one answer of a conductor
UNFOLDED = 20  # sheets that a job may have with every one shown
_FOLDED_AT_LEAST = 3  # neighbours of one state that become a line
_FOLDING = {"completed", "skipped", "pending", "cancelled"}
COLUMNS = (
    Column("SHEET", least=16),
    Column("STATE"),
    Column("TIME", right=True),
    Column("TRIES", right=True),
    Column("WHAT"),
)


async def all_sheets(control: JobControlService, job_id: str) -> JobDetail:
    """Return a job with all of its sheets, however many pages the conductor needs for them."""
    first = page = await control.detail(job_id, sheets=True, limit=PAGE)
    sheets = list(first.sheets)
    while page.sheets_cursor:
        page = await control.detail(job_id, sheets=True, sheets_cursor=page.sheets_cursor, limit=PAGE)
        sheets += page.sheets
    return first.model_copy(update={"sheets": sheets, "sheets_cursor": ""})


def show_detail(found: JobDetail, columns: int | None, *, every: bool) -> None:
    """Print a job and its sheets for a terminal of so many columns; `every` sheet on a line of its own."""
    job = found.job
    show_head(job, columns)
    if found.description:
        show_text(found.description, columns, style="dim")
    for pieces in facts(_facts(job), columns):
        ink(pieces)
    for warning in job.warnings:
        show_text(f"note: {in_commands(warning, job.job_id)}", columns, style="yellow")
    if found.sheets:
        ink([])
    for pieces in table(COLUMNS, sheet_rows(found, every=every), columns, indent=2) if found.sheets else ():
        ink(pieces)
    if command := next_command(job):
        ink([])
        show_following(command, {}, columns)


def show_title(job: JobView) -> None:
    """Print a job's id and state."""
    ink([(job.job_id, "bold"), ("  ", ""), marked(job_state(job))])


def show_head(job: JobView, columns: int | None) -> None:
    """Print a job's id and state, its name where that says more, its progress, and its reason."""
    show_title(job)
    show_text(name_beside_id(job), columns, style="bold")
    if job.counts:
        show_text(job.counts, columns)
    if job.reason:
        show_text(in_commands(in_times(job.reason), job.job_id), columns)
    if job.in_queue:
        show_text(f"of its running sheets, {in_times(job.in_queue)}", columns)


def show_text(text: str, columns: int | None, *, style: str = "", indent: int = 2) -> None:
    """Print a text in lines that fit, below a heading."""
    for each in wrapped(in_line(text), columns, indent=indent):
        ink([(each, style)])


def _facts(job: JobView) -> list[tuple[str, str]]:
    ended = at(job.finished_at) + (f", after {took(job.elapsed_seconds)}" if job.started_at else "")
    running = f", running for {took(job.elapsed_seconds)}" if job.status == "running" and job.started_at else ""
    return [
        ("workspace", job.workspace),
        ("score", job.config_path or ""),
        ("submitted", at(job.submitted_at)),
        ("started", at(job.started_at) + running),
        ("ended", ended if job.finished_at else ""),
    ]


def sheet_rows(found: JobDetail, *, every: bool) -> list[Row]:
    """Return the rows of a job's sheets: with many of them, neighbours that ended alike or have not begun are one row."""
    if every or len(found.sheets) <= UNFOLDED:
        return [_row(sheet, found.job) for sheet in found.sheets]
    rows: list[Row] = []
    for kind, group in groupby(found.sheets, lambda sheet: _folds(sheet, found.job)):
        sheets = list(group)
        fold = kind and len(sheets) >= _FOLDED_AT_LEAST
        rows += [_folded(kind, sheets)] if fold else [_row(sheet, found.job) for sheet in sheets]
    return rows


def _folds(sheet: SheetView, job: JobView) -> str:
    """Return the state in which a sheet folds with its neighbours; "" for one that is always shown."""
    state = sheet_state(sheet, job.holding)
    says_more = sheet.survivors or (state == "pending" and sheet.reason) or (state == "cancelled" and sheet.attempts)
    return state if state in _FOLDING and not says_more else ""


def _folded(state: str, sheets: Sequence[SheetView]) -> Piece:
    times = sorted(each.duration_seconds for each in sheets if each.duration_seconds is not None)
    least, most = (took(times[0]), took(times[-1])) if times else ("", "")
    span = f", {least}" if least == most else f", {least} to {most}"
    return f"… {len(sheets)} {state}{span if times and state == 'completed' else ''}", "dim"


def _row(sheet: SheetView, job: JobView) -> list[Piece]:
    return [
        (label_of(sheet), ""),
        marked(sheet_state(sheet, job.holding)),
        (took(sheet.duration_seconds), ""),
        (str(sheet.tries) if sheet.tries > 1 else "", ""),
        ("; ".join(_told(sheet, job.job_id)), ""),
    ]


def label_of(sheet: SheetView) -> str:
    """Return the name that a sheet goes by."""
    return sheet.name or f"sheet {sheet.sheet}"


def _told(sheet: SheetView, job_id: str) -> Iterator[str]:
    """Yield what is unusual about a sheet."""
    if sheet.reason:
        yield in_commands(in_times(sheet.reason), job_id)
    place = sheet.place.removeprefix("suspended ") if sheet.reason == SUSPENDED else sheet.place
    if place and place not in sheet.reason:
        yield in_times(place)
    if sheet.status == "waiting" and sheet.waiting_until:
        yield f"until {clock(sheet.waiting_until)}"
    if sheet.healing:
        yield f"remedy: {sheet.healing}"
    for survivor in sheet.survivors:
        yield survivor.text
