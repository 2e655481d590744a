"""A score from an agent's side: the text that a job runs, and the text and the commands of one that is checked."""

import os
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.support.agent import BOTH_ERAS, Agent

pytestmark = pytest.mark.anyio

SECRET = "sk-live-of-a-score"
SCORE = f"""\
# how it began
name: told
env:
  API_KEY: {SECRET}
variables: {{who: world, times: 3}}
sheets:
- {{name: hello, foreach: {{lang: [de, fr]}}, run: "echo {{{{ who }}}} {{{{ lang }}}} {SECRET}"}}
"""
HIDDEN = SCORE.replace(SECRET, "[value of API_KEY]")
HELD = "name: held\nsheets: [{name: gate, run: 'until [ -e go ]; do sleep 0.1; done'}]\n"
PLAIN = "name: same\nsheets: [{run: 'true'}]\n"


async def read(user: Agent, job_id: str, **arguments: Any) -> dict[str, Any]:
    return await user.call("get_job", job_id=job_id, detail="score", **arguments)


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_the_text_of_a_job_is_read_with_its_variables_and_what_became_of_the_file(
    user: Agent, tmp_path: Path
) -> None:
    path = tmp_path / "told.yaml"
    path.write_text(SCORE)
    job_id = (await user.call("start_job", config_path=str(path), variables=["who=me"]))["job_id"]
    await user.settled(job_id)
    found = await read(user, job_id)
    assert found["score"] + "\n" == HIDDEN
    assert (found["first_line"], found["lines_total"], found["config_path"]) == (1, 7, str(path))
    assert (found["file"], found["start_variables"], found["variables"]) == ("same", ["who=me"], ["times=3"])
    path.write_text(SCORE + "# changed\n")
    assert (await read(user, job_id))["file"] == "differs"
    path.write_bytes(b"\xff")
    assert (await read(user, job_id))["file"] == "differs"
    path.unlink()
    gone = await read(user, job_id)
    assert (gone["file"], gone["score"] + "\n") == ("gone", HIDDEN)
    assert f"It came from {path}, which is not there now." in gone["summary"]


async def test_the_variables_of_a_score_show_no_secret_that_they_name(user: Agent) -> None:
    score = "variables: {sync: 'x --password pw-77', to: {api_token: pw-78}}\n" + PLAIN
    found = await read(user, (await user.call("start_job", config_content=score))["job_id"])
    assert found["variables"] == ["sync=x --password [value of password]", 'to={"api_token": [value of api_token]}']


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_an_inline_score_is_read_and_jobs_with_the_same_plan_show_each_its_own(user: Agent) -> None:
    job_ids = [
        (await user.call("start_job", config_content=f"# {who}\n{PLAIN}"))["job_id"] for who in ("first", "second")
    ]
    for job_id, who in zip(job_ids, ("first", "second"), strict=True):
        found = await read(user, job_id)
        assert found["score"] + "\n" == f"# {who}\n{PLAIN}"
        assert found["file"] == "inline"
        assert "config_path" not in found
        assert found["summary"].endswith("It was given as text.")


