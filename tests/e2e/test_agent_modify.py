"""`modify_job` from an agent's side: a running job takes a changed score, keeps what is finished, and says what it keeps."""

from pathlib import Path

import anyio
import pytest

from tests.support.agent import BOTH_ERAS, Agent
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio


def score(first: str = "echo one >> ran", last: str = "exit 3") -> str:
    return f"""
name: changing
sheets:
  - {{name: first, run: "{first}"}}
  - {{name: gate, run: "echo two >> ran; until [ -e go ]; do sleep 0.1; done"}}
  - {{name: last, run: "{last}"}}
"""


async def read(workspace: str, name: str) -> list[str]:
    return (await anyio.Path(workspace, name).read_text()).split()


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_running_job_takes_a_changed_score_and_finishes_with_it(user: Agent) -> None:
    job = await user.call("start_job", config_content=score())
    job_id = job["job_id"]
    while "gate" not in (await user.call("get_job", job_id=job_id))["running"]:
        pass
    changed = await user.call(
        "modify_job", job_id=job_id, config_content=score("echo other >> ran", "echo three >> ran")
    )
    assert (changed["success"], changed["pending"], changed["status"]) == (True, True, "running")
    assert changed["changed"] == [{"what": "finished", "names": ["first"]}, {"what": "unfinished", "names": ["last"]}]
    assert "takes effect when its running sheets have ended" in changed["summary"]
    await anyio.Path(job["workspace"], "go").touch()
    assert (await user.settled(job_id))["status"] == "completed"
    assert await read(job["workspace"], "ran") == ["one", "two", "three"]


async def test_a_failed_job_goes_on_with_a_corrected_score_and_from_sheet_runs_a_changed_one_again(
    user: Agent, tmp_path: Path
) -> None:
    job = await user.call("start_job", config_content=score())
    job_id = job["job_id"]
    await anyio.Path(job["workspace"], "go").touch()
    assert (await user.settled(job_id))["status"] == "failed"
    path = tmp_path / "corrected.yaml"
    path.write_text(score("echo again >> ran", "echo three >> ran"))
    kept = await user.call("modify_job", job_id=job_id, config_path=str(path))
    assert kept["changed"] == [{"what": "finished", "names": ["first"]}, {"what": "unfinished", "names": ["last"]}]
    assert "2 finished sheets were kept." in kept["summary"]
    assert (await user.settled(job_id))["status"] == "completed"
    assert await read(job["workspace"], "ran") == ["one", "two", "three"]
    refused = await user.refused("modify_job", job_id=job_id, config_path=str(path))
    assert (refused["code"], refused["state"]) == ("WRONG_STATE", "completed")

    again = await user.call("start_job", config_content=score())
    await anyio.Path(again["workspace"], "go").touch()
    await user.settled(again["job_id"])
    rerun = await user.call("modify_job", job_id=again["job_id"], config_path=str(path), from_sheet="first")
    assert rerun["changed"] == [{"what": "unfinished", "names": ["first", "last"]}]
    await user.settled(again["job_id"])
    assert await read(again["workspace"], "ran") == ["one", "two", "again", "two", "three"]


async def test_a_sheet_whose_text_only_depends_on_a_changed_variable_counts_as_changed(user: Agent) -> None:
    text = "name: words\nvariables: {word: old, other: 1}\nsheets:\n  - {name: a, run: 'echo {{ word }}'}\n  - {name: b, run: echo b}\n  - {name: c, run: exit 1}\n"
    job_id = (await user.call("start_job", config_content=text))["job_id"]
    await user.settled(job_id)
    same = await user.call("modify_job", job_id=job_id, config_content=text.replace("other: 1", "other: 2"))
    assert same["changed"] == [{"what": "settings", "names": ["variables"]}]
    assert "2 finished sheets were kept. No sheet differs, only settings." in same["summary"]
    await user.settled(job_id)
    differs = await user.call("resume_job", job_id=job_id, config_content=text.replace("word: old", "word: new"))
    assert {"what": "finished", "names": ["a"]} in differs["changed"]


@pytest.mark.parametrize("tool", ["modify_job", "resume_job"])
async def test_a_changed_score_takes_the_variables_of_the_jobs_start(user: Agent, tool: str) -> None:
    text = "name: given\nvariables: {target: dev}\nsheets:\n  - {name: a, run: 'echo {{ target }} {{ region }} >> ran; exit 1'}\n"
    job = await user.call("start_job", config_content=text, variables=["target=prod", "region=north"])
    assert (await user.settled(job["job_id"]))["status"] == "failed"
    for changed in (
        text.replace("{{ region }}", "anywhere"),
        text.replace("exit 1", "exit 0"),
    ):  # the first has no region
        await user.call(tool, job_id=job["job_id"], config_content=changed)
        last = await user.settled(job["job_id"])
    assert last["status"] == "completed"
    assert await read(job["workspace"], "ran") == ["prod", "north", "prod", "anywhere", "prod", "north"]


async def test_a_changed_score_that_names_another_workspace_is_told_that_the_job_stays(
    user: Agent, tmp_path: Path
) -> None:
    text = "name: staying\nsheets: [{name: a, run: exit 1}]\n"
    job = await user.call("start_job", config_content=text)
    await user.settled(job["job_id"])
    told = await user.call("modify_job", job_id=job["job_id"], config_content=f"workspace: {tmp_path}/other\n{text}")
    assert f"New warning: workspace: the change is ignored; the job stays in {job['workspace']}." in told["summary"]
    await user.settled(job["job_id"])
    assert (await user.call("get_job", job_id=job["job_id"], detail="full"))["warnings"] == [
        f"workspace: the change is ignored; the job stays in {job['workspace']}"
    ]
    assert not (tmp_path / "other").exists()


async def test_a_bad_score_is_refused_and_changes_nothing(user: Agent) -> None:
    job = await user.call("start_job", config_content=score())
    error = await user.refused("modify_job", job_id=job["job_id"], config_content=score().replace("run:", "rnu:"))
    assert error["code"] == "SCORE_INVALID"
    assert error["problems"][0]["line"] == 4
    unknown = await user.refused("modify_job", job_id=job["job_id"], config_content=score(), from_sheet="nope")
    assert (unknown["code"], unknown["sheet"]) == ("INVALID_ARGUMENTS", "nope")
    await anyio.Path(job["workspace"], "go").touch()
    assert (await user.settled(job["job_id"]))["status"] == "failed"


async def test_a_change_that_was_taken_survives_the_conductors_crash(user: Agent, revived_conductor: Conductor) -> None:
    job = await user.call("start_job", config_content=score())
    while "gate" not in (await user.call("get_job", job_id=job["job_id"]))["running"]:
        pass
    changed = await user.call("modify_job", job_id=job["job_id"], config_content=score(last="echo three >> ran"))
    assert changed["pending"]
    await anyio.to_thread.run_sync(revived_conductor.kill)
    await anyio.Path(job["workspace"], "go").touch()
    await anyio.to_thread.run_sync(revived_conductor.start)
    assert (await user.settled(job["job_id"]))["status"] == "completed"
    assert await read(job["workspace"], "ran") == ["one", "two", "three"]
