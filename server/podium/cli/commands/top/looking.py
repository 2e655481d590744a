"""What `podium top` asks the conductor, bounded: one look at the jobs a second if something has happened, else every few seconds.

Each look also asks for the load of the first running jobs that are shown, and for the last line of the chosen one.
"""

import io
from collections.abc import Callable
from contextlib import redirect_stdout

import anyio

from podium.cli.commands.explain import show_explained
from podium.cli.commands.top.draw import rows_of
from podium.cli.commands.top.keys import Todo
from podium.cli.commands.top.state import State
from podium.cli.jobs.bridge import RETRY_SECONDS
from podium.cli.terminal.door import in_line
from podium.cli.terminal.saying import in_commands
from podium.client.job_control import JobControlService
from podium.contract.methods import LogParams, ResumeParams
from podium.contract.models import LogView
from podium.errors import ConductorError, PodiumError, UnsupportedByConductor
from podium.texts.widths import folded

JOBS = 300  # at most that are listed; running ones always are
QUIET_SECONDS = 5.0  # between two looks while nothing happens
LOAD_SECONDS, LOADS = 2.0, 8  # between two measurements, each of which takes the conductor 0.1 s; and of how many jobs
LINES = 400  # of a page of output


async def look(control: JobControlService, state: State) -> None:
    """Look at the conductor and its jobs. PodiumError if it does not answer."""
    page = await control.list_page(status=None, name="", limit=JOBS, cursor="")
    jobs = {job.job_id: job for job in page.jobs}
    if page.total > len(page.jobs):
        try:
            active = await control.list_page(status="active", name="", limit=JOBS, cursor="")
            jobs.update((job.job_id, job) for job in active.jobs)
        except UnsupportedByConductor:
            pass  # an older one: its newest jobs are what there is
    state.conductor = await control.conductor()
    state.take(list(jobs.values()), page.total)
    state.away = ""


async def measure(control: JobControlService, state: State, rows: int | None) -> None:
    """Measure the load of the first running jobs that are shown; all are with `rows` None."""
    shown = state.jobs if rows is None else state.shown(rows)
    running = [job.job_id for job in shown if job.status == "running" and job.running][:LOADS]
    loads = {}
    for job_id in running:
        try:
            loads[job_id] = await control.process_health(job_id)
        except ConductorError:
            raise
        except PodiumError:
            pass  # it has ended meanwhile
    state.loads = loads


async def last_line(control: JobControlService, state: State) -> None:
    """Read the last line that the chosen job wrote."""
    if (job := state.job) is None or not (job.running or job.started_at):
        state.last = ("", "")
        return
    try:
        view = await control.log(LogParams(job.job_id, max_lines=1))
        if not view.total_bytes:
            view = await control.log(LogParams(job.job_id, sheet=view.sheet, stream="stderr", max_lines=1))
    except ConductorError:
        raise
    except PodiumError:
        return
    label = view.sheet_name or f"sheet {view.sheet}"
    state.last = (label, view.lines[-1].text) if view.lines else ("", "")


class Watch:
    """Keeps a state up to date. `draw` is called whenever it has changed."""

    def __init__(
        self, control: JobControlService, state: State, draw: Callable[[], None], size: Callable[[], tuple[int, int]]
    ) -> None:
        self._control, self._state, self._draw, self._size = control, state, draw, size
        self._news = anyio.Event()
        self._moved = anyio.Event()

    def moved(self) -> None:
        """Have the chosen job looked at: it is another one."""
        self._moved.set()

    async def listen(self) -> None:
        """Note that something has happened; that there is no answer is met where jobs are looked at."""
        after = ""
        while True:
            try:
                _, after = await self._control.changes(None, after=after)
                if not after:
                    await anyio.sleep(QUIET_SECONDS)
            except PodiumError:
                await anyio.sleep(RETRY_SECONDS)
            self._news.set()

    async def run(self) -> None:
        """Look again and again."""
        looked = measured = 0.0
        while True:
            self._moved = anyio.Event()
            now = anyio.current_time()
            try:
                if self._news.is_set() or now - looked > QUIET_SECONDS or self._state.away:
                    self._news = anyio.Event()
                    await look(self._control, self._state)
                    looked = now
                if now - measured > LOAD_SECONDS:
                    await measure(self._control, self._state, rows_of(self._size()[1]))
                    measured = now
                if self._state.page == "jobs":
                    await last_line(self._control, self._state)
            except PodiumError as error:
                self._state.away = in_commands(f"The conductor is away; what runs goes on. {error.message}")
            self._draw()
            with anyio.move_on_after(1.0):
                await self._moved.wait()

    async def do(self, todo: Todo) -> None:
        """Do what a key wants, and say what came of it."""
        state = self._state
        try:
            if todo.what in {"pause", "resume", "cancel"}:
                state.note = f"{todo.what} {todo.job_id} ..."
                self._draw()
                state.note = in_commands(await self._act(todo))
                self._news.set()
            else:
                lines = await (self._output(todo.job_id) if todo.what == "logs" else self._why(todo.job_id))
                state.page, state.text = ("logs" if todo.what == "logs" else "explain"), lines
                state.at = max(0, len(lines) - rows_of(self._size()[1])) if todo.what == "logs" else 0
        except PodiumError as error:
            state.note = in_commands(f"{error.message} {error.fix}")
        self._draw()
        self._moved.set()

    async def _act(self, todo: Todo) -> str:
        if todo.what == "resume":
            return (await self._control.resume(ResumeParams(todo.job_id))).message
        act = self._control.pause if todo.what == "pause" else self._control.cancel
        return (await act(todo.job_id)).message

    async def _output(self, job_id: str) -> list[str]:
        """Return the end of what the sheet wrote that tells most of a job: it failed, runs longest, or ran last."""
        out = await self._control.log(LogParams(job_id, max_lines=LINES))
        if not out.attempt:
            return ["No sheet has run yet, so there is no output."]
        err = await self._control.log(LogParams(job_id, sheet=out.sheet, stream="stderr", max_lines=LINES))
        columns = self._size()[0]
        return [*_part(out, columns), *([""] if out.lines and err.lines else []), *_part(err, columns)] or [
            f"{out.sheet_name or f'sheet {out.sheet}'} has not written anything."
        ]

    async def _why(self, job_id: str) -> list[str]:
        """Return what `podium explain` prints."""
        view, shown = await self._control.explain(job_id), io.StringIO()
        with redirect_stdout(shown):
            show_explained(view, self._size()[0])
        return shown.getvalue().splitlines()


def _part(view: LogView, columns: int) -> list[str]:
    """Return the lines of a part of the output, folded to fit: nothing scrolls sideways."""
    if not view.lines:
        return []
    label = view.sheet_name or f"sheet {view.sheet}"
    lines = [in_line(each.text).expandtabs() for each in view.lines]
    return [
        f"{label}, attempt {view.attempt}, {view.stream}:",
        *(part for each in lines for part in [*folded(each, columns)] or [""]),
    ]
