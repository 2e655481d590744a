"""What callers see of sheets that were started and wait in the queue of a cluster, run on a node, or are out of sight."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from podium.cli.terminal.states import what
from podium.conductor.engines.port import Place
from podium.conductor.housekeeping.placed import note_placed
from podium.conductor.rules.event import Event
from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.store.store import Store, open_store
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.supervisor import Supervisor
from podium.conductor.views import explain, places
from podium.conductor.views.jobs import JobViews
from podium.conductor.views.queries import Queries
from podium.conductor.views.sheets import SheetViews
from podium.contract.models import ExplainView, SheetView
from podium.score.model.plan import EngineName
from podium.times import iso
from podium_tools.results import job_line, progress_of
from tests.support.plans import job_of, plan_of

AT = 1_800_000_000.0
QUEUED = Place("queued", "512", partition="main", reason="Resources", expected_start=AT)
ON_NODE = Place("running", "512", "f2", "main", since=AT)
UNKNOWN = Place("unknown", reason="Unable to contact slurm controller", since=AT)

pytestmark = pytest.mark.anyio


class _Launcher:
    """Starts nothing."""

    def launch(self, job: JobRun, attempt: Attempt) -> None:
        pass


class _Engines:
    """Engines whose attempts are where the test says."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}

    def place(self, key: str) -> Place | None:
        return self.places.get(key)


class Room:
    """The views over a real supervisor and store."""

    def __init__(self, store: Store, loader: Loader, supervisor: Supervisor) -> None:
        self.store, self.supervisor, self.engines = store, supervisor, _Engines()
        self.queries = Queries(store)
        self.sheet_views = SheetViews(store, loader, supervisor, self.engines.place)
        self.views = JobViews(supervisor, "h1", 600, place_of=self.engines.place)
        self.events: list[Event] = []

    async def job(self, count: int = 1, engine: EngineName = "slurm", limit: float | None = None) -> JobRun:
        """Return a job of sheets that were all started."""
        plan = plan_of([[]] * count, max_concurrent=count)
        sheets = tuple(replace(each, engine=engine, timeout_seconds=limit) for each in plan.sheets)
        job = job_of(plan.model_copy(update={"sheets": sheets}))
        await self.supervisor.submit(job, [])
        assert len(job.running) == count
        return job

    def put(self, job: JobRun, num: int, place: Place) -> None:
        """Let the running attempt of a sheet be somewhere."""
        self.engines.places[job.running[num].key] = place

    def look(self) -> None:
        """Note which attempts have reached a node."""
        note_placed(self.supervisor, self.engines)  # type: ignore[arg-type]

    def reason(self, job: JobRun) -> str:
        """Return the job's reason as callers see it."""
        return self.views.of(job).reason

    async def sheets(self, job: JobRun) -> list[SheetView]:
        """Return all sheets of a job as callers see them."""
        await self.supervisor.flushed()
        return await self.sheet_views.page(await self.queries.job(job.job_id), 1, 50)

    async def cause(self, job: JobRun, num: int) -> str:
        """Return the explanation of a job by one of its sheets."""
        sheet = (await self.sheets(job))[num - 1]
        until = explain.waits_until(job, self.engines.place)
        view = ExplainView(job=self.views.of(job), kind="running", sheet=sheet, waits_until=until)
        return explain.cause_of(view, places.explained(job, num, self.engines.place, view.job.reason))


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Room]:
    """Yield a room whose supervisor is at work."""
    events: list[Event] = []
    async with open_store(home) as store, anyio.create_task_group() as tasks:
        loader = Loader(store)
        supervisor = Supervisor(
            store, loader, Scheduler(Limits(16)), _Launcher(), next_event=1, next_job=1,  # type: ignore[arg-type]
            publish=events.extend, remove=lambda job_id: None,
        )  # fmt: skip
        tasks.start_soon(supervisor.run)
        room = Room(store, loader, supervisor)
        room.events = events
        yield room
        tasks.cancel_scope.cancel()


async def test_a_sheet_in_the_queue_says_why_and_does_not_count_as_running_for_any_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        room.put(job, 1, QUEUED)
        (sheet,) = await room.sheets(job)
        assert sheet.place == f"in Slurm's queue as job 512, partition main: Resources; expected to start at {iso(AT)}"
        assert (sheet.status, sheet.duration_seconds) == ("running", None)
        view = room.views.of(job)
        assert (view.running, view.running_since) == (["s1"], [""])
        assert view.reason == f"sheet s1 waits in Slurm's queue: Resources; expected to start at {iso(AT)}"


