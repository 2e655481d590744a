"""Agent instruments on a real conductor, with stand-ins that behave as the tools are documented to."""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podium.settings import Settings
from tests.support import stand_ins as says
from tests.support.jobs import check_history, events_of, sheets_of, submit, types_of, until, wait_for_file
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as until_holds
from tests.support.stand_ins import StandIns

AGENTS = {
    "claude-code": "claude", "codex-cli": "codex", "gemini-cli": "gemini", "aider": "aider", "goose": "goose",
    "opencode": "opencode", "crush": "crush", "cline-cli": "cline",
}  # fmt: skip
PROMPT = "Read the notes,\nthen write 'review.md' & be $HOME-ly: \\o/ \"quoted\"."


@pytest.fixture
def agents(tmp_path: Path) -> StandIns:
    """A set of stand-ins, empty so far."""
    return StandIns(tmp_path / "agents")


@pytest.fixture(scope="module")
def conductor() -> Iterator[Conductor]:
    """One conductor for the tests that do not kill it: a score brings its PATH."""
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    running = Conductor(make_home(folder)).start()
    yield running
    running.end()
    shutil.rmtree(folder, ignore_errors=True)


def score(workspace: Path, *sheets: dict[str, Any], agents: StandIns | None = None, **top: Any) -> str:
    """Return a named score as JSON, which is YAML. It finds the stand-ins."""
    env = agents.environment if agents else {}
    return json.dumps({"name": "demo", "workspace": str(workspace), "env": env, **top, "sheets": list(sheets)})


def told(conductor: Conductor, job_id: str, kind: str) -> list[dict[str, Any]]:
    """Return the data of a job's events of one type."""
    return [event["data"] for event in events_of(conductor, job_id) if event["type"] == kind]


def end_of(conductor: Conductor, job_id: str) -> dict[str, Any]:
    """Wait for the job's end, check its history and return its view."""
    view = until(conductor, job_id, "completed", "failed")
    check_history(conductor, job_id)
    return view


@pytest.mark.parametrize(("instrument", "tool"), AGENTS.items())
def test_each_agent_gets_the_prompt_in_its_own_way(
    conductor: Conductor, agents: StandIns, tmp_path: Path, instrument: str, tool: str
) -> None:
    agents.install(tool)
    sheet = {"prompt": PROMPT, "instrument": instrument, "instrument_config": {"model": "best-1"}}
    job_id = submit(conductor, score(tmp_path, sheet, agents=agents))
    assert end_of(conductor, job_id)["status"] == "completed"
    (call,) = agents.calls(tool)
    assert (call["prompt"], call["cwd"]) == (PROMPT, str(tmp_path))
    arguments = call["arguments"]
    assert arguments[arguments.index("--model") + 1] == "best-1"
    assert sheets_of(conductor, job_id)["1"]["instrument"] == instrument


def test_a_setting_takes_the_place_of_the_profiles_own(conductor: Conductor, agents: StandIns, tmp_path: Path) -> None:
    agents.install("claude")
    sheet = {"prompt": "x", "instrument": "claude-code", "instrument_config": {"permission_mode": "plan"}}
    end_of(conductor, submit(conductor, score(tmp_path, sheet, agents=agents)))
    assert agents.calls("claude")[0]["arguments"] == ["-p", "--output-format", "text", "--permission-mode", "plan"]


@pytest.mark.parametrize(
    ("instrument", "tool", "text"),
    [("claude-code", "claude", says.USAGE_LIMIT), ("codex-cli", "codex", says.CODEX_LIMIT)],
)
def test_a_rate_limited_sheet_waits_as_long_as_it_is_told_and_uses_up_no_retry(
    conductor: Conductor, agents: StandIns, tmp_path: Path, instrument: str, tool: str, text: str
) -> None:
    agents.install(tool, {"stderr": text.format(seconds=1), "exit": 1})
    begun = time.monotonic()
    job_id = submit(conductor, score(tmp_path, {"prompt": "x", "instrument": instrument}, agents=agents))
    assert end_of(conductor, job_id)["status"] == "completed"
    assert time.monotonic() - begun >= 1
    (limited,) = told(conductor, job_id, "sheet.rate_limited")
    assert (limited["delay_seconds"], limited["wait"], limited["instrument"]) == (1, 1, instrument)
    assert "is rate limited until 20" in limited["reason"]
    assert "sheet.retrying" not in types_of(conductor, job_id)


