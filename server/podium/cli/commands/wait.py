"""`podium wait JOB...`: wait until jobs have ended or are paused, or for a line of their output; the exit code says how."""

import math
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import anyio
import typer

from podium.cli.calling.options import AsJson, Home, Jobs, Socket, settings_for
from podium.cli.jobs.bridge import Bridge, LostSight
from podium.cli.jobs.finding import find
from podium.cli.jobs.follow import ENDS, STUCK_POLL_SECONDS, WAIT_SECONDS, verdict
from podium.cli.shared.exits import Code
from podium.cli.shared.session import wait_for
from podium.cli.signals import interrupted
from podium.cli.terminal.details import show_text
from podium.cli.terminal.door import Piece, in_line, ink, line, print_error, print_json
from podium.cli.terminal.durations import METAVAR, seconds
from podium.cli.terminal.live import Live
from podium.cli.terminal.states import job_state, sheets_done, what
from podium.cli.terminal.stream import columns_of
from podium.cli.terminal.when import took
from podium.client.job_control import JobControlService, job_control
from podium.contract.models import JobView
from podium.contract.waits import WaitView
from podium.texts.widths import cut_end

TICK_SECONDS = 1.0
WORST_FIRST = (Code.FAILED, Code.CANCELLED, Code.PAUSED, Code.DONE)


@dataclass(frozen=True)
class Asked:
    """What is waited for, and for how many seconds at most."""

    until: Literal["any", "all"] = "all"
    seconds: float = math.inf
    pattern: str = ""


def command(
    jobs: Jobs,
    every: Annotated[bool, typer.Option("--all/--any", help="until all of them have ended, or the first one")] = True,
    timeout: Annotated[
        str, typer.Option("--timeout", "-t", metavar=METAVAR, help="at most so long, such as 90s, 10m or 2h")
    ] = "",
    pattern: Annotated[
        str, typer.Option("--pattern", "-p", metavar="REGEX", help="also until a line of their output matches")
    ] = "",
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Wait until jobs have ended or are paused; exit codes: 0 completed, 1 failed, 3 cancelled, 4 paused, 7 time over.

    With several jobs it is the worst one's. With --pattern it is 0 if a line matched, and 1 if the jobs completed without one.
    """
    settings = settings_for(home, socket)
    live = Live(sys.stderr)
    asked = Asked("all" if every else "any", seconds("--timeout", timeout) if timeout else math.inf, pattern)

    async def work() -> WaitView:
        async with job_control(settings) as control:
            ids = [(await find(control, word)).job_id for word in jobs]
            return await Waiter(control, list(dict.fromkeys(ids)), asked, live).wait()

    try:
        view = wait_for(work)
    except LostSight as lost:
        if as_json:
            print_error(lost.error)
        line(f"podium: {lost.message}.", stderr=True)
        raise typer.Exit(Code.LOST_SIGHT) from None
    except BaseException:
        if (code := interrupted()) is None:
            raise
        live.close()
        line("Stopped waiting; that does not touch the jobs.", stderr=True)
        raise typer.Exit(code) from None
    finally:
        live.close()
    if as_json:
        print_json(view.model_dump())
    else:
        show_waited(view, columns_of(sys.stdout))
    raise typer.Exit(code_of_wait(view, asked))


class Waiter:
    """One wait for jobs, which outlasts a restart of the conductor; on a terminal a line shows how they are."""

    def __init__(self, control: JobControlService, ids: Sequence[str], asked: Asked, live: Live) -> None:
        self._control = control
        self._ids = ids
        self._asked = asked
        self._live = live
        self._bridge = Bridge(self._say)
        self._began = time.monotonic()
        self._jobs: Sequence[JobView] = ()
        self._stuck: set[str] = set()  # jobs that it was said of

    async def wait(self) -> WaitView:
        """Return the last look at the jobs; `woke_for` is "timeout" if the time is over.

        Raises:
            LostSight: the conductor has gone and is not back in time, or a job was deleted.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._tick)
            tasks.start_soon(self._live.mind_suspension)
            view = await self._to_the_end()
            tasks.cancel_scope.cancel()
        return view

    async def _to_the_end(self) -> WaitView:
        seen = await self._look(
            "", 0.0
        )()  # what is wrong with the question is said at once, and no restart is waited for
        while True:
            self._jobs = seen.jobs
            view = seen.model_copy(update={"waited_seconds": round(time.monotonic() - self._began, 3)})
            if seen.match or is_over(seen.jobs, self._asked.until):
                return view
            left = self._left()
            if left <= 0:
                return view.model_copy(update={"woke_for": "timeout"})
            if seen.woke_for == "settled":  # stuck, which is no end: a wait for it answers at once
                self._tell_stuck(seen.jobs)
                await anyio.sleep(min(left, STUCK_POLL_SECONDS))
            seen = await self._bridge.ask(self._look(seen.after, min(self._left(), WAIT_SECONDS)))

    def _tell_stuck(self, jobs: Sequence[JobView]) -> None:
        """Say once of each job that it may wait for ever."""
        for job in jobs:
            if job.stuck and job.job_id not in self._stuck:
                self._stuck.add(job.job_id)
                self._say(f"{job.job_id} is stuck; `podium explain {job.job_id}` says why, and what can be done.")

    def _left(self) -> float:
        """Return the seconds that are left."""
        return self._asked.seconds - (time.monotonic() - self._began)

    def _look(self, after: str, limit: float) -> Callable[[], Awaitable[WaitView]]:
        async def look() -> WaitView:
            asked = self._asked
            return await self._control.wait(
                self._ids,
                until=asked.until,
                timeout_seconds=max(0.0, limit),
                after=after,
                pattern=asked.pattern,
                progress=self._note,
            )

        return look

    def _say(self, text: str) -> None:
        self._live.above([[(text, "yellow")]], self._bottom())

    async def _note(self, _elapsed: float, jobs: Sequence[JobView]) -> None:
        self._jobs = jobs

    async def _tick(self) -> None:
        """Show every second how the jobs are."""
        while True:
            self._live.show(self._bottom())
            await anyio.sleep(TICK_SECONDS)

    def _bottom(self) -> list[list[Piece]]:
        return [[(waiting_line(self._jobs, time.monotonic() - self._began, self._live.width), "")]]


