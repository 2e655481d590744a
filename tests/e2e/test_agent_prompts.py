"""What agents are given on a real conductor: the whole prompt, as a stand-in for the tool has received it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.golden import check_golden_text
from tests.support.jobs import check_history, sheets_of, submit, until
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.stand_ins import StandIns

NUMBERED = """\
name: review
instrument: claude-code
workspace: {folder}/ws
pause_between_sheets_seconds: 0
retry: {{max_retries: 0}}
sheet:
  size: 1
  total_items: 2
  fan_out: {{2: 2}}
  dependencies: {{2: [1]}}
  prelude:
    - {{file: style.md, as: skill}}
    - {{file: "{{{{ workspace }}}}/findings-{{{{ sheet_num }}}}.md", as: context}}
  cadenzas:
    3: [{{file: lint.sh, as: tool}}]
  prompt_extensions: {{3: [rules.md]}}
prompt:
  template: |
    Review part {{{{ instance }}}} of the whale report.
    {{{{ stakes }}}}
  stakes: People at sea rely on it.
  prompt_extensions: ["Write plain sentences."]
validations:
  - {{type: file_exists, path: "{{workspace}}/report{{sheet_num}}.md", description: the report}}
  - {{type: content_contains, path: "report{{sheet_num}}.md", pattern: "VERDICT:", stage: 2}}
  - {{type: command_succeeds, command: "grep -q whale report{{sheet_num}}.md", condition: "stage == 2", stage: 2}}
"""
WORK = "echo 'VERDICT: a whale' > report%d.md; echo found > findings-3.md"


@pytest.fixture
def agents(tmp_path: Path) -> StandIns:
    """A set of stand-ins, empty so far."""
    return StandIns(tmp_path / "agents")


@pytest.fixture
def conductor(agents: StandIns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conductor]:
    """A conductor that finds the stand-ins: a numbered score brings no PATH."""
    running = Conductor(make_home(tmp_path_factory.mktemp("c"))).start(**agents.environment)
    yield running
    running.end()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a score with the files that it names."""
    folder = tmp_path / "score"
    folder.mkdir()
    for name, text in {
        "style.md": "Use short words.\n",
        "lint.sh": "vale report.md\n",
        "rules.md": "No lists.\n",
    }.items():
        (folder / name).write_text(text)
    return folder


def end_of(conductor: Conductor, job_id: str) -> dict[str, Any]:
    """Wait for the job's end, check its history and return its view."""
    view = until(conductor, job_id, "completed", "failed")
    check_history(conductor, job_id)
    return view


def prompts(agents: StandIns, folder: Path, tool: str = "claude") -> list[str]:
    """Return what the tool was asked, with the folder's name left out."""
    return [call["prompt"].replace(str(folder), "/scores") for call in agents.calls(tool)]


@pytest.mark.parametrize("inline", [False, True], ids=["by-path", "inline"])
def test_a_numbered_score_gives_its_agents_all_parts_of_the_prompt(
    conductor: Conductor, agents: StandIns, folder: Path, inline: bool
) -> None:
    agents.install("claude", *({"work": WORK % number} for number in (1, 2, 3)))
    text = NUMBERED.format(folder=folder)
    (folder / "score.yaml").write_text(text)
    given = {"config_content": text} if inline else {"config_path": str(folder / "score.yaml")}
    reply = ask(conductor.settings.socket, "job.submit", {**given, "client_cwd": str(folder)})
    view = end_of(conductor, reply["job_id"])
    assert view["status"] == "completed", view["reason"]
    first, second, third = prompts(agents, folder)
    check_golden_text("prompts/numbered.txt", third)
    assert "sheet 1 of 3 of a job" in first
    assert "sheet 2 of 3 (instance 1 of 2 of stage 2) of a job" in second
    assert "(The file /scores/ws/findings-2.md, meant as context, was not there when this sheet began.)" in second
    assert [len(each.split("VERDICT:")) for each in (first, second, third)] == [2, 2, 2]
    assert [each.count("grep -q whale") for each in (first, second, third)] == [0, 1, 1]
    told = [
        f"sheet {num}: attempt 1 began without the file '{folder}/ws/findings-{num}.md', which was not there."
        for num in (2, 1)
    ]
    assert [each for each in view["warnings"] if "began without" in each] == told