def test_a_waiting_sheet_says_until_when_and_holds_no_slot(
    conductor: Conductor, agents: StandIns, tmp_path: Path
) -> None:
    agents.install("claude", {"stdout": says.USAGE_LIMIT.format(seconds=3000), "exit": 1})
    job_id = submit(conductor, score(tmp_path, {"prompt": "x", "instrument": "claude-code"}, agents=agents))
    socket = conductor.settings.socket
    until_holds(lambda: sheets_of(conductor, job_id)["1"]["status"] == "waiting")
    sheet = sheets_of(conductor, job_id)["1"]
    assert sheet["waiting_until"]
    assert sheet["reason"].startswith("claude-code is rate limited until ")
    assert ask(socket, "daemon.status")["running_sheets"] == 0
    assert "sheet 1 is waiting" in ask(socket, "job.status", {"job_id": job_id, "sheets": False})["podium"]["reason"]
    ask(socket, "job.cancel", {"job_id": job_id})
    assert until(conductor, job_id, "cancelled")


@pytest.mark.parametrize(
    ("instrument", "tool", "text"),
    [("claude-code", "claude", says.NOT_SIGNED_IN), ("codex-cli", "codex", says.CODEX_NOT_SIGNED_IN)],
)
def test_an_agent_that_is_not_signed_in_fails_at_once_whatever_retries_there_are(
    conductor: Conductor, agents: StandIns, tmp_path: Path, instrument: str, tool: str, text: str
) -> None:
    agents.install(tool, {"stderr": text, "exit": 1})
    sheet = {"prompt": "x", "instrument": instrument, "retry": {"max_retries": 5, "base_delay_seconds": 60}}
    view = end_of(conductor, submit(conductor, score(tmp_path, sheet, agents=agents)))
    assert view["status"] == "failed"
    assert f"{instrument} is not signed in" in view["reason"]
    assert len(agents.calls(tool)) == 1


@pytest.mark.parametrize(
    ("instrument", "tool", "text"),
    [("claude-code", "claude", says.OVERLOADED), ("codex-cli", "codex", says.CODEX_FULL)],
)
def test_an_agent_out_of_capacity_is_followed_by_the_next_one(
    conductor: Conductor, agents: StandIns, tmp_path: Path, instrument: str, tool: str, text: str
) -> None:
    agents.install(tool, {"stdout": text, "exit": 1})
    agents.install("gemini")
    sheet = {"prompt": "x", "instrument": instrument, "instrument_fallbacks": ["gemini-cli"]}
    job_id = submit(conductor, score(tmp_path, sheet, agents=agents))
    assert end_of(conductor, job_id)["status"] == "completed"
    (fallback,) = told(conductor, job_id, "sheet.fallback")
    assert (fallback["instrument"], fallback["to"]) == (instrument, "gemini-cli")
    assert "out of capacity" in fallback["reason"]
    assert sheets_of(conductor, job_id)["1"]["instrument"] == "gemini-cli"
    records = ask(conductor.settings.socket, "job.history", {"job_id": job_id})["records"]
    assert sorted(record["instrument"] for record in records) == sorted([instrument, "gemini-cli"])


def test_a_missing_agent_is_followed_by_those_the_score_names_in_order(
    conductor: Conductor, agents: StandIns, tmp_path: Path
) -> None:
    agents.install("goose")
    top = {"instrument": "claude-code", "instrument_fallbacks": ["crush", "goose", "aider"]}
    reply = ask(
        conductor.settings.socket,
        "job.submit",
        {"config_content": score(tmp_path, {"prompt": "x"}, **top, agents=agents)},
    )
    assert any("sheets that use them will fall back" in warning for warning in reply["job"]["warnings"])
    assert end_of(conductor, reply["job_id"])["status"] == "completed"
    assert [each["to"] for each in told(conductor, reply["job_id"], "sheet.fallback")] == ["crush", "goose"]
    assert agents.calls("goose")[0]["prompt"] == "x"