def is_over(jobs: Sequence[JobView], until: Literal["any", "all"]) -> bool:
    """Return whether the jobs have ended or are paused, all or any of them."""
    return (all if until == "all" else any)(job.status in ENDS for job in jobs)


def waiting_line(jobs: Sequence[JobView], elapsed: float, columns: int) -> str:
    """Return in a line for how long is waited, and how those jobs are that go on; the time never falls off its end."""
    lead = f"waiting for {took(float(int(elapsed)))}"
    open_jobs = [job for job in jobs if job.status not in ENDS]
    done = f"{len(jobs) - len(open_jobs)} of {len(jobs)} jobs done; " if len(jobs) > 1 else ""
    told = [f"{job.job_id} {sheets_done(job)}, {what(job) or job_state(job)}" for job in open_jobs]
    return cut_end(in_line(f"{lead}: {done}{'; '.join(told)}") if jobs else lead, columns)


def code_of_wait(view: WaitView, asked: Asked) -> Code:
    """Return the exit code for how a wait ended: of the worst job that has ended; with a pattern 0 only if it matched."""
    if view.match:
        return Code.DONE
    if not is_over(view.jobs, asked.until):
        return Code.TIME_OVER
    ended = {ENDS[job.status] for job in view.jobs if job.status in ENDS}
    worst = next(code for code in WORST_FIRST if code in ended)
    return Code.FAILED if asked.pattern and worst is Code.DONE else worst


def show_waited(view: WaitView, columns: int | None) -> None:
    """Print what the wait was for: the line that matched, or how the jobs are."""
    if view.match:
        sheet = view.match.sheet_name or f"sheet {view.match.sheet}"
        ink([(f"{view.match.job_id} {sheet}: ", "dim"), (in_line(view.match.line.text), "")])
        return
    for job in view.jobs:
        show_text(verdict(job) if job.status in ENDS else _goes_on(job), columns, indent=0)
    if view.woke_for == "timeout":
        ink([(f"The time is over; the {'job goes' if len(view.jobs) == 1 else 'jobs go'} on.", "yellow")])


def _goes_on(job: JobView) -> str:
    return f"{job.job_id} {job_state(job)}: {', '.join(filter(None, [job.counts, what(job)]))}"
