"""`wait_for_job` as a task: who gets one, what its id carries, how it ends, and that its end stays."""

import json
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import INVALID_PARAMS, METHOD_NOT_FOUND, MISSING_REQUIRED_CLIENT_CAPABILITY, CallToolResult, TextContent

from podium.contract.models import JobView
from podium.contract.near import as_named, job_not_found
from podium.contract.waits import WaitView
from podium.errors import ConductorNotRunning, JobDeleted, UnsupportedByConductor
from podium.home import KEY_FILE
from podium.mcp.app import Offer, build_server
from podium.mcp.tasks.ticket import Signer, Ticket, load_or_make
from podium.mcp.tasks.wait import WaitTasks
from tests.support.port import CURSOR, ScriptedPort, ended, job
from tests.support.tasks import DetailedTask, TasksClient, begin, cancel, look, task_of, update

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"


@asynccontextmanager
async def client(
    port: ScriptedPort, home: Path, *, knows_tasks: bool = True, mode: str = "auto", polled: Any = None
) -> AsyncIterator[Client]:
    server = build_server(port.opened, Offer(tasks=WaitTasks(Signer(home))))
    with anyio.fail_after(20):
        extensions = [TasksClient(polled)] if knows_tasks else []
        async with Client(server, mode=mode, extensions=extensions) as connected:
            yield connected


def running() -> WaitView:
    return WaitView(woke_for="timeout", jobs=[job()], after=CURSOR, waited_seconds=0)


def settled() -> WaitView:
    return WaitView(woke_for="settled", jobs=[ended()], after="h1:9", waited_seconds=0)


def facts_of(result: Any) -> dict[str, Any]:
    """Return the facts of a call that was answered at once and succeeded."""
    assert isinstance(result, CallToolResult)
    assert not result.is_error
    facts: dict[str, Any] = result.structured_content
    return facts


async def test_a_wait_that_has_to_wait_answers_with_a_task(tmp_path: Path) -> None:
    port = ScriptedPort(waited=running())
    async with client(port, tmp_path) as connected:
        task = await task_of(connected, "wait_for_job", job_ids=[ID], timeout_seconds=300)
    assert (task.status, task.ttl_ms, task.poll_interval_ms) == ("working", 3_900_000, 1000)
    assert "1 of 3 sheets completed" in task.status_message
    assert [call for call in port.calls if call[0] == "wait"] == [("wait", ([ID], "any", 0, ""))]


async def test_a_task_for_a_job_that_was_called_by_its_name_holds_its_id(tmp_path: Path) -> None:
    class Named(ScriptedPort):
        def _job(self, job_id: str) -> JobView:
            if job_id == "build":
                raise job_not_found(job_id, (), [as_named(ID, "running", "", "")], 1)
            return super()._job(job_id)

    port = Named(waited=running())
    async with client(port, tmp_path) as connected:
        task = await task_of(connected, "wait_for_job", job_ids=["build"], timeout_seconds=300)
    ticket = await Signer(tmp_path).read(task.task_id)
    assert ticket is not None
    assert ticket.job_ids == (ID,)


async def test_a_task_is_followed_to_its_end_and_gives_the_result_of_the_tool(tmp_path: Path) -> None:
    port = ScriptedPort(waited=running())
    seen: list[str] = []

    async def polled(task: DetailedTask) -> None:
        seen.append(task.status)
        if len(seen) == 2:
            port.waited = settled()

    async with client(port, tmp_path, polled=polled) as connected:
        result = await connected.call_tool("wait_for_job", {"job_ids": [ID], "after": "h1:3"})
        plain = await connected.call_tool("wait_for_job", {"job_ids": [ID], "timeout_seconds": 0})
    assert seen == ["working", "working", "completed"]
    assert isinstance(result, CallToolResult)
    assert not result.is_error
    told, asked = ({**each.structured_content, "waited_seconds": 0.0, "now": ""} for each in (result, plain))
    assert told == asked
    waits = [call[1] for call in port.calls if call[0] == "wait"]
    assert waits[0][3] == "h1:3"  # the first look goes on from where the client was
    assert {after for _, _, _, after in waits[1:4]} == {CURSOR}  # and the task from the first look