async def test_a_job_of_which_all_sheets_wait_in_the_queue_says_so_and_one_that_runs_says_nothing(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(3)
        for num, reason in enumerate(("Priority", "Resources", "Priority"), 1):
            room.put(job, num, Place("queued", str(num), reason=reason))
        assert room.reason(job) == "3 sheets wait in Slurm's queue: Priority (2), Resources (1)"
        for num in (1, 2, 3):
            room.put(job, num, Place("queued", str(num), reason="Resources"))
        assert room.reason(job) == "3 sheets wait in Slurm's queue: Resources"
        room.put(job, 2, ON_NODE)
        assert room.reason(job) == ""


async def test_a_job_of_which_some_sheets_run_says_how_many_others_wait_in_the_queue_and_why(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(3, limit=100.0)
        room.put(job, 1, ON_NODE)
        for num in (2, 3):
            room.put(job, num, QUEUED)
        view = room.views.of(job)
        assert view.in_queue == f"2 wait in Slurm's queue: Resources; the first is expected to start at {iso(AT)}"
        assert progress_of(view).endswith(f"running: s1, s2, s3 ({view.in_queue})")
        assert progress_of(view.model_copy(update={"waiting": ["x"]})).endswith(f"({view.in_queue}), waiting: x")
        assert job_line(view).reason == f"of its running sheets, {view.in_queue}"
        assert job_line(view.model_copy(update={"reason": "stands still"})).reason == "stands still"
        assert "running s1, s2, s3, of which 2 wait in Slurm's queue: Resources" in what(view)
        room.put(job, 2, ON_NODE)
        assert room.views.of(job).in_queue.startswith("1 waits in Slurm's queue: Resources")
        room.put(job, 3, ON_NODE)
        assert room.views.of(job).in_queue == ""


async def test_a_limit_of_each_sheet_is_not_denied_while_some_of_them_wait_in_the_queue(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(2, limit=100.0)
        room.put(job, 1, ON_NODE)
        room.put(job, 2, QUEUED)
        cause = await room.cause(job, 1)
        assert "no time limit" not in cause
        assert cause.endswith("A time limit counts from the begin on a node.")


async def test_a_job_whose_engine_does_not_answer_says_that_whatever_else_runs(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(2)
        room.put(job, 1, ON_NODE)
        room.put(job, 2, UNKNOWN)
        words = f"Slurm does not answer since {iso(AT)}: Unable to contact slurm controller"
        assert room.reason(job) == words
        assert (await room.sheets(job))[1].place == words
        cause = await room.cause(job, 2)
        assert cause.startswith(
            f"{words}. So it is not known how sheet s2 fares; it is not given up, and is looked for again."
        )


async def test_a_cluster_whose_folder_is_away_is_not_said_to_be_silent(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        room.put(job, 1, Place("unknown", "512", "f2", obstacle="the folder /shared/mk is not there any more"))
        words = "the folder /shared/mk is not there any more"
        assert room.reason(job) == words
        assert (await room.sheets(job))[0].place == f"{words}; last seen on node f2 as Slurm job 512"
        cause = await room.cause(job, 1)
        assert cause.startswith(
            "The folder /shared/mk is not there any more; last seen on node f2 as Slurm job 512. So it"
        )


async def test_a_pause_says_for_what_it_waits(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        room.put(job, 1, Place("queued", "7", reason="Priority"))
        job.intent = "pause"
        assert room.reason(job) == "pause requested: waiting for s1 to end; sheet s1 waits in Slurm's queue: Priority"


async def test_a_sheet_on_a_node_has_run_since_it_is_there_and_its_limit_counts_from_then(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(limit=100.0)
        room.put(job, 1, QUEUED)
        assert explain.waits_until(job, room.engines.place) == ""
        intent = job.running[1].started_at
        room.put(job, 1, replace(ON_NODE, since=intent + 0.001))
        room.look()
        room.look()
        (sheet,) = await room.sheets(job)
        assert [event.data["place"] for event in room.events if event.type == "sheet.placed"] == [
            "Slurm job 512 on node f2"
        ]
        assert (sheet.place, sheet.started_at) == ("on node f2 as Slurm job 512, partition main", iso(intent + 0.001))
        assert room.views.of(job).running_since == [iso(intent + 0.001)]
        assert explain.waits_until(job, room.engines.place) == iso(intent + 0.001 + 100)
        assert f"since {sheet.started_at} (on node f2 as Slurm job 512, partition main) and has" in await room.cause(
            job, 1
        )


async def test_an_explanation_says_what_the_reason_of_the_queue_means_and_nothing_of_a_limit_that_has_not_begun(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        room.put(job, 1, Place("queued", "512", reason="InvalidAccount"))
        assert room.reason(job) == "sheet s1 waits in Slurm's queue: InvalidAccount"
        assert await room.cause(job, 1) == (
            "Sheet s1 is in Slurm's queue as job 512. InvalidAccount means: its account is not valid; correct its "
            "resources with modify_job: another account. A time limit counts from the begin on a node."
        )
        room.put(job, 1, Place("suspended", "512", "f2"))
        assert (await room.cause(job, 1)).startswith("Sheet s1 is suspended on node f2 as Slurm job 512. ")


@pytest.mark.parametrize(
    ("place", "cause"),
    [
        (QUEUED, "Sheet s1 is in Slurm's queue as job 512, partition main. Resources means: it is next"),
        (Place("queued", "512", reason="SomethingNew"), "Sheet s1 is in Slurm's queue as job 512. A time limit"),
        (Place("queued", reason="The moon is full", again_at=AT), "Sheet s1 is to be put into Slurm's queue. A time "),
        (Place("queued", "512"), "Sheet s1 is in Slurm's queue as job 512. A time limit"),
    ],
)
async def test_why_a_sheet_waits_in_the_queue_is_said_once(tmp_path: Path, place: Place, cause: str) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        room.put(job, 1, place)
        assert (await room.cause(job, 1)).startswith(cause)
        both = f"{room.reason(job)} {await room.cause(job, 1)}"
        assert both.count("expected to start") + both.count("tried again") <= 1


async def test_where_several_sheets_wait_the_explanation_says_the_reason_of_the_one_that_it_is_about(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(2)
        room.put(job, 1, QUEUED)
        room.put(job, 2, replace(QUEUED, reason="Priority", expected_start=None))
        assert (await room.cause(job, 1)).startswith(
            f"Sheet s1 is in Slurm's queue as job 512, partition main: Resources; expected to start at {iso(AT)}. That means: "
        )


async def test_of_the_sheets_of_a_cluster_one_on_a_node_tells_of_the_job_before_those_in_the_queue(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(3)
        row = await room.queries.job(job.job_id)
        room.put(job, 1, QUEUED)
        room.put(job, 2, replace(ON_NODE, since=None))
        room.look()
        await room.supervisor.flushed()
        found = await room.sheet_views._store.read(lambda db: explain.read(db, row=row))
        assert found.sheet == 2


async def test_the_sheets_of_this_machine_say_nothing_of_a_place(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(engine="local")
        room.put(job, 1, Place("running"))
        room.look()
        (sheet,) = await room.sheets(job)
        assert (sheet.place, room.reason(job), sheet.duration_seconds is None) == ("", "", False)
        assert "sheet.placed" not in [event.type for event in room.events]


async def test_a_sheet_that_was_seen_only_in_the_queue_has_not_run_while_its_cluster_is_silent(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(2)
        room.put(job, 1, QUEUED)
        room.put(job, 2, ON_NODE)
        room.look()
        await room.sheets(job)
        for num in (1, 2):
            room.put(job, num, UNKNOWN)
        first, second = await room.sheets(job)
        assert first.duration_seconds is None
        assert second.duration_seconds is not None


async def test_a_sheet_that_the_queue_has_not_taken_says_why_and_when_it_is_tried_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job()
        room.put(job, 1, Place("queued", reason="The moon is full", again_at=AT))
        told = f"to be put into Slurm's queue: The moon is full; tried again at {iso(AT)}"
        (sheet,) = await room.sheets(job)
        assert (sheet.place, room.reason(job)) == (told, f"sheet s1 waits {told}")


async def test_the_time_limit_beside_a_sheet_that_failed_is_that_of_the_running_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(2)
        (failed, _), known = await room.sheets(job), room.views.of(job).model_copy(update={"running": ["s2"]})
        sheet = failed.model_copy(update={"status": "failed", "reason": "exit code 1"})
        cause = explain.cause_of(ExplainView(job=known, kind="running", sheet=sheet))
        assert cause.endswith(
            "so the job will fail when its other sheets have ended. The running sheet has no time limit."
        )


async def test_an_attempt_that_never_began_is_told_beside_those_that_had_run(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        job = await room.job(1)
        (failed,), known = await room.sheets(job), room.views.of(job).model_copy(update={"status": "failed"})
        sheet = failed.model_copy(update={"status": "failed", "reason": "exit code 1", "attempts": 2, "never_began": 1})
        cause = explain.cause_of(ExplainView(job=known, kind="failed", sheet=sheet))
        assert cause.startswith(f"Sheet {sheet.name} had 1 attempt, and 1 that never began.")