def test_a_numbered_score_can_leave_the_words_out_and_keeps_its_files(
    conductor: Conductor, agents: StandIns, folder: Path
) -> None:
    agents.install("claude")
    score = {
        "name": "demo", "instrument": "claude-code", "workspace": str(folder), "success_requirements": False,
        "sheet": {"size": 1, "total_items": 1, "prelude": [{"file": "style.md", "as": "skill"}]},
        "prompt": {"template": "TASK"},
    }  # fmt: skip
    end_of(conductor, submit(conductor, json.dumps(score), client_cwd=str(folder)))
    assert prompts(agents, folder) == ['<skill file="/scores/style.md">\nUse short words.\n</skill>\n\nTASK\n']


@pytest.mark.parametrize("inline", [False, True], ids=["by-path", "inline"])
def test_a_named_score_tells_its_agents_what_is_checked_where_it_says_so(
    conductor: Conductor, agents: StandIns, folder: Path, inline: bool
) -> None:
    agents.install("claude", {}, {"work": "touch review.md"})
    sheets: list[dict[str, Any]] = [
        {"name": "script", "run": "true", "validate": [{"file_exists": "style.md"}]},
        {"name": "plain", "prompt": "TASK"},
        {"name": "review", "prompt": "Review {{ name }}.", "success_requirements": True,
         "validate": [{"file_exists": {"path": "{name}.md", "description": "what you found"}}]},
    ]  # fmt: skip
    text = json.dumps({"name": "demo", "instrument": "claude-code", "workspace": str(folder), "sheets": sheets})
    (folder / "score.yaml").write_text(text)
    given = {"config_content": text} if inline else {"config_path": str(folder / "score.yaml")}
    reply = ask(conductor.settings.socket, "job.submit", given)
    assert end_of(conductor, reply["job_id"])["status"] == "completed"
    plain, review = prompts(agents, folder)
    assert plain == "TASK"
    check_golden_text("prompts/named.txt", review)


def test_a_script_of_a_numbered_score_is_its_template_alone(conductor: Conductor, folder: Path) -> None:
    score = {
        "name": "demo", "instrument": "cli", "workspace": str(folder),
        "sheet": {"size": 1, "total_items": 1, "prelude": [{"file": "style.md"}]},
        "prompt": {"template": 'cat "$0" > script', "prompt_extensions": ["x"]},
        "validations": [{"type": "file_exists", "path": "script"}],
    }  # fmt: skip
    job_id = submit(conductor, json.dumps(score), client_cwd=str(folder))
    assert end_of(conductor, job_id)["status"] == "completed"
    assert (folder / "script").read_text().strip() == 'cat "$0" > script'


def test_a_skill_that_the_first_sheet_writes_is_in_the_prompts_of_the_others(
    conductor: Conductor, agents: StandIns, folder: Path
) -> None:
    agents.install("claude", {"work": "echo Use short words. > skill.md"}, {})
    score = {
        "name": "demo", "instrument": "claude-code", "workspace": str(folder), "pause_between_sheets_seconds": 0,
        "sheet": {"size": 1, "total_items": 2, "prelude": [
            {"file": "{{ workspace }}/skill.md", "as": "skill"}, {"file": "{{ workspace }}/a.sh", "as": "tool"},
        ]},
        "prompt": {"template": "TASK"},
    }  # fmt: skip
    view = end_of(conductor, submit(conductor, json.dumps(score)))
    assert view["status"] == "completed"
    first, second = prompts(agents, folder)
    assert "(The file /scores/skill.md, meant as skill, was not there when this sheet began.)" in first
    assert '<skill file="/scores/skill.md">\nUse short words.\n</skill>' in second
    assert view["warnings"] == [
        f"sheet 2: attempt 1 began without the file '{folder}/a.sh', which was not there.",
        f"sheet 1: attempt 1 began without the files '{folder}/skill.md', '{folder}/a.sh', which were not there.",
    ]


