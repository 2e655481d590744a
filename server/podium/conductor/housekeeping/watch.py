"""Looking from time to time for jobs that are stuck (running without output and CPU use for the stuck limit), and for a quiet
moment in which to return the memory of past jobs.
"""

from dataclasses import dataclass

import anyio
import anyio.to_thread

from podium.conductor import clock
from podium.conductor.clock import Moment
from podium.conductor.engines.several import Engines
from podium.conductor.housekeeping.memory import give_back
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.supervisor.supervisor import Supervisor
from podium.home import Home
from podium.log import get_logger

log = get_logger()
_MOST_SECONDS = 60.0
_CPU_STEP_SECONDS = 0.05  # up to this much since the last sign of life is not use


@dataclass
class _Life:
    """The last sign of life of an attempt (monotonic seconds) and its CPU seconds then."""

    seen: float
    cpu_seconds: float = 0.0
    output_bytes: int = 0


class StuckWatch:
    """Looks at every running attempt a few times within the stuck limit."""

    def __init__(self, supervisor: Supervisor, engines: Engines, home: Home, stuck_seconds: float) -> None:
        self._supervisor = supervisor
        self._engines = engines
        self._home = home
        self._stuck_seconds = stuck_seconds
        self._lives: dict[str, _Life] = {}
        self._given_back_at = supervisor.last_event

    async def run(self) -> None:
        """Look until cancelled. If the system refuses something for now, such as a descriptor, the next look tries again."""
        while True:
            await anyio.sleep(min(_MOST_SECONDS, self._stuck_seconds / 4))
            try:
                await self.look(clock.now())
            except OSError as error:
                log.warning("look_failed", error=str(error))

    async def look(self, now: Moment) -> None:
        """Look once at everything that runs, or, if nothing runs, give memory back. Takes a fifth of a second.

        Raises:
            OSError: the system refuses it for now.
        """
        jobs = self._supervisor.jobs.values()
        running = [(job, attempt) for job in jobs for attempt in job.running.values() if not attempt.suspended]
        keys = {attempt.key for _, attempt in running}
        self._lives = {key: life for key, life in self._lives.items() if key in keys}
        if not running:
            if self._given_back_at != self._supervisor.last_event:  # once after each period of activity
                self._given_back_at = self._supervisor.last_event
                await anyio.to_thread.run_sync(give_back)
                log.debug("memory_given_back")
            return
        usage = await self._engines.describe(sorted(keys))
        for job, attempt in running:
            written = await anyio.to_thread.run_sync(self._output_bytes, job, attempt)
            used = usage.get(attempt.key)
            cpu_seconds = used.cpu_seconds or 0.0 if used else 0.0
            life, place = self._lives.get(attempt.key), self._engines.place(attempt.key)
            waits = (
                place is not None and place.state != "running"
            )  # in a queue, suspended or out of sight: it is not stuck
            if (
                life is None
                or waits
                or written != life.output_bytes
                or cpu_seconds - life.cpu_seconds > _CPU_STEP_SECONDS
            ):
                self._lives[attempt.key] = _Life(now.mono, cpu_seconds, written)
        for job in {id(job): job for job, _ in running}.values():
            self._mark(job, now)

    def _output_bytes(self, job: JobRun, attempt: Attempt) -> int:
        folder = self._home.attempt(job.job_id, attempt.serial)
        logs = [folder / "stdout.log", folder / "stderr.log"]
        return sum(log.stat().st_size for log in logs if log.exists())

    def _mark(self, job: JobRun, now: Moment) -> None:
        """Mark the job as stuck if none of its running attempts shows a sign of life."""
        limit = now.mono - self._stuck_seconds
        lives = [self._lives.get(attempt.key) for attempt in job.running.values() if not attempt.suspended]
        quiet = bool(lives) and all(life is not None and life.seen <= limit for life in lives)
        if quiet and not job.stuck:
            seen = max(life.seen for life in lives if life is not None)
            job.quiet_since = now.wall - (now.mono - seen)
            self._supervisor.mark_stuck(job.job_id)
        elif not quiet:
            job.stuck = False
