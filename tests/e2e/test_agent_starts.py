"""`start_job` is safe to repeat: the same key starts nothing twice, through the tools, a crash and a deletion."""

from pathlib import Path

import anyio
import pytest

from tests.support.agent import BOTH_ERAS, Agent, agent
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio

SCORE = "name: once\nsheets:\n  - {name: one, run: echo ran >> ran}\n"
KEY = "deploy-2026-11-24"


async def count(user: Agent) -> int:
    total: int = (await user.call("list_jobs"))["total"]
    return total


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_key_names_one_job_over_a_crash_and_another_server(conductor: Conductor, mode: str) -> None:
    async with agent(conductor.settings, mode) as user:
        first = await user.call("start_job", config_content=SCORE, idempotency_key=KEY)
        assert not first["replayed"]
        await user.settled(first["job_id"])
        await anyio.to_thread.run_sync(conductor.kill)
        await anyio.to_thread.run_sync(conductor.start)
        again = await user.call("start_job", config_content=SCORE, idempotency_key=KEY)
        assert (again["job_id"], again["replayed"], again["status"]) == (first["job_id"], True, "completed")
        assert "nothing new was started" in again["summary"]
    async with agent(conductor.settings, mode) as other:
        third = await other.call("start_job", config_content=SCORE, idempotency_key=KEY)
        assert (third["job_id"], third["replayed"]) == (first["job_id"], True)
        assert await count(other) == 1
        assert await anyio.Path(first["workspace"], "ran").read_text() == "ran\n"


async def test_two_starts_with_one_key_at_once_make_one_job(conductor: Conductor) -> None:
    found = list[tuple[str, bool]]()
    async with agent(conductor.settings, "auto") as user:

        async def start() -> None:
            job = await user.call("start_job", config_content=SCORE, idempotency_key=KEY)
            found.append((job["job_id"], job["replayed"]))

        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(start)
        assert len({job_id for job_id, _ in found}) == 1
        assert sorted(replayed for _, replayed in found) == [False, *[True] * 7]
        assert await count(user) == 1


async def test_a_key_with_anything_else_is_refused_and_names_its_job(conductor: Conductor, tmp_path: Path) -> None:
    async with agent(conductor.settings, "auto") as user:
        first = await user.call("start_job", config_content=SCORE, idempotency_key=KEY)
        for changes in (
            {"config_content": SCORE + "# other\n"},
            {"config_content": SCORE, "workspace": str(tmp_path)},
            {"config_content": SCORE, "self_healing": True},
        ):
            error = await user.refused("start_job", idempotency_key=KEY, **changes)
            assert (error["code"], error["job_id"]) == ("IDEMPOTENCY_CONFLICT", first["job_id"])
        assert await count(user) == 1


async def test_refusals_and_dry_runs_use_no_key(conductor: Conductor) -> None:
    async with agent(conductor.settings, "auto") as user:
        plan = await user.call("start_job", config_content=SCORE, idempotency_key=KEY, dry_run=True)
        assert (plan["job_id"], plan["status"], plan["dry_run"]) == ("", "not_started", True)
        error = await user.refused("start_job", config_content="name: x", idempotency_key=KEY)
        assert error["code"] == "SCORE_INVALID"
        assert await count(user) == 0
        assert not (await user.call("start_job", config_content=SCORE, idempotency_key=KEY))["replayed"]


async def test_the_key_of_a_deleted_job_stays_taken(conductor: Conductor) -> None:
    async with agent(conductor.settings, "auto") as user:
        first = await user.call("start_job", config_content=SCORE, idempotency_key=KEY)
        await user.settled(first["job_id"])
        await user.call("delete_job", job_id=first["job_id"])
        error = await user.refused("start_job", config_content=SCORE, idempotency_key=KEY)
        assert (error["code"], error["job_id"]) == ("JOB_DELETED", first["job_id"])
        assert "Use a new key" in error["fix"]