def test_a_missing_agent_without_another_fails_at_once_and_says_what_is_missing(
    conductor: Conductor, tmp_path: Path
) -> None:
    sheet = {"prompt": "x", "instrument": "crush", "retry": {"max_retries": 3, "base_delay_seconds": 60}}
    reply = ask(conductor.settings.socket, "job.submit", {"config_content": score(tmp_path, sheet)})
    assert any("crush; sheets that use them will fail" in warning for warning in reply["job"]["warnings"])
    view = end_of(conductor, reply["job_id"])
    assert "the program crush for instrument crush was not found in PATH" in view["reason"]
    log = ask(conductor.settings.socket, "job.log", {"job_id": reply["job_id"], "sheet": "1"})
    assert (log["attempt"], log["lines"]) == (1, [])


def test_a_limit_that_is_too_long_to_wait_for_is_a_reason_to_fall_back_or_to_fail(
    conductor: Conductor, agents: StandIns, tmp_path: Path
) -> None:
    weekly = {"stdout": "You've hit your weekly limit, resets in 3 days 2 hours\n", "exit": 1}
    agents.install("claude", weekly, weekly)
    agents.install("gemini")
    alone = submit(conductor, score(tmp_path, {"prompt": "x", "instrument": "claude-code"}, agents=agents))
    assert "claude-code is rate limited for 3 d 2 h" in end_of(conductor, alone)["reason"]
    both = {"prompt": "x", "instrument": "claude-code", "instrument_fallbacks": ["gemini-cli"]}
    assert end_of(conductor, submit(conductor, score(tmp_path, both, agents=agents)))["status"] == "completed"


def test_what_an_agent_says_after_a_success_is_talk(conductor: Conductor, agents: StandIns, tmp_path: Path) -> None:
    agents.install("claude", {"stdout": "I fixed the 'usage limit reached' message.\n"})
    job_id = submit(conductor, score(tmp_path, {"prompt": "x", "instrument": "claude-code"}, agents=agents))
    assert end_of(conductor, job_id)["status"] == "completed"
    assert len(agents.calls("claude")) == 1


def test_a_profile_beside_the_score_is_kept_with_the_job(
    conductor: Conductor, agents: StandIns, tmp_path: Path
) -> None:
    folder = tmp_path / ".podium" / "instruments"
    folder.mkdir(parents=True)
    tool = agents.bin / "mine"
    tool.write_text('#!/bin/sh\necho "$@" > given\nwhile [ ! -e go ]; do sleep 0.1; done\ntest -e cure\n')
    tool.chmod(0o755)
    (folder / "mine.yaml").write_text("executable: mine\nprompt: argument\nargs: [--now]\nsettings: {style: --style}\n")
    path = tmp_path / "demo.yaml"
    sheet = {"prompt": "do it", "instrument": "mine", "instrument_config": {"style": "bold"}}
    path.write_text(score(tmp_path, sheet, sheet, agents=agents))
    reply = ask(conductor.settings.socket, "job.submit", {"config_path": str(path)})
    assert reply["status"] == "accepted", reply
    job_id = reply["job_id"]
    wait_for_file(tmp_path / "given")
    (folder / "mine.yaml").unlink()
    conductor.kill()
    (tmp_path / "go").touch()
    conductor.start()
    assert until(conductor, job_id, "failed")["sheets_skipped"] == 1
    (tmp_path / "cure").touch()
    (tmp_path / "given").unlink()
    ask(conductor.settings.socket, "job.resume", {"job_id": job_id})
    assert end_of(conductor, job_id)["sheets_completed"] == 2
    assert (tmp_path / "given").read_text() == "--now --style bold do it\n"
    again = ask(conductor.settings.socket, "job.submit", {"config_path": str(path)})
    assert again["status"] == "rejected"
    assert "mine" in again["message"]


def test_an_interpreter_of_ones_own_runs_a_script_from_its_file(conductor: Conductor, tmp_path: Path) -> None:
    folder = tmp_path / ".podium" / "instruments"
    folder.mkdir(parents=True)
    (folder / "py.yaml").write_text(f"executable: {sys.executable}\nkind: cli\nprompt: file\nargs: [-S]\n")
    script = "import pathlib, sys\npathlib.Path('made').write_text('{{ name }}')\n"
    sheet = {"name": "write", "prompt": script, "instrument": "py", "validate": [{"file_exists": "made"}]}
    params = {"config_content": score(tmp_path / "ws", sheet), "client_cwd": str(tmp_path)}
    reply = ask(conductor.settings.socket, "job.submit", params)
    assert end_of(conductor, reply["job_id"])["status"] == "completed"
    assert (tmp_path / "ws" / "made").read_text() == "write"