@pytest.mark.parametrize(
    ("arguments", "code"),
    [({"job_ids": []}, "INVALID_ARGUMENTS"), ({"job_ids": ["nope"]}, "JOB_NOT_FOUND")],
    ids=["bad arguments", "unknown job"],
)
async def test_a_wrong_call_gets_its_error_and_no_task(tmp_path: Path, arguments: dict[str, Any], code: str) -> None:
    async with client(ScriptedPort(), tmp_path) as connected:
        result = await begin(connected, "wait_for_job", **arguments)
    assert isinstance(result, CallToolResult)
    assert result.is_error
    block = result.content[0]
    assert isinstance(block, TextContent)
    assert json.loads(block.text)["error"]["code"] == code


async def test_a_wait_without_time_returns_the_present_state(tmp_path: Path) -> None:
    async with client(ScriptedPort(waited=running()), tmp_path) as connected:
        facts = facts_of(await begin(connected, "wait_for_job", job_ids=[ID], timeout_seconds=0))
    assert facts["woke_for"] == "timeout"
    assert [(each["job_id"], each["status"]) for each in facts["jobs"]] == [(ID, "running")]


async def test_a_settled_job_is_answered_at_once(tmp_path: Path) -> None:
    async with client(ScriptedPort(waited=settled()), tmp_path) as connected:
        facts = facts_of(await begin(connected, "wait_for_job", job_ids=[ID]))
    assert facts["woke_for"] == "settled"


async def test_other_tools_make_no_tasks(tmp_path: Path) -> None:
    async with client(ScriptedPort(), tmp_path) as connected:
        facts = facts_of(await begin(connected, "get_job", job_id=ID))
    assert facts["job_id"] == ID


@pytest.mark.parametrize(("mode", "knows_tasks"), [("auto", False), ("legacy", True)])
async def test_a_client_without_tasks_waits_as_ever(tmp_path: Path, mode: str, knows_tasks: bool) -> None:
    port = ScriptedPort(waited=settled())
    async with client(port, tmp_path, mode=mode, knows_tasks=knows_tasks) as connected:
        result = await connected.call_tool("wait_for_job", {"job_ids": [ID]})
        assert result.structured_content["woke_for"] == "settled"
        with pytest.raises(MCPError) as caught:
            await look(connected, "anything")
    code = MISSING_REQUIRED_CLIENT_CAPABILITY if mode == "auto" else METHOD_NOT_FOUND
    assert caught.value.error.code == code
    assert not (tmp_path / KEY_FILE).exists()


async def test_a_conductor_that_keeps_no_tasks_gets_no_tasks(tmp_path: Path) -> None:
    class Foreign(ScriptedPort):
        async def task_state(self, key: str, *, end: dict[str, Any] | None = None) -> dict[str, Any] | None:
            raise UnsupportedByConductor("This conductor does not support tasks.")

    async with client(Foreign(waited=running()), tmp_path) as connected:
        facts = facts_of(await begin(connected, "wait_for_job", job_ids=[ID]))
    assert facts["woke_for"] == "timeout"


