"""What there is to tell is told once, also when the store answers late or not at all for a while."""

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import anyio
import anyio.lowlevel
import pytest
from structlog.testing import capture_logs

from podium.conductor.attempts.telling import Notification, Teller
from podium.conductor.attempts.values import Values
from podium.conductor.housekeeping.notifications import MOST_AT_ONCE, Notifications
from podium.conductor.housekeeping.removal import Removals
from podium.conductor.processes.run import Runner
from podium.conductor.rules.batch import Record
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.store.rows import Rows
from podium.conductor.store.store import Store, open_store
from podium.conductor.supervisor.changes import Changes
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.supervisor import Supervisor
from podium.errors import StorageFull
from podium.home import Home
from tests.support.engines import BOUND_SECONDS, open_keepers
from tests.support.plans import job_of, plan_of
from tests.support.scarce import limited

pytestmark = pytest.mark.anyio
T = TypeVar("T")
ROW = ("job-a.5", "on_end", "job-a", "hash", "{}")


def rows_of(*records: Record) -> Rows:
    rows = Rows()
    for kind, values in records:
        rows.add(kind, values)
    return rows


class Late:
    """A store whose answers come when `answer` is set, as a thread that the system does not run may be late."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.answer = anyio.Event()
        self.answer.set()
        self.find = store.find

    async def read(self, query: Callable[[Any], T]) -> T:
        found = await self.store.read(query)
        await self.answer.wait()
        return found


class Parts:
    """The parts beside it: a plan of nothing, commands that end when they may, and writes that are commits."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: list[str] = []
        self.go = anyio.Event()
        self.written = anyio.Event()

    async def plan(self, plan_hash: str) -> str:
        return plan_hash

    async def tell(self, what: Notification, loaded: object) -> str:
        self.told.append(what.id)
        await self.go.wait()
        return ""

    async def flushed(self) -> None:
        return

    async def write(self, records: list[Record]) -> None:
        await self.store.commit(rows_of(*records))
        self.written.set()


async def test_a_command_that_ends_while_the_store_answers_what_there_is_to_tell_is_not_run_again(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store, anyio.create_task_group() as tasks:
        late, parts = Late(store), Parts(store)
        await store.commit(rows_of(("notifications", ROW)))
        news = Notifications(cast("Teller", parts), cast("Store", late), cast("Loader", parts))
        tasks.start_soon(news.run, cast("Supervisor", parts), cast("Changes", None))
        with anyio.fail_after(20):
            while not parts.told:
                await anyio.lowlevel.checkpoint()
            late.answer = anyio.Event()
            news.wake()
            await anyio.wait_all_tasks_blocked()  # it has read that there is something to tell
            parts.go.set()
            await parts.written.wait()
            await anyio.wait_all_tasks_blocked()
            late.answer.set()
            await anyio.wait_all_tasks_blocked()
        assert parts.told == ["job-a.5"]
        tasks.cancel_scope.cancel()


async def test_a_command_that_no_file_can_be_opened_for_waits_and_is_run_as_soon_as_one_can(
    tmp_path: Path,
) -> None:
    loaded, written = job_of(plan_of([[]])).loaded, anyio.Event()
    facts = {"job_id": "job-a", "job_name": "a", "status": "completed", "reason": "", "workspace": str(tmp_path)}

    class Beside:
        async def plan(self, plan_hash: str) -> LoadedPlan:
            return loaded

        async def write(self, records: list[Record]) -> None:
            await store.commit(rows_of(*records))
            written.set()

    async with open_store(tmp_path) as store, open_keepers() as keepers, anyio.create_task_group() as tasks:
        home, beside = Home(tmp_path), Beside()
        teller = Teller(Runner(keepers), Values(home, {}), home, "mk", "echo $PODIUM_JOB_STATUS >>told", 60.0)
        await store.commit(rows_of(("notifications", (ROW[0], "notify", *ROW[2:4], json.dumps(facts)))))
        news = Notifications(teller, store, cast("Loader", beside))
        with anyio.fail_after(BOUND_SECONDS):
            with limited(resource.RLIMIT_NOFILE, 1), capture_logs() as logs:
                tasks.start_soon(news.run, cast("Supervisor", beside), cast("Changes", None))
                while not logs:
                    await anyio.lowlevel.checkpoint()
            (waits,) = logs
            await written.wait()
        assert (waits["event"], "Too many open files" in waits["reason"]) == ("notification_waits", True)
        assert (tmp_path / "told").read_text() == "completed\n"
        tasks.cancel_scope.cancel()


async def test_a_stop_lets_what_runs_end_and_begins_nothing_that_would_run_again(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store, anyio.create_task_group() as tasks:
        parts = Parts(store)
        names = [f"job-a.{number}" for number in range(MOST_AT_ONCE + 1)]
        await store.commit(rows_of(*(("notifications", (name, *ROW[1:])) for name in names)))
        news = Notifications(cast("Teller", parts), store, cast("Loader", parts))
        tasks.start_soon(news.run, cast("Supervisor", parts), cast("Changes", None))
        with anyio.fail_after(20):
            while len(parts.told) < MOST_AT_ONCE:
                await anyio.lowlevel.checkpoint()
            await news.drain(cast("Supervisor", parts), 0)
            parts.go.set()
            left = names
            while len(left) > 1:
                left = await store.read(lambda db: [row["id"] for row in db.execute("SELECT id FROM notifications")])
            await anyio.wait_all_tasks_blocked()
        assert (parts.told, left) == (names[:MOST_AT_ONCE], names[MOST_AT_ONCE:])
        tasks.cancel_scope.cancel()


async def test_a_removal_outlives_a_store_that_cannot_be_read_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podium.conductor.housekeeping.removal._AGAIN_SECONDS", 0.01)
    home, gone = Home(tmp_path), anyio.Event()
    home.attempt("job-a", 1).mkdir(parents=True)
    async with open_store(tmp_path) as store, anyio.create_task_group() as tasks:
        refusals, find = [StorageFull("locked", fix="")], store.find

        def refuse_once(query: str, *values: object) -> object:
            if refusals:
                raise refusals.pop()
            return find(query, *values)

        monkeypatch.setattr(store, "find", refuse_once)
        removals = Removals(store, home)
        removals.add("job-a")
        tasks.start_soon(removals.run, lambda records: gone.set())
        with anyio.fail_after(20):
            await gone.wait()
        assert (refusals, home.job("job-a").exists()) == ([], False)
        tasks.cancel_scope.cancel()