def test_a_bad_profile_beside_the_score_refuses_it_with_the_reason(conductor: Conductor, tmp_path: Path) -> None:
    folder = tmp_path / ".podium" / "instruments"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("executable: mine\nprompt: argument\npromt: x\n")
    path = tmp_path / "demo.yaml"
    path.write_text(score(tmp_path, {"run": "true"}))
    reply = ask(conductor.settings.socket, "job.submit", {"config_path": str(path)})
    assert (reply["status"], reply["code"]) == ("rejected", "SCORE_INVALID")
    assert "unknown key promt" in reply["message"]


def test_a_wait_for_a_rate_limit_goes_on_after_a_crash(conductor: Conductor, agents: StandIns, tmp_path: Path) -> None:
    agents.install("claude", {"stdout": says.USAGE_LIMIT.format(seconds=2), "exit": 1})
    job_id = submit(conductor, score(tmp_path, {"prompt": "x", "instrument": "claude-code"}, agents=agents))
    until_holds(lambda: "sheet.rate_limited" in types_of(conductor, job_id))  # the state lasts no longer than the wait
    conductor.kill()
    conductor.start()
    assert end_of(conductor, job_id)["status"] == "completed"
    assert len(agents.calls("claude")) == 2


# -- healing ----------------------------------------------------------------------------------------------------------


def healed(conductor: Conductor, job_id: str, remedy: str, cause: str) -> dict[str, Any]:
    """Check that the job completed with this remedy, recorded in order, and return its sheet."""
    assert end_of(conductor, job_id)["status"] == "completed"
    types = [type_ for type_ in types_of(conductor, job_id) if type_.startswith("healing.")]
    assert types == ["healing.diagnosed", "healing.applied"]
    (applied,) = told(conductor, job_id, "healing.applied")
    assert (applied["remedy"], applied["cause"]) == (remedy, cause)
    return next(iter(sheets_of(conductor, job_id).values()))


def test_a_missing_workspace_is_made_again(conductor: Conductor, tmp_path: Path) -> None:
    workspace = tmp_path / "deep" / "ws"
    gone = {"name": "gone", "run": "touch ../../begun; while [ ! -e ../../go ]; do sleep 0.1; done; rm -r ../../deep"}
    job_id = submit(conductor, score(workspace, gone, {"run": "pwd > here", "needs": ["gone"]}), self_healing=True)
    wait_for_file(tmp_path / "begun")
    (tmp_path / "go").touch()
    healed(conductor, job_id, "make_folders", "workspace_missing")
    assert (workspace / "here").read_text() == f"{workspace}\n"


@pytest.mark.parametrize("script", ["echo x > out/deep/report.md", "cp /etc/hostname out/deep/report.md"])
def test_a_missing_parent_folder_is_made(conductor: Conductor, tmp_path: Path, script: str) -> None:
    sheet = {"run": script, "validate": [{"file_exists": "out/deep/report.md"}]}
    job_id = submit(conductor, score(tmp_path, sheet), self_healing=True)
    sheet = healed(conductor, job_id, "make_folders", "folder_missing")
    assert sheet["healing"] == "folder_missing: creates 'out/deep' (named by the job)"
    assert (tmp_path / "out" / "deep" / "report.md").exists()


def test_a_time_limit_is_doubled_once(conductor: Conductor, tmp_path: Path) -> None:
    sheet = {"run": "test $PODIUM_ATTEMPT -ge 2 || sleep 60; sleep 4.1", "timeout_seconds": 4}
    job_id = submit(conductor, score(tmp_path, sheet), self_healing=True)
    healed(conductor, job_id, "longer_limit", "time_limit")


