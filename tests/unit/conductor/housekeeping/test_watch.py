"""Which jobs the conductor takes for stuck, and when it gives memory back."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from podium.conductor.clock import Moment
from podium.conductor.engines.port import End, Place, PlaceState, Usage
from podium.conductor.housekeeping import watch as module
from podium.conductor.housekeeping.watch import StuckWatch
from podium.conductor.rules.event import Event
from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.rules.verdicts import Verdict
from podium.conductor.store.store import open_store
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.supervisor import Supervisor
from podium.home import Home
from tests.support import podium_home
from tests.support.jobs import submit, until
from tests.support.plans import job_of, plan_of
from tests.support.podium_home import Conductor, make_home

STUCK_SECONDS = 600.0
BEGIN, WALL = 5000.0, 1_000_000.0  # monotonic and wall clock at the first look

pytestmark = pytest.mark.anyio


class _Load:
    """An engine whose attempts have used as much CPU time as the test says."""

    def __init__(self) -> None:
        self.cpu_seconds: dict[str, float] = {}
        self.places: dict[str, Place] = {}

    def halted(self, key: str) -> str:
        return ""

    def place(self, key: str) -> Place | None:
        return self.places.get(key)

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        return {key: Usage(1, 1, alive=True, zombie=False, cpu_seconds=self.cpu_seconds.get(key, 0.0)) for key in keys}


class _Launcher:
    """Starts nothing; an attempt runs until the test ends it."""

    def launch(self, job: JobRun, attempt: Attempt) -> None:
        pass

    def cancel(self, attempt: Attempt) -> None:
        pass


class Room:
    """A watch over a real supervisor and store; the test says what time it is."""

    def __init__(self, supervisor: Supervisor, home: Path) -> None:
        self.supervisor = supervisor
        self.load = _Load()
        self.home = Home(home)
        self.events: list[Event] = []
        self.watch = StuckWatch(supervisor, self.load, self.home, STUCK_SECONDS)  # type: ignore[arg-type]

    async def job(self, sheets: int = 1, seq: int = 1) -> JobRun:
        """Return a job of sheets that all run."""
        job = job_of(plan_of([[]] * sheets), seq=seq)
        await self.supervisor.submit(job, [])
        assert len(job.running) == sheets
        return job

    async def look(self, after: float) -> None:
        """Look so many seconds after the first look, and wait until what follows is on the disk."""
        await self.watch.look(Moment(WALL + after, BEGIN + after))
        await self.supervisor.flushed()

    def use_cpu(self, job: JobRun, seconds: float, sheet: int = 1) -> None:
        """Let a sheet have used so much CPU time in all."""
        self.load.cpu_seconds[job.running[sheet].key] = seconds

    def write(self, job: JobRun, text: str, stream: str = "stdout", sheet: int = 1) -> None:
        """Let a sheet write to one of its streams."""
        folder = self.home.attempt(job.job_id, job.running[sheet].serial)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{stream}.log").open("a") as file:
            file.write(text)

    async def end(self, job: JobRun, sheet: int = 1) -> None:
        """Let a sheet succeed."""
        attempt = job.running[sheet]
        verdict = Verdict(End(attempt.key, "exited", 0), passed=True)
        self.supervisor.attempt_ended(job.job_id, attempt.serial, verdict)
        await self.supervisor.flushed()

    @property
    def stuck(self) -> list[Event]:
        """The events that say that a job is stuck."""
        return [event for event in self.events if event.type == "job.stuck"]


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Room]:
    """Yield a room whose supervisor is at work."""
    events: list[Event] = []
    async with open_store(home) as store, anyio.create_task_group() as tasks:
        supervisor = Supervisor(
            store, Loader(store), Scheduler(Limits(16)), _Launcher(), next_event=1, next_job=1,  # type: ignore[arg-type]
            publish=events.extend, remove=lambda job_id: None,
        )  # fmt: skip
        tasks.start_soon(supervisor.run)
        room = Room(supervisor, home)
        room.events = events
        yield room
        tasks.cancel_scope.cancel()


async def test_a_job_without_output_and_cpu_use_is_stuck_after_the_limit_and_not_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        await room.look(0)
        await room.look(STUCK_SECONDS - 1)
        assert (job.stuck, room.stuck) == (False, [])
        await room.look(STUCK_SECONDS)
        assert (job.stuck, job.status, job.quiet_since) == (True, "running", WALL)
        assert [event.data for event in room.stuck] == [{"running": ["s1"]}]
        await room.look(STUCK_SECONDS + 150)
        assert len(room.stuck) == 1


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_output_on_either_stream_is_a_sign_of_life(tmp_path: Path, stream: str) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        await room.look(0)
        await room.look(STUCK_SECONDS)
        assert job.stuck
        room.write(job, "line\n", stream)
        await room.look(STUCK_SECONDS + 150)
        assert not job.stuck
        await room.look(2 * STUCK_SECONDS + 149)
        assert not job.stuck
        await room.look(2 * STUCK_SECONDS + 150)
        assert (job.stuck, job.quiet_since, len(room.stuck)) == (True, WALL + STUCK_SECONDS + 150, 2)


async def test_cpu_use_is_a_sign_of_life_and_less_than_a_twentieth_of_a_second_is_not(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        room.use_cpu(job, 10.0)
        await room.look(0)
        room.use_cpu(job, 10.04)
        await room.look(STUCK_SECONDS)
        assert job.stuck
        room.use_cpu(job, 10.06)
        await room.look(STUCK_SECONDS + 150)
        assert not job.stuck


async def test_a_job_is_not_stuck_while_one_of_its_sheets_shows_life(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job, other = await room.job(sheets=2), await room.job(seq=2)
        await room.look(0)
        room.write(job, "line\n", sheet=2)
        await room.look(STUCK_SECONDS)
        assert (job.stuck, other.stuck) == (False, True)
        await room.look(2 * STUCK_SECONDS)
        assert [event.data for event in room.stuck if event.job_id == job.job_id] == [{"running": ["s1", "s2"]}]
        assert job.quiet_since == WALL + STUCK_SECONDS


async def test_a_sheet_that_has_just_started_has_the_whole_limit_before_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        first = await room.job()
        await room.look(0)
        second = await room.job(seq=2)
        await room.look(STUCK_SECONDS)
        await room.look(2 * STUCK_SECONDS - 1)
        assert (first.stuck, second.stuck) == (True, False)
        await room.look(2 * STUCK_SECONDS)
        assert second.stuck


@pytest.mark.parametrize("state", ["queued", "suspended", "unknown"])
async def test_a_sheet_in_a_queue_suspended_or_out_of_sight_is_not_stuck_until_it_has_run_for_the_limit(
    tmp_path: Path, state: PlaceState
) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        key = job.running[1].key
        room.load.places[key] = Place(state)
        await room.look(0)
        await room.look(2 * STUCK_SECONDS)
        assert not job.stuck
        room.load.places[key] = Place("running", node="f1")
        await room.look(3 * STUCK_SECONDS - 1)
        assert not job.stuck
        await room.look(3 * STUCK_SECONDS)
        assert (job.stuck, job.quiet_since) == (True, WALL + 2 * STUCK_SECONDS)


async def test_a_suspended_sheet_is_not_stuck_and_has_the_whole_limit_before_it_when_it_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        await room.look(0)
        job.running[1].suspended = True
        await room.look(3 * STUCK_SECONDS)
        assert not job.stuck
        job.running[1].suspended = False
        await room.look(3 * STUCK_SECONDS + 1)
        await room.look(4 * STUCK_SECONDS)
        assert not job.stuck
        await room.look(4 * STUCK_SECONDS + 1)
        assert job.stuck


async def test_memory_is_given_back_once_after_what_ran_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[bool] = []
    monkeypatch.setattr(module, "give_back", lambda: given_back.append(True))
    async with opened(tmp_path) as room:
        await room.look(0)
        assert len(given_back) == 0  # nothing has happened yet
        job = await room.job()
        await room.look(10)
        assert len(given_back) == 0  # something runs
        await room.end(job)
        await room.look(20)
        await room.look(30)
        assert len(given_back) == 1
        await room.end(await room.job(seq=2))
        await room.look(40)
        await room.look(50)
        assert len(given_back) == 2


def test_a_conductor_looks_by_itself_and_gives_memory_back(short_tmp: Path) -> None:
    conductor = Conductor(make_home(short_tmp, stuck_seconds=1, log_level="debug")).start()

    def given_back_after_the_end() -> bool:
        return "memory_given_back" in conductor.log.read_text().rpartition("attempt_ended")[2]

    try:
        until(conductor, submit(conductor, "name: short\nsheets: [{run: 'true'}]\n"), "completed")
        podium_home.until(given_back_after_the_end)
    finally:
        conductor.end()
