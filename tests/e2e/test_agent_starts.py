"""`start_job` is safe to repeat: the same key starts nothing twice, through the tools, a crash and a deletion."""

from pathlib import Path

import anyio
import pytest

from tests.support.agent import BOTH_ERAS, Agent, agent
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio

SCORE = "name: once\nsheets:\n  - {name: one, run: echo ran >> ran}\n"


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """Return a key that no other test uses: they share a conductor."""
    name: str = request.node.name
    return name


async def count(user: Agent) -> int:
    total: int = (await user.call("list_jobs"))["total"]
    return total


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_key_names_one_job_over_a_crash_and_another_server(
    user: Agent, revived_conductor: Conductor, mode: str, key: str
) -> None:
    before = await count(user)
    first = await user.call("start_job", config_content=SCORE, idempotency_key=key)
    assert not first["replayed"]
    await user.settled(first["job_id"])
    await anyio.to_thread.run_sync(revived_conductor.kill)
    await anyio.to_thread.run_sync(revived_conductor.start)
    again = await user.call("start_job", config_content=SCORE, idempotency_key=key)
    assert (again["job_id"], again["replayed"], again["status"]) == (first["job_id"], True, "completed")
    assert "nothing new was started" in again["summary"]
    async with agent(revived_conductor.settings, mode) as other:
        third = await other.call("start_job", config_content=SCORE, idempotency_key=key)
        assert (third["job_id"], third["replayed"]) == (first["job_id"], True)
        assert await count(other) == before + 1
        assert await anyio.Path(first["workspace"], "ran").read_text() == "ran\n"


async def test_two_starts_with_one_key_at_once_make_one_job(user: Agent, key: str) -> None:
    before = await count(user)
    found = list[tuple[str, bool]]()

    async def start() -> None:
        job = await user.call("start_job", config_content=SCORE, idempotency_key=key)
        found.append((job["job_id"], job["replayed"]))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(start)
    assert len({job_id for job_id, _ in found}) == 1
    assert sorted(replayed for _, replayed in found) == [False, *[True] * 7]
    assert await count(user) == before + 1


async def test_a_key_with_anything_else_is_refused_and_names_its_job(user: Agent, key: str, tmp_path: Path) -> None:
    before = await count(user)
    first = await user.call("start_job", config_content=SCORE, idempotency_key=key)
    for changes in (
        {"config_content": SCORE + "# other\n"},
        {"config_content": SCORE, "workspace": str(tmp_path)},
        {"config_content": SCORE, "self_healing": True},
    ):
        error = await user.refused("start_job", idempotency_key=key, **changes)
        assert (error["code"], error["job_id"]) == ("IDEMPOTENCY_CONFLICT", first["job_id"])
    assert await count(user) == before + 1


async def test_refusals_and_dry_runs_use_no_key(user: Agent, key: str) -> None:
    before = await count(user)
    plan = await user.call("start_job", config_content=SCORE, idempotency_key=key, dry_run=True)
    assert (plan["job_id"], plan["status"], plan["dry_run"]) == ("", "not_started", True)
    error = await user.refused("start_job", config_content="name: x", idempotency_key=key)
    assert error["code"] == "SCORE_INVALID"
    assert await count(user) == before
    assert not (await user.call("start_job", config_content=SCORE, idempotency_key=key))["replayed"]


async def test_the_key_of_a_deleted_job_stays_taken(user: Agent, key: str) -> None:
    first = await user.call("start_job", config_content=SCORE, idempotency_key=key)
    await user.settled(first["job_id"])
    await user.call("delete_job", job_id=first["job_id"])
    error = await user.refused("start_job", config_content=SCORE, idempotency_key=key)
    assert (error["code"], error["job_id"]) == ("JOB_DELETED", first["job_id"])
    assert "Use a new key" in error["fix"]
    other = await user.refused("start_job", config_content=SCORE + "# other\n", idempotency_key=key)
    assert (other["code"], other["fix"]) == ("JOB_DELETED", error["fix"])  # not a call for a job that is gone
