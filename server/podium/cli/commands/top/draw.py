"""The screen of `podium top` as lines, drawn from its state alone: the same state is always the same screen.

Ids are never cut. On a narrow terminal first goes the end of what a job does, then time, memory, processor.
"""

from collections.abc import Sequence

from podium.cli.commands.top.state import State
from podium.cli.terminal.door import Piece, in_line
from podium.cli.terminal.live import Line
from podium.cli.terminal.states import NO_JOBS, job_state, marked, sheets_done, what
from podium.cli.terminal.tables import Column, table
from podium.cli.terminal.when import took
from podium.contract.models import JobView
from podium.contract.results import ProcessHealth
from podium.texts.widths import cut_end, padded, width
from podium.times import span

COLUMNS = (
    Column("JOB"),
    Column("STATE"),
    Column("SHEETS", right=True),
    Column("TIME", drop=3, right=True),
    Column("CPU", drop=1, right=True),
    Column("MEMORY", drop=2, right=True),
    Column("WHAT", least=12),
)
AROUND = 5  # rows beside the jobs: two above them, headings, and two below
KEYS = "p pause  r resume  c cancel  l logs  e explain  ? help  q quit"
BACK = "q back  up/down, Page Up/Down, Home, End scroll"


def rows_of(height: int) -> int:
    """Return how many jobs, or lines of a page, a screen of a height has room for."""
    return max(1, height - AROUND)


def draw(state: State, columns: int, height: int) -> list[Line]:
    """Return the lines of a screen, at most `height` of at most `columns`."""
    rows = rows_of(height)
    body = _jobs(state, columns, rows) if state.page == "jobs" else _page(state, rows)
    body += [[("", "")]] * (rows + 1 - len(body))
    return [_heading(state), _second(state), *body, _below(state), _keys(state, columns, rows)][:height]


def listed(state: State, columns: int | None) -> list[Line]:
    """Return a table of all jobs, for where nothing is drawn over."""
    rows = [_row(job, state.loads.get(job.job_id)) for job in state.jobs]
    return [_heading(state), *(table(COLUMNS, rows, columns) if rows else [[(NO_JOBS, "")]])]


def _heading(state: State) -> Line:
    counts = [(word, sum(job.status == word for job in state.jobs)) for word in ("running", "queued", "paused")]
    jobs = ", ".join(f"{count} {word}" for word, count in counts if count)
    busy = (
        state.conductor if state.conductor and state.conductor.max_sheets else None
    )  # a Marianne conductor does not say
    of = f"{busy.running_sheets} of {busy.max_sheets} sheets running{busy.beside}" if busy else ""
    told = "; ".join(each for each in (f"{state.total} jobs: {jobs}" if jobs else f"{state.total} jobs", of) if each)
    return [("podium top", "bold"), (f"  {told}", "")]


def _second(state: State) -> Line:
    if state.away:
        return [(f"! {state.away}", "bold red")]
    if state.conductor and state.conductor.store_trouble:
        return [(f"! It cannot store anything: {state.conductor.store_trouble}", "bold red")]
    if state.page == "jobs":
        return [("", "")]
    job = state.job
    return [(f"{state.page} {job.job_id if job and state.page != 'help' else ''}".strip(), "bold cyan")]


def _jobs(state: State, columns: int, rows: int) -> list[Line]:
    state.scroll(rows)
    shown = state.shown(rows)
    if not shown:
        return [[(NO_JOBS, "")]]
    lines = list(table(COLUMNS, [_row(job, state.loads.get(job.job_id)) for job in shown], columns - 2))
    made: list[Line] = [[("  ", ""), *lines[0]]]
    for job, line in zip(shown, lines[1:], strict=True):
        made.append(_chosen(line, columns) if job.job_id == state.chosen else [("  ", ""), *line])
    return made


def _chosen(line: Sequence[Piece], columns: int) -> Line:
    return [(padded("> " + "".join(text for text, _ in line), columns), "reverse")]


def _row(job: JobView, load: ProcessHealth | None) -> Sequence[Piece]:
    is_known = load is not None and job.status == "running"
    cpu = f"{load.cpu_percent:.0f} %" if is_known and load and load.cpu_percent is not None else ""
    memory = _size(load.memory_mb) if is_known and load and load.memory_mb is not None else ""
    elapsed = job.elapsed_seconds
    goes_on = elapsed is not None and job.finished_at is None
    return [
        (job.job_id, ""),
        marked(job_state(job)),
        (sheets_done(job), ""),
        (span(elapsed, whole=True) if goes_on and elapsed is not None else took(elapsed), ""),
        (cpu, ""),
        (memory, ""),
        (what(job), "dim"),
    ]


def _size(mebibytes: float) -> str:
    return f"{mebibytes / 1024:.1f} GiB" if mebibytes >= 1024 else f"{mebibytes:.0f} MiB"


def _page(state: State, rows: int) -> list[Line]:
    shown = state.text[state.at : state.at + rows]
    return [[(in_line(text), "")] for text in shown]


def _below(state: State) -> Line:
    if state.question:
        return [(f"Cancel {state.question} and end its processes? y/n", "bold yellow")]
    if state.note:
        return [(state.note, "bold")]
    sheet, text = state.last
    return [(f"{sheet}: ", "cyan"), (text, "")] if sheet and state.page == "jobs" else [("", "")]


def _keys(state: State, columns: int, rows: int) -> Line:
    if state.page != "jobs":
        count = len(state.text)
        place = f"  lines {min(state.at + 1, count)} to {min(state.at + rows, count)} of {count}"
        return [(cut_end(BACK, max(1, columns - width(place))) + place, "dim")]
    place = f"  {state.row + 1} of {len(state.jobs)}" if state.jobs else ""
    return [(cut_end(KEYS, max(1, columns - width(place))) + place, "dim")]