async def test_a_home_that_cannot_be_written_gets_no_tasks(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")
    port = ScriptedPort(waited=running())
    async with client(port, tmp_path / "home") as connected:
        facts = facts_of(await begin(connected, "wait_for_job", job_ids=[ID]))
    assert facts["woke_for"] == "timeout"


async def test_a_task_outlives_the_server_that_made_it(tmp_path: Path) -> None:
    port = ScriptedPort(waited=running())
    async with client(port, tmp_path) as connected:
        task_id = (await task_of(connected, "wait_for_job", job_ids=[ID])).task_id
    async with client(port, tmp_path) as connected:
        assert (await look(connected, task_id)).status == "working"
        port.waited = settled()
        assert (await look(connected, task_id)).status == "completed"


async def test_a_cancelled_task_stays_cancelled_and_its_job_is_left_alone(tmp_path: Path) -> None:
    port = ScriptedPort(waited=running())
    async with client(port, tmp_path) as connected:
        task_id = (await task_of(connected, "wait_for_job", job_ids=[ID])).task_id
        await cancel(connected, task_id)
        assert (await look(connected, task_id)).status == "cancelled"
    port.waited = settled()
    async with client(port, tmp_path) as connected:
        assert (await look(connected, task_id)).status == "cancelled"
    assert {name for name, _ in port.calls} == {"task_state", "wait"}


async def test_a_task_that_has_ended_stays_so_whatever_its_job_does(tmp_path: Path) -> None:
    port = ScriptedPort(
        waited=WaitView(woke_for="settled", jobs=[job(status="paused")], after="h1:9", waited_seconds=0)
    )
    async with client(port, tmp_path) as connected:
        port.waited, paused = running(), port.waited
        task_id = (await task_of(connected, "wait_for_job", job_ids=[ID])).task_id
        port.waited = paused
        first = await look(connected, task_id)
        port.waited = running()  # somebody resumed it
        await cancel(connected, task_id)
        again = await look(connected, task_id)
    assert first.status == again.status == "completed"
    assert first.result == again.result
    assert first.last_updated_at == again.last_updated_at


async def test_a_task_whose_time_is_over_completes_with_the_present_state(tmp_path: Path) -> None:
    signer, port = Signer(tmp_path), ScriptedPort(waited=running())
    ticket = Ticket("k" * 32, 1_000_000_000.0, 60.0, "all", CURSOR, (ID,))
    recent = Ticket("r" * 32, time.time() - 61, 60.0, "all", CURSOR, (ID,))
    async with client(port, tmp_path) as connected:
        task = await look(connected, await signer.sign(recent))
        with pytest.raises(MCPError) as caught:
            await look(connected, await signer.sign(ticket))
    assert task.status == "completed"
    assert task.result is not None
    facts = task.result["structuredContent"]
    assert facts["woke_for"] == "timeout"
    assert facts["waited_seconds"] >= 60
    assert 'until="all"' in facts["next"]
    assert caught.value.error.code == INVALID_PARAMS  # long expired


@pytest.mark.parametrize(("ago", "waited"), [(-86400.0, 0.0), (3000.0, 60.0)])
async def test_a_task_does_not_wait_for_a_clock_that_was_set(ago: float, waited: float, tmp_path: Path) -> None:
    """It was to wait for a minute; since it began, the clock was set back by a day, or went ahead."""
    ticket = Ticket("k" * 32, time.time() - ago, 60.0, "all", CURSOR, (ID,))
    async with client(ScriptedPort(waited=running()), tmp_path) as connected:
        task = await look(connected, await Signer(tmp_path).sign(ticket))
    assert task.status == "completed"
    assert task.result is not None
    assert task.result["structuredContent"]["waited_seconds"] == waited


async def test_a_conductor_that_restarts_does_not_end_a_task(tmp_path: Path) -> None:
    port = ScriptedPort(waited=running())
    async with client(port, tmp_path) as connected:
        task_id = (await task_of(connected, "wait_for_job", job_ids=[ID])).task_id
        port.error = ConductorNotRunning("Nobody listens.", fix="podium start")
        task = await look(connected, task_id)
        port.error, port.waited = None, settled()
        assert (await look(connected, task_id)).status == "completed"
    assert (task.status, task.status_message) == ("working", "Nobody listens.")


async def test_without_a_conductor_at_the_end_the_result_says_so(tmp_path: Path) -> None:
    port = ScriptedPort(error=ConductorNotRunning("Nobody listens.", fix="podium start"))
    over = Ticket("r" * 32, time.time() - 61, 60.0, "all", CURSOR, (ID,))
    async with client(port, tmp_path) as connected:
        task = await look(connected, await Signer(tmp_path).sign(over))
    assert task.status == "completed"
    assert task.result is not None
    assert task.result["isError"]
    assert "CONDUCTOR_NOT_RUNNING" in task.result["content"][0]["text"]


async def test_a_job_that_is_deleted_meanwhile_completes_the_task_with_that_error(tmp_path: Path) -> None:
    class Deleting(ScriptedPort):
        gone = False

        async def wait(self, *args: Any, **options: Any) -> WaitView:
            if self.gone:
                raise JobDeleted(f"Job {ID} was deleted.")
            return await super().wait(*args, **options)

    port = Deleting(waited=running())
    async with client(port, tmp_path) as connected:
        task_id = (await task_of(connected, "wait_for_job", job_ids=[ID])).task_id
        port.gone = True
        task = await look(connected, task_id)
    assert task.status == "completed"
    assert task.result is not None
    assert "JOB_DELETED" in task.result["content"][0]["text"]


async def test_an_update_is_acknowledged_and_changes_nothing(tmp_path: Path) -> None:
    port = ScriptedPort(waited=running())
    async with client(port, tmp_path) as connected:
        task_id = (await task_of(connected, "wait_for_job", job_ids=[ID])).task_id
        await update(connected, task_id, {"unasked": {"action": "accept"}})
        assert (await look(connected, task_id)).status == "working"


@pytest.mark.parametrize("change", ["payload", "mac", "other home", "nonsense", "long", "letters"])
async def test_an_id_that_this_home_did_not_sign_is_unknown(tmp_path: Path, change: str) -> None:
    port = ScriptedPort(waited=running())
    async with client(port, tmp_path) as connected:
        task_id = (await task_of(connected, "wait_for_job", job_ids=[ID])).task_id
        forged = {
            "payload": f"A{task_id[1:]}",
            "mac": f"{task_id[:-2]}{'AA' if not task_id.endswith('AA') else 'BB'}",
            "other home": await Signer(tmp_path / "other").sign(Ticket("k" * 32, 0.0, 1.0, "any", "", (ID,))),
            "nonsense": "not-a-task",
            "long": "x" * 20_000,
            "letters": f"{task_id}é",
        }[change]
        for ask in (look, cancel):
            with pytest.raises(MCPError, match="Task not found") as caught:
                await ask(connected, forged)
            assert caught.value.error.code == INVALID_PARAMS
    assert port.ends == {}


async def test_an_id_says_all_that_it_stands_for(tmp_path: Path) -> None:
    ids = tuple(f"a-job-with-a-very-long-name-{number}-abcde" for number in range(50))
    ticket = Ticket("k" * 32, 12.5, 600.0, "all", "home:99", ids)
    assert await Signer(tmp_path).read(await Signer(tmp_path).sign(ticket)) == ticket


def test_the_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "home" / KEY_FILE
    key = load_or_make(path)
    assert load_or_make(path) == key
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [KEY_FILE]


async def test_servers_that_begin_together_agree_on_one_key(tmp_path: Path) -> None:
    keys: list[bytes] = []

    async def make() -> None:
        keys.append(await anyio.to_thread.run_sync(load_or_make, tmp_path / KEY_FILE))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(make)
    assert len(set(keys)) == 1


async def test_output_that_could_not_be_searched_is_told_at_the_end_of_a_task_whichever_look_passed_it_by(
    tmp_path: Path,
) -> None:
    lost = running().model_copy(update={"after": f"{CURSOR}~p1", "unsearched": 7})
    port = ScriptedPort(waited=lost)
    async with client(port, tmp_path) as connected:
        task = (await task_of(connected, "wait_for_job", job_ids=[ID], pattern="x")).task_id
        assert (await look(connected, task)).status == "working"
        port.waited = settled()
        end = await look(connected, task)
    afters = [asked[3] for name, asked in port.calls if name == "wait"]
    assert afters == ["", CURSOR, f"{CURSOR}~p1"]
    assert end.result is not None
    assert "7 bytes of output were not searched" in end.result["structuredContent"]["summary"]
