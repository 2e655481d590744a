"""The record of a job that has run: its attempts, page by page, its events, and what its sheets run."""

import json

import pytest

from podium.client.job_control import job_control
from podium.contract.record import JobRecord
from podium.plots.story.story import story_of
from podium.times import epoch, moment
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask

pytestmark = pytest.mark.anyio

SCORE = """
name: recorded
variables: {API_TOKEN: hunter2hunter2}
sheets:
  - {name: first, run: "echo {{ API_TOKEN }} >/dev/null"}
  - {name: flaky, needs: [first], retry: {max_retries: 1, base_delay_seconds: 0.1}, run: "test -f ok || { touch ok; exit 3; }"}
  - {name: gate, needs: [first], hold: Go on?, run: "true"}
  - {name: broken, needs: [flaky, gate], run: exit 4}
  - {name: after, needs: [broken], run: "true"}
"""


async def record_of(conductor: Conductor, job_id: str) -> JobRecord:
    async with job_control(conductor.settings) as control:
        return await control.record(job_id, commands=True)


async def test_a_record_has_every_attempt_event_and_command(shared_conductor: Conductor) -> None:
    job_id = submit(shared_conductor, SCORE)
    until(shared_conductor, job_id, "paused")
    ask(shared_conductor.settings.socket, "job.resume", {"job_id": job_id})
    until(shared_conductor, job_id, "failed")
    record = await record_of(shared_conductor, job_id)
    assert [(each.sheet, each.attempt, each.outcome, each.exit_code) for each in record.attempts] == [
        (1, 1, "completed", 0),
        (2, 1, "failed", 3),
        (2, 2, "completed", 0),
        (3, 1, "completed", 0),
        (4, 1, "failed", 4),
    ]
    assert record.attempts[1].reason == "exit code 3"
    assert record.events[0].type == "job.submitted"
    assert record.events[-1].type == "job.failed"
    assert record.commands[3:] == ["exit 4", "true"]
    assert "hunter2" not in record.model_dump_json()

    story = story_of(record, epoch())
    lanes = {lane.label: [span.kind for span in lane.spans] for lane in story.lanes}
    assert [kind for kind in lanes["flaky"] if kind != "ready"] == ["failed", "retry", "completed"]
    assert "hold" in lanes["gate"]
    assert lanes["after"] == []
    assert [lane.label for lane in story.steps] == ["first", "gate", "broken"]
    assert story.end == moment(record.job.finished_at)


async def test_attempts_come_page_by_page_the_oldest_first(shared_conductor: Conductor) -> None:
    job_id = submit(shared_conductor, "name: paged\nsheets:\n  - {name: a, foreach: {n: [1, 2, 3]}, run: 'true'}\n")
    until(shared_conductor, job_id, "completed")
    socket, cursor, found = shared_conductor.settings.socket, "", []
    for _ in range(4):
        page = ask(socket, "job.attempts", {"job_id": job_id, "limit": 1, "cursor": cursor})
        found += [each["sheet"] for each in page["attempts"]]
        cursor = page["cursor"]
        if not cursor:
            break
    assert sorted(found) == [1, 2, 3]
    assert cursor == ""


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30])
async def test_a_cursor_of_somebody_else_is_refused(shared_conductor: Conductor, cursor: str) -> None:
    job_id = submit(shared_conductor, "name: one\nsheets:\n  - {name: a, run: 'true'}\n")
    with pytest.raises(RuntimeError) as caught:
        ask(shared_conductor.settings.socket, "job.attempts", {"job_id": job_id, "cursor": cursor})
    assert json.loads(str(caught.value))["data"]["code"] == "INVALID_ARGUMENTS"


@pytest.mark.parametrize("method", ["job.attempts", "job.commands"])
async def test_an_unknown_job_has_no_record(shared_conductor: Conductor, method: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        ask(shared_conductor.settings.socket, method, {"job_id": "nobody-00000"})
    assert json.loads(str(caught.value))["data"]["code"] == "JOB_NOT_FOUND"