async def test_a_pending_change_is_shown_and_said(user: Agent, tmp_path: Path) -> None:
    path = tmp_path / "held.yaml"
    path.write_text("# changed\n" + HELD)
    job = await user.call("start_job", config_content=HELD)
    await user.running(job["job_id"])
    await user.call("modify_job", job_id=job["job_id"], config_path=str(path))
    found = await read(user, job["job_id"])
    assert (found["score_pending"], found["score"] + "\n", found["config_path"]) == (
        True, "# changed\n" + HELD, str(path)
    )  # fmt: skip
    assert found["summary"].startswith(f"The changed score of {job['job_id']}, used once its running sheets have ended")
    await anyio.Path(job["workspace"], "go").touch()
    await user.settled(job["job_id"])
    taken = await read(user, job["job_id"])
    assert taken["score"] == found["score"]
    assert "score_pending" not in taken


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_long_score_is_paged_by_the_next_call_and_one_of_a_single_line_is_cut(user: Agent) -> None:
    text = "".join(f"# line {number}\n" for number in range(1, 3001)) + PLAIN
    job_id = (await user.call("start_job", config_content=text))["job_id"]
    await user.settled(job_id)
    found = await read(user, job_id, max_lines=1000)
    assert (found["first_line"], found["lines_total"], found["truncated"]) == (1, 3002, True)
    lines = found["score"].split("\n")
    while found.get("truncated"):
        assert found["next"] == (f'get_job(job_id="{job_id}", detail="score", offset={len(lines) + 1}, max_lines=1000)')
        found = await read(user, job_id, offset=len(lines) + 1, max_lines=1000)
        lines += found["score"].split("\n")
    assert "\n".join(lines) + "\n" == text
    for offset in (9999, 2**40):
        beyond = await read(user, job_id, offset=offset)
        assert f"nothing at line {offset}, as it has 3002 lines" in beyond["summary"]
    one = f'{{"name": "one", "description": "{"x" * 900_000}", "sheets": [{{"run": "true"}}]}}'
    single = await read(user, (await user.call("start_job", config_content=one))["job_id"])
    assert single["score"].startswith('{"name": "one", "description": "xxx')
    assert single["score"].endswith(" more characters]")
    assert (single["lines_total"], len(single["score"]) < 2000) == (1, True)


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_check_says_what_each_sheet_runs_and_shows_the_file(user: Agent, tmp_path: Path) -> None:
    path = tmp_path / "told.yaml"
    path.write_text(SCORE)
    found = await user.call("validate_score", config_path=str(path))
    assert [sheet["command"] for sheet in found["sheets"]] == [
        f"echo world {lang} [value of API_KEY]" for lang in ("de", "fr")
    ]
    assert found["score"] + "\n" == HIDDEN
    assert found["next"] == f'start_job(config_path="{path}")'
    inline = await user.call("validate_score", config_content=SCORE)
    assert "score" not in inline
    planned = await user.call("start_job", config_path=str(path), dry_run=True)
    assert [sheet["command"] for sheet in planned["plan"]] == [sheet["command"] for sheet in found["sheets"]]
    path.write_text(SCORE.replace("run:", "runs:"))
    invalid = await user.call("validate_score", config_path=str(path), max_lines=3)
    assert (invalid["valid"], invalid["truncated"], invalid["lines_total"]) == (False, True, 7)
    assert invalid["score"].split("\n") == HIDDEN.split("\n")[:3]
    assert invalid["next"] == f'validate_score(config_path="{path}", offset=4, max_lines=3)'
    rest = await user.call("validate_score", config_path=str(path), offset=4)
    assert rest["score"].split("\n") == HIDDEN.replace("run:", "runs:").split("\n")[3:7]


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_nothing_of_a_file_that_is_no_score_is_read_to_a_caller(user: Agent, tmp_path: Path) -> None:
    key = tmp_path / "key.yaml"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n")
    linked = tmp_path / "passwd.yaml"
    linked.symlink_to("/etc/passwd")
    other = tmp_path / "other.yml"
    other.write_text("kind: Secret\ndata: {note: very-private-note}\n")
    for path, told in ((key, "b3Blbn"), (linked, "root:"), (other, "very-private-note")):
        found = await user.call("validate_score", config_path=str(path))
        assert not found["valid"]
        assert "score" not in found
        assert "so it is not taken for a score, and nothing of it is shown." in found["summary"]
        assert told not in str(found)
        assert told not in str(await user.refused("start_job", config_path=str(path)))


async def test_both_calls_follow_the_same_rules_for_paths(user: Agent, tmp_path: Path) -> None:
    folder, pipe, text = tmp_path / "folder.yaml", tmp_path / "pipe.yaml", tmp_path / "score.txt"
    folder.mkdir()
    os.mkfifo(pipe)
    text.write_text(PLAIN)
    codes = {
        f"{tmp_path}/../{tmp_path.name}/x.yaml": "PATH_NOT_ALLOWED",
        str(text): "INVALID_ARGUMENTS",
        str(tmp_path / "missing.yaml"): "SCORE_NOT_FOUND",
        str(folder): "SCORE_NOT_FOUND",
        str(pipe): "SCORE_NOT_FOUND",
    }
    for path, code in codes.items():
        for tool in ("validate_score", "start_job"):
            assert (await user.refused(tool, config_path=path))["code"] == code, (tool, path)
