"""Numbered scores on a real conductor: which agent plays which sheet after fan-out, with which arguments, also when run again."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.jobs import check_history, sheets_of, submit, until
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.stand_ins import StandIns

AGENTS = ("claude", "gemini", "goose")


@pytest.fixture
def agents(tmp_path: Path) -> StandIns:
    """Stand-ins for some agents."""
    found = StandIns(tmp_path / "agents")
    for tool in AGENTS:
        found.install(tool)
    return found


@pytest.fixture
def conductor(agents: StandIns) -> Iterator[Conductor]:
    """A conductor that finds the stand-ins: a numbered score brings no environment of its own."""
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    running = Conductor(make_home(folder)).start(**agents.environment)
    yield running
    running.end()
    shutil.rmtree(folder, ignore_errors=True)


def score(workspace: Path, rest: str, *, template: str = "sheet {{ sheet_num }}") -> str:
    """Return a numbered score for cli without pauses; `rest` are more of its lines."""
    return (
        f"name: demo\nworkspace: {workspace}\ninstrument: cli\npause_between_sheets_seconds: 0\n"
        f"success_requirements: false\nprompt:\n  template: |\n    {template}\n{rest}\n"
    )


def end_of(conductor: Conductor, job_id: str) -> str:
    """Wait for the job's end, check its history and return its status."""
    view = until(conductor, job_id, "completed", "failed")
    check_history(conductor, job_id)
    return str(view["status"])


def prompts(agents: StandIns, tool: str) -> list[str]:
    """Return the prompts that a tool was given."""
    return [str(call["prompt"]).strip() for call in agents.calls(tool)]


SHEETS = """\
sheet:
  size: 1
  total_items: 2
  fan_out: {{1: 3}}
  descriptions: {{2: the second}}
  instrument_map: {{{agent}: [2]}}
  per_sheet_instruments: {{3: gemini-cli}}
instruments:
  bold: {{profile: claude-code, config: {{skip_permissions: true, disable_mcp: true, cli_model: big, allowed_tools: [Read, Edit]}}}}
retry: {{max_retries: 1, base_delay_seconds: 0}}"""


def test_each_sheet_after_fan_out_is_played_by_its_own_agent_with_its_own_arguments_also_in_a_retry(
    conductor: Conductor, agents: StandIns, tmp_path: Path
) -> None:
    agents.install("claude", {"exit": 1})
    job_id = submit(conductor, score(tmp_path / "w", SHEETS.format(agent="bold"), template=": {{ sheet_num }}"))
    assert end_of(conductor, job_id) == "completed"
    assert (prompts(agents, "claude"), prompts(agents, "gemini")) == ([": 2", ": 2"], [": 3"])
    assert agents.calls("claude")[1]["arguments"] == [
        *("-p", "--output-format", "text", "--permission-mode", "bypassPermissions"),
        *("--strict-mcp-config", "--model", "big", "--allowedTools", "Read,Edit"),
    ]
    sheets = sheets_of(conductor, job_id)
    assert [sheets[num]["instrument"] for num in "1234"] == ["cli", "claude-code", "gemini-cli", "cli"]
    assert [sheets[num]["description"] for num in "1234"] == ["", "the second", "", ""]


def test_a_changed_map_is_a_change_of_that_sheet_which_runs_again_with_its_new_agent(
    conductor: Conductor, agents: StandIns, tmp_path: Path
) -> None:
    text = score(
        tmp_path / "w", f"{SHEETS.format(agent='bold')}\nparallel: {{enabled: true}}", template=": {{ sheet_num }}"
    )
    job_id = submit(conductor, text + "validations: [{type: file_exists, path: go, sheet: 4, retry_count: 0}]\n")
    assert end_of(conductor, job_id) == "failed"
    changed = score(tmp_path / "w", SHEETS.format(agent="goose"), template=": {{ sheet_num }}")
    request = {"job_id": job_id, "config_content": changed, "from_sheet": "2"}
    reply = ask(conductor.settings.socket, "job.resume", request)
    assert reply["status"] == "accepted", reply
    assert end_of(conductor, job_id) == "completed"
    assert (prompts(agents, "claude"), prompts(agents, "goose"), prompts(agents, "gemini")) == (
        [": 2"],
        [": 2"],
        [": 3"],
    )
    assert sheets_of(conductor, job_id)["2"]["instrument"] == "goose"


def test_an_unknown_fallback_is_skipped_and_the_next_one_plays(
    conductor: Conductor, agents: StandIns, tmp_path: Path
) -> None:
    rest = "sheet: {size: 1, total_items: 1, per_sheet_instruments: {1: crush}}\ninstrument_fallbacks: [anthropic_api, goose]"
    request = {"config_content": score(tmp_path / "w", rest)}
    reply = ask(conductor.settings.socket, "job.submit", request)
    assert any("the fallback anthropic_api is skipped" in warning for warning in reply["job"]["warnings"])
    assert end_of(conductor, reply["job_id"]) == "completed"
    assert prompts(agents, "goose") == ["sheet 1"]


def test_an_instance_waits_for_its_own_instance_of_a_stage_of_the_same_size_and_for_no_other(
    conductor: Conductor, tmp_path: Path
) -> None:
    # The second instance of the first stage ends only when the first one of the second stage has run.
    waiting = "until [ -e 2-1 ]; do sleep 0.1; done; exit 1"
    template = f"{{% if stage == 1 and instance == 2 %}}{waiting}{{% else %}}touch {{{{ stage }}}}-{{{{ instance }}}}{{% endif %}}"
    rest = (
        "sheet: {size: 1, total_items: 2, fan_out: {1: 2, 2: 2}, dependencies: {2: [1]}}\n"
        "parallel: {enabled: true, max_concurrent: 4, fail_fast: false}\nretry: {max_retries: 0}"
    )
    job_id = submit(conductor, score(tmp_path / "w", rest, template=template))
    assert end_of(conductor, job_id) == "failed"
    sheets = sheets_of(conductor, job_id)
    assert [sheets[num]["status"] for num in "1234"] == ["completed", "failed", "completed", "skipped"]
