"""Following a job to its end: its sheets line by line, how it ended, and why. It outlasts a restart of the conductor."""

import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import anyio

from podium.cli.jobs.bridge import Answer, Bridge, LostSight
from podium.cli.jobs.progress import JobProgress
from podium.cli.shared.exits import Code
from podium.cli.terminal.door import in_line, ink
from podium.cli.terminal.live import stream_of
from podium.cli.terminal.saying import in_commands
from podium.cli.terminal.states import next_command
from podium.cli.terminal.when import in_times, took
from podium.client.job_control import JobControlService
from podium.contract.models import ExplainView, JobView, SheetView
from podium.contract.waits import WaitView
from podium.errors import PodiumError
from podium_tools.results import progress_of

__all__ = ["ENDS", "Follower", "LostSight", "last_output", "verdict"]

ENDS = {"completed": Code.DONE, "failed": Code.FAILED, "cancelled": Code.CANCELLED, "paused": Code.PAUSED}
WAIT_SECONDS = 30.0
SHEETS_PAGE = 500
STUCK_POLL_SECONDS = 5.0
OUTPUT_LINES = 10  # of what a failed sheet wrote last
PLACES = 3  # of sheets that run on a cluster, in one line
_MOVING = re.compile(r"\d+")  # what changes in a reason while it stays the same


class Follower:
    """Follows one job. `job` is its last known state; with `quiet` everything is said on stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self.job: JobView | None = None
        self._bridge = Bridge(lambda text: self.say(text, style="yellow"))
        self._view: JobProgress | None = None  # while the progress is shown
        self._holding: list[str] = []  # that were told
        self._queued = ""  # why nothing runs that was started, as it was told

    def say(self, text: str, *, style: str = "") -> None:
        """Print a text where this follower prints, above the progress while that is shown."""
        if self._view is None:
            ink([(text, style)], stderr=self._quiet)
            stream_of(stderr=self._quiet).flush()  # a pipe is read while the job runs
        else:
            self._view.say(text, style=style)

    async def follow(self, control: JobControlService, job: JobView) -> JobView:
        """Show the job's progress until it has ended or is paused, then its result; return its last state.

        Raises:
            LostSight: the conductor has gone and is not back in time, or the job was deleted.
        """
        known = job.warnings
        try:
            async with JobProgress(stream_of(stderr=self._quiet), job.job_name) as self._view:
                job = await self._to_the_end(control, job, self._view)
        finally:
            self._view = None
        for warning in (each for each in job.warnings if each not in known):
            self.say(f"  note: {in_line(warning)}", style="yellow")
        self.say(verdict(job), style="bold")
        if job.status == "failed":
            with suppress(PodiumError):  # the result is known; not every conductor can explain it
                for text in last_output(await control.explain(job.job_id)):
                    self.say(text, style="dim")
        if hint := next_command(job):
            self.say(f"next: {hint}", style="bold")
        return job

    async def _to_the_end(self, control: JobControlService, job: JobView, view: JobProgress) -> JobView:
        job_id, after = job.job_id, job.cursor

        async def show(_elapsed: float = 0, _jobs: object = None) -> None:
            await self._show(control, job_id, view)

        async def look() -> WaitView:
            seen = await control.wait([job_id], until="any", timeout_seconds=WAIT_SECONDS, after=after, progress=show)
            await show()
            return seen

        self._tell_holds(job)  # that happened before this cursor
        while True:
            seen = await self.bridged(look)
            after, self.job = seen.after, seen.jobs[0]
            if self.job.status in ENDS:
                return self.job
            self._tell_holds(self.job)
            if self.job.stuck:  # a settled job answers at once; do not ask in a hot loop
                await anyio.sleep(STUCK_POLL_SECONDS)

    async def bridged(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask over a restart of the conductor, as `Bridge.ask`."""
        return await self._bridge.ask(ask)

    def _tell_holds(self, job: JobView) -> None:
        """Say once of each sheet that it waits for an approval while others go on."""
        if set(job.holding) - set(self._holding):
            self.say(f"  {in_line(job.reason)}", style="yellow")
            self.say(f"  next: podium resume {job.job_id}", style="bold")
        self._holding = job.holding

    async def _show(self, control: JobControlService, job_id: str, view: JobProgress) -> None:
        detail = await control.detail(job_id, sheets=True, limit=SHEETS_PAGE)
        self._bridge.answered()
        self.job = job = detail.job
        works = bool(job.running) and (bool(job.holding) or not job.reason)  # else it waits in a cluster's queue, say
        if not view.has_bar:  # which shows that all the time
            self._tell_queue(job, works, detail.sheets)
        doing = f"running {', '.join(job.running)}" if works else job.reason
        total = job.sheets_total - job.sheets_before_start
        view.job(completed=job.sheets_completed, total=total, doing=doing, elapsed=job.elapsed_seconds)
        view.sheets(sheet.model_dump() for sheet in detail.sheets)
        while cursor := detail.sheets_cursor:
            detail = await control.detail(job_id, sheets=True, sheets_cursor=cursor, limit=SHEETS_PAGE)
            view.sheets(sheet.model_dump() for sheet in detail.sheets)

    def _tell_queue(self, job: JobView, works: bool, sheets: Sequence[SheetView]) -> None:
        """Say on stderr, once each, why what was started is not, or not simply, at work, and then where it runs.

        That is why it waits in a queue or cannot be seen, or that it is to pause: whatever its reason says.
        """
        if job.running and not works:
            if job.reason.endswith("'s queue"):  # the cluster has not said why yet
                return
            reason = job.reason.partition(";")[0]  # without when it is expected to start, which changes
            if _MOVING.sub("", reason) != _MOVING.sub("", self._queued):
                ink([(f"  {in_line(in_commands(in_times(job.reason), job.job_id))}", "yellow")], stderr=True)
            self._queued = reason
        elif self._queued and works:
            self._queued = ""
            run = [
                each for each in sheets if each.status == "running" and each.place and each.duration_seconds is not None
            ]
            told = [f"{each.name or f'sheet {each.sheet}'} {each.place}" for each in run]
            more = f" and {len(told) - PLACES} more" if len(told) > PLACES else ""
            if told:
                ink([(in_line(f"  running {'; '.join(told[:PLACES])}{more}"), "")], stderr=True)


def verdict(job: JobView) -> str:
    """Say in a line how a job ended."""
    told = in_line(progress_of(job))
    if job.status == "completed":
        lasted = took(job.elapsed_seconds)
        told = told.replace(" completed", f" in {lasted}" if lasted else "", 1)
    text = f"{job.job_id} {job.status}{f': {told}' if told else ''}"
    return f"{text} ({in_line(job.reason)})" if job.reason else text


def last_output(explained: ExplainView) -> list[str]:
    """Return the last lines that the sheet wrote of which a job failed, below a line that says what they are."""
    output = explained.output
    if output is None or not output.lines:
        return []
    sheet = in_line(output.sheet_name) or f"sheet {output.sheet}"
    shown = output.lines[-OUTPUT_LINES:]
    return [f"  the end of what {sheet} wrote to {output.stream}:", *(f"   | {in_line(each.text)}" for each in shown)]