def test_a_missing_directive_fails_the_sheet_with_its_path_and_a_resume_finds_it(
    conductor: Conductor, agents: StandIns, folder: Path
) -> None:
    agents.install("claude")
    (folder / "style.md").unlink()
    score = {
        "name": "demo", "instrument": "claude-code", "workspace": str(folder), "retry": {"max_retries": 0},
        "sheet": {"size": 1, "total_items": 1}, "prompt": {"template": "TASK", "prompt_extensions": ["style.md"]},
    }  # fmt: skip
    job_id = submit(conductor, json.dumps(score), client_cwd=str(folder))
    view = end_of(conductor, job_id)
    assert view["status"] == "failed"
    why = f"directive: {folder}/style.md cannot be opened: No such file or directory"
    assert f"The prompt of sheet 1 cannot be made: {why}" in sheets_of(conductor, job_id)["1"]["reason"]
    assert agents.calls("claude") == []
    (folder / "style.md").write_text("Use short words.")
    ask(conductor.settings.socket, "job.resume", {"job_id": job_id})
    assert end_of(conductor, job_id)["status"] == "completed"
    assert "Use short words." in prompts(agents, folder)[0]


def test_a_pipe_in_place_of_a_file_does_not_keep_the_sheet_waiting(
    conductor: Conductor, agents: StandIns, folder: Path
) -> None:
    agents.install("claude")
    os.mkfifo(folder / "1.md")
    score = {
        "name": "demo", "instrument": "claude-code", "workspace": str(folder), "retry": {"max_retries": 0},
        "sheet": {"size": 1, "total_items": 1, "prelude": [{"file": "{{ sheet_num }}.md"}]},
        "prompt": {"template": "TASK"},
    }  # fmt: skip
    job_id = submit(conductor, json.dumps(score), client_cwd=str(folder))
    assert end_of(conductor, job_id)["status"] == "failed"
    assert "1.md is not a regular file" in sheets_of(conductor, job_id)["1"]["reason"]


def test_a_prompt_that_its_files_make_too_long_for_an_argument_says_so(
    conductor: Conductor, agents: StandIns, folder: Path
) -> None:
    agents.install("opencode")
    agents.install("claude")
    (folder / "style.md").write_text("x" * 140_000)
    score = {
        "name": "demo", "instrument": "opencode", "workspace": str(folder), "retry": {"max_retries": 0},
        "sheet": {
            "size": 1, "total_items": 2, "prelude": [{"file": "style.md", "as": "skill"}], "dependencies": {1: [], 2: []},
            "per_sheet_instruments": {2: "claude-code"},
        },
        "prompt": {"template": "TASK"},
    }  # fmt: skip
    job_id = submit(conductor, json.dumps(score), client_cwd=str(folder))
    assert end_of(conductor, job_id)["status"] == "failed"
    sheets = sheets_of(conductor, job_id)
    assert (
        "The prompt is longer than 131071 bytes, the longest argument that opencode can be given"
        in sheets["1"]["reason"]
    )
    assert sheets["2"]["status"] == "completed"  # whose prompt is standard input
    assert len(prompts(agents, folder)[0]) > 140_000


def test_an_agent_that_heals_its_work_is_told_what_is_wrong_after_what_is_checked(
    conductor: Conductor, agents: StandIns, folder: Path
) -> None:
    agents.install("claude", {"stdout": "nearly done"}, {"work": "touch review.md"})
    sheet = {"prompt": "Review.", "success_requirements": True, "validate": [{"file_exists": "review.md"}]}
    score = {"name": "demo", "instrument": "claude-code", "workspace": str(folder), "sheets": [sheet]}
    job_id = submit(conductor, json.dumps(score), self_healing=True)
    assert end_of(conductor, job_id)["status"] == "completed"
    first, second = prompts(agents, folder)
    assert second.startswith(first)
    note = second.removeprefix(first)
    assert note.startswith("\n\n---\nAn earlier attempt at this task ended before the task was done.")
    assert "- file_exists: expected" in note
    assert "nearly done" in note


def test_files_are_read_at_each_attempt_and_a_failed_one_tells_what_it_was_without(
    conductor: Conductor, agents: StandIns, folder: Path
) -> None:
    agents.install("claude", {"work": "echo NOTES > notes.md", "exit": 1})
    score = {
        "name": "demo", "instrument": "claude-code", "workspace": str(folder),
        "retry": {"max_retries": 1, "base_delay_seconds": 0},
        "sheet": {"size": 1, "total_items": 1, "cadenzas": {1: [{"file": "{{ workspace }}/notes.md"}]}},
        "prompt": {"template": "TASK"},
    }  # fmt: skip
    view = end_of(conductor, submit(conductor, json.dumps(score)))
    assert view["status"] == "completed"
    assert ["NOTES" in each for each in prompts(agents, folder)] == [False, True]
    assert view["warnings"] == [f"sheet 1: attempt 1 began without the file '{folder}/notes.md', which was not there."]
