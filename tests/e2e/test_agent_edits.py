"""`find` and `replace` of `modify_job` and `resume_job` from an agent's side: one call mends a score, and the answer says what of it."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.agent import BOTH_ERAS, Agent
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio

FIVE = """\
name: five
sheets:
  - {name: one, run: "echo one >> ran"}
  - {name: two, run: "echo two >> ran"}
  - {name: three, run: "ech three >> ran"}   # misspelt
  - {name: four, run: "echo four >> ran"}
  - {name: five, run: "echo five >> ran"}
"""
HELD = """\
name: held
sheets:
  - {name: first, run: "echo one >> ran"}
  - {name: gate, run: "until [ -e go ]; do sleep 0.1; done"}
  - {name: last, run: "exit 3"}
"""


async def read(workspace: str) -> list[str]:
    return (await anyio.Path(workspace, "ran").read_text()).split()


async def held(user: Agent, text: str = HELD) -> dict[str, Any]:
    """Return a job whose second sheet runs until there is a file called go."""
    job = await user.call("start_job", config_content=text)
    while "gate" not in (await user.call("get_job", job_id=job["job_id"]))["running"]:
        pass
    return job


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_failed_job_is_mended_and_resumed_in_one_call_and_its_file_stays(user: Agent, tmp_path: Path) -> None:
    path = tmp_path / "five.yaml"
    path.write_text(FIVE)
    job = await user.call("start_job", config_path=str(path))
    job_id = job["job_id"]
    assert (await user.settled(job_id))["status"] == "failed"
    mended = await user.call("resume_job", job_id=job_id, find="ech three", replace="echo three")
    assert mended["success"]
    assert mended["changed"] == [{"what": "unfinished", "names": ["three"]}]
    assert f"2 finished sheets were kept. The file {path} was not changed." in mended["summary"]
    assert (await user.settled(job_id))["status"] == "completed"
    assert await read(job["workspace"]) == ["one", "two", "three", "four", "five"]
    assert path.read_text() == FIVE
    refused = await user.refused("resume_job", job_id=job_id, find="echo three", replace="true")
    assert (refused["code"], refused["state"]) == ("WRONG_STATE", "completed")


async def test_a_text_that_is_not_there_once_changes_nothing_and_says_where_it_is(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=FIVE))["job_id"]
    await user.settled(job_id)
    often = await user.refused("modify_job", job_id=job_id, find="three", replace="drei")
    assert (often["code"], often["times"]) == ("INVALID_ARGUMENTS", 2)
    assert often["lines"] == ['5:   - {name: three, run: "ech three >> ran"}   # misspelt']
    nowhere = await user.refused("resume_job", job_id=job_id, find="Ech three", replace="echo three")
    assert "different capital letters" in nowhere["fix"]
    assert (await user.call("get_job", job_id=job_id))["status"] == "failed"


async def test_an_edit_that_makes_a_bad_score_changes_nothing(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=FIVE))["job_id"]
    await user.settled(job_id)
    bad = await user.refused("resume_job", job_id=job_id, find="three, run", replace="three, rnu")
    assert (bad["code"], bad["problems"][0]["line"]) == ("SCORE_INVALID", 5)
    assert bad["message"].startswith(
        f"After this edit, which was not made: the score of {job_id} is not valid: line 5, "
    )
    assert bad["fix"].startswith("Correct replace, and call again.")
    none = await user.refused("resume_job", job_id=job_id, find="# misspelt", replace="# fine", from_sheet="nope")
    assert (none["code"], none["sheet"]) == ("INVALID_ARGUMENTS", "nope")
    assert (await user.call("get_job", job_id=job_id))["status"] == "failed"


async def test_an_edit_of_a_running_job_is_made_in_the_change_that_is_pending(user: Agent) -> None:
    job = await held(user)
    first = await user.call("modify_job", job_id=job["job_id"], find="exit 3", replace="exit 4; echo three >> ran")
    assert first["pending"]
    second = await user.call("modify_job", job_id=job["job_id"], find="exit 4; ", replace="")
    assert second["pending"]
    assert second["changed"] == [{"what": "unfinished", "names": ["last"]}]
    assert "The edit was made in the change that was still pending" in second["summary"]
    gone = await user.refused("modify_job", job_id=job["job_id"], find="exit 3", replace="exit 5")
    assert gone["times"] == 0
    await anyio.Path(job["workspace"], "go").touch()
    assert (await user.settled(job["job_id"]))["status"] == "completed"
    assert await read(job["workspace"]) == ["one", "three"]


async def test_an_edit_that_was_taken_survives_the_conductors_crash_and_so_does_what_it_can_be_edited_from(
    user: Agent, revived_conductor: Conductor
) -> None:
    job = await held(user)
    await user.call("modify_job", job_id=job["job_id"], find="exit 3", replace="exit 4")
    await anyio.to_thread.run_sync(revived_conductor.kill)
    await anyio.to_thread.run_sync(revived_conductor.start)
    again = await user.call("modify_job", job_id=job["job_id"], find="exit 4", replace="echo three >> ran")
    assert "still pending" in again["summary"]
    await anyio.to_thread.run_sync(revived_conductor.kill)
    await anyio.Path(job["workspace"], "go").touch()
    await anyio.to_thread.run_sync(revived_conductor.start)
    assert (await user.settled(job["job_id"]))["status"] == "completed"
    assert await read(job["workspace"]) == ["one", "three"]


async def test_from_sheet_runs_what_was_edited_in_a_finished_sheet(user: Agent) -> None:
    job = await user.call("start_job", config_content=FIVE)
    await user.settled(job["job_id"])
    kept = await user.call("modify_job", job_id=job["job_id"], find="echo one", replace="echo uno")
    assert kept["changed"] == [{"what": "finished", "names": ["one"]}]
    await user.settled(job["job_id"])
    rerun = await user.call(
        "modify_job", job_id=job["job_id"], find="ech three", replace="echo three", from_sheet="one"
    )
    assert rerun["changed"] == [{"what": "unfinished", "names": ["three"]}]
    assert (await user.settled(job["job_id"]))["status"] == "completed"
    assert await read(job["workspace"]) == ["one", "two", "uno", "two", "three", "four", "five"]


async def test_what_an_edit_adds_removes_and_sets_is_named(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=FIVE))["job_id"]
    await user.settled(job_id)
    line = '  - {name: four, run: "echo four >> ran"}\n'
    new = '  - {name: quatre, run: "exit 1", timeout_seconds: 9}\n'
    swapped = await user.call("modify_job", job_id=job_id, find=line, replace=new)
    assert swapped["changed"] == [
        {"what": "unfinished", "names": ["five"]},  # it needs another one now
        {"what": "added", "names": ["quatre"]},
        {"what": "removed", "names": ["four"]},
        {"what": "settings", "names": ["needs"]},
    ]
    await user.settled(job_id)
    limit = await user.call("modify_job", job_id=job_id, find="timeout_seconds: 9", replace="timeout_seconds: 8")
    assert limit["changed"] == [
        {"what": "unfinished", "names": ["quatre"]},
        {"what": "settings", "names": ["timeout_seconds"]},
    ]
    await user.settled(job_id)
    comment = await user.call("modify_job", job_id=job_id, find="# misspelt", replace="# still misspelt")
    assert "changed" not in comment
    assert "No sheet differs." in comment["summary"]