def test_a_time_limit_is_not_doubled_twice(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, score(tmp_path, {"run": "sleep 60", "timeout_seconds": 0.2}), self_healing=True)
    view = end_of(conductor, job_id)
    assert "time limit of 0.4 s reached; healing did not help" in view["reason"]
    assert [type_ for type_ in types_of(conductor, job_id) if type_.startswith("healing.")] == [
        "healing.diagnosed", "healing.applied", "healing.failed",
    ]  # fmt: skip


def test_an_agent_is_told_what_it_left_undone(conductor: Conductor, agents: StandIns, tmp_path: Path) -> None:
    agents.install("codex", {"stderr": "I ran out of \x1b[1mideas\x1b[0m.\n"}, {"work": "touch review.md"})
    sheet = {"prompt": "Review.", "instrument": "codex-cli", "validate": [{"file_exists": "review.md"}]}
    job_id = submit(conductor, score(tmp_path, sheet, agents=agents), self_healing=True)
    healed(conductor, job_id, "complete", "unfinished")
    first, second = (call["prompt"] for call in agents.calls("codex"))
    assert first == "Review."
    assert second.startswith("Review.\n\n---\nAn earlier attempt")
    assert "- file_exists: expected review.md exists, found" in second
    assert "I ran out of " in second
    assert "\x1b" not in second


def test_an_agent_that_is_not_signed_in_is_healed_by_the_next(
    conductor: Conductor, agents: StandIns, tmp_path: Path
) -> None:
    agents.install("claude", {"stdout": says.NOT_SIGNED_IN, "exit": 1})
    agents.install("goose")
    sheet = {"prompt": "x", "instrument": "claude-code", "instrument_fallbacks": ["goose"]}
    job_id = submit(conductor, score(tmp_path, sheet, agents=agents), self_healing=True)
    assert healed(conductor, job_id, "next_instrument", "not_signed_in")["instrument"] == "goose"


def test_a_rate_limit_that_outlasts_its_waits_is_waited_out_once_more(
    conductor: Conductor, agents: StandIns, tmp_path: Path
) -> None:
    limit = {"stdout": says.USAGE_LIMIT.format(seconds=1), "exit": 1}
    agents.install("claude", *[limit] * 6)
    job_id = submit(
        conductor, score(tmp_path, {"prompt": "x", "instrument": "claude-code"}, agents=agents), self_healing=True
    )
    healed(conductor, job_id, "wait", "rate_limit")
    assert len(told(conductor, job_id, "sheet.rate_limited")) == 5
    assert len(agents.calls("claude")) == 7


def test_where_no_remedy_fits_the_job_fails_with_the_diagnosis(conductor: Conductor, tmp_path: Path) -> None:
    sheet = {"run": "exit 3", "retry": {"max_retries": 1, "base_delay_seconds": 0}}
    job_id = submit(conductor, score(tmp_path, sheet), self_healing=True)
    assert "exit code 3; no remedy: the script itself failed" in end_of(conductor, job_id)["reason"]
    (failed,) = told(conductor, job_id, "healing.failed")
    assert (failed["cause"], failed["remedy"]) == ("script", "")


def test_without_self_healing_nothing_is_healed(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, score(tmp_path, {"run": "sleep 60", "timeout_seconds": 0.2}))
    end_of(conductor, job_id)
    assert not [type_ for type_ in types_of(conductor, job_id) if type_.startswith("healing.")]


@pytest.mark.parametrize("point", ["before_commit", "after_launch", "before_verdict"])
def test_a_healing_round_survives_a_crash_at_any_point_and_is_the_only_one(
    home: Settings, agents: StandIns, tmp_path: Path, point: str
) -> None:
    agents.install("codex", {"exit": 1, "stderr": "stream error\n"}, {"exit": 1, "stderr": "stream error\n"})
    conductor = Conductor(home)
    conductor.launch(PODIUM_FAULT=f"{point}:2")
    until_holds(conductor.answers)
    sheet = {"prompt": "Review.", "instrument": "codex-cli"}
    try:
        job_id = submit(conductor, score(tmp_path, sheet, agents=agents), self_healing=True)
        conductor.await_death()
        conductor.start()
        view = end_of(conductor, job_id)
        assert "healing did not help" in view["reason"]
        assert len(agents.calls("codex")) == 2
        assert len(told(conductor, job_id, "healing.applied")) == 1
    finally:
        conductor.end()
