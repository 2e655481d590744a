"""What strangers do to a job and a job does to its surroundings, tried once each on a real conductor; see STRANGERS.md."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.agent import Agent
from tests.support.jobs import wait_for_file

pytestmark = pytest.mark.anyio


def score(name: str, run: str, **more: object) -> str:
    """Return a score of one sheet."""
    return json.dumps({"name": name, **more, "sheets": [{"name": "only", "run": run}]})


async def output_of(user: Agent, job_id: str, stream: str = "stdout") -> str:
    """Return what the job's sheet wrote."""
    return str((await user.call("read_job_log", job_id=job_id, stream=stream))["job_output"])


async def test_a_pipe_whose_reader_leaves_early_ends_quietly(user: Agent) -> None:
    run = "yes | head -1; yes | head -1 >/dev/null; echo ${PIPESTATUS[0]}"
    job_id = (await user.call("start_job", config_content=score("pipe", run)))["job_id"]
    assert (await user.settled(job_id))["status"] == "completed"
    assert await output_of(user, job_id) == "y\n141"
    assert await output_of(user, job_id, "stderr") == ""


async def test_a_sheet_that_asks_for_input_or_a_password_is_not_kept_waiting(user: Agent) -> None:
    run = 'read -r name; echo "input $?"; read -r word </dev/tty; echo "terminal $?"'
    job_id = (await user.call("start_job", config_content=score("asks", run)))["job_id"]
    assert (await user.settled(job_id))["status"] == "completed"
    assert await output_of(user, job_id) == "input 1\nterminal 1"


async def test_blanks_quotes_and_foreign_letters_in_every_path_are_part_of_the_name(
    user: Agent, tmp_path: Path
) -> None:
    folder = tmp_path / "my project 日本 'q' $HOME %s"
    folder.mkdir()
    (folder / "a score ü.yaml").write_text(
        "name: 'Release / nightly 🚀'\nworkspace: ./out put\nsheets:\n"
        "  - run: 'pwd; touch \"a b.txt\"'\n    validate: [{file_exists: a b.txt}]\n"
    )
    started = await user.call("start_job", config_path=str(folder / "a score ü.yaml"))
    assert (await user.settled(started["job_id"]))["status"] == "completed"
    assert started["job_id"].startswith("release-nightly-")
    assert await output_of(user, started["job_id"]) == str(folder / "out put")


async def test_a_workspace_that_is_removed_under_a_running_sheet_is_told_and_the_job_ends(
    user: Agent, tmp_path: Path
) -> None:
    text = score(
        "lost",
        f"touch begun; until [ -e {tmp_path}/go ]; do sleep 0.1; done; echo x >out",
        workspace=str(tmp_path / "w"),
    )
    job_id = (await user.call("start_job", config_content=text))["job_id"]
    wait_for_file(tmp_path / "w/begun")
    shutil.rmtree(tmp_path / "w")
    error = await user.refused("list_artifacts", job_id=job_id)
    assert (error["code"], str(tmp_path / "w") in error["message"]) == ("ARTIFACT_NOT_FOUND", True)
    (tmp_path / "go").touch()
    assert (await user.settled(job_id))["status"] == "failed"
    assert "No such file or directory" in await output_of(user, job_id, "stderr")


async def test_a_silent_sheet_is_explained_with_what_may_hold_its_output_back(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=score("silent", "sleep 60")))["job_id"]
    await user.running(job_id)
    why = await user.call("explain_job", job_id=job_id)
    assert "has produced no output (programs hold it back where it is not a terminal" in why["summary"]
    await user.call("cancel_job", job_id=job_id)


async def test_a_process_that_a_sheet_puts_into_the_background_does_not_keep_its_job_open(user: Agent) -> None:
    run = "sleep 600 & (sleep 600 &) & nohup setsid sleep 600 >/dev/null 2>&1 & echo started"
    job_id = (await user.call("start_job", config_content=score("server", run)))["job_id"]
    assert (await user.settled(job_id))["status"] == "completed"
    assert (await user.call("verify_process_health", job_id=job_id))["process_exists"] is False
