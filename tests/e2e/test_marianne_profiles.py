"""Jobs on a real conductor whose instruments are described by profiles in the form of the Marianne conductor's guide."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_jobs import conductor_for_many, config_with
from tests.support.jobs import sheets_of, submit, until
from tests.support.podium_home import Conductor, ask

TOOL = """#!/bin/bash
for word; do printf '%s\\n' "$word"; done > arguments
printf '%s\\n' "$REGION" "$TOKEN" "$WAY" > variables
printf 'I have %s' "$TOKEN"
exit "${TOOL_CODE:-0}"
"""
PROFILE = """
name: mine
display_name: Mine
kind: cli
capabilities: [file_editing]
default_model: small
models: [{name: small, cost_per_1k_input: 0.1}]
cli:
  command:
    executable: mine
    subcommand: exec
    prompt_flag: --task
    model_flag: --model
    auto_approve_flag: --yes
    output_format_flag: --format
    output_format_value: json
    extra_flags: [--calm]
    env: {REGION: here, TOKEN: "${LENT_WORD}", WAY: "/opt/mine:${HOME}"}
  output: {format: json, result_path: text}
  errors: {success_exit_codes: [0, 7], auth_error_patterns: [I have]}
"""
SECRET = "lent-value-0123456789"


@pytest.fixture(scope="module")
def conductor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conductor]:
    """A conductor whose user has such a profile, with its tool in PATH and a variable that it names."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "bin").mkdir()
    (folder / "bin" / "mine").write_text(TOOL)
    (folder / "bin" / "mine").chmod(0o755)
    folder.chmod(0o700)
    with conductor_for_many(
        PODIUM_CONFIG=config_with("mine", PROFILE, folder),
        PATH=f"{folder}/bin:/usr/bin:/bin",
        LENT_WORD=SECRET,
        HOME=str(folder),
    ) as running:
        yield running


def score(workspace: Path, instrument: str = "mine", **sheet: Any) -> str:
    sheets = [{"prompt": "Go on.", "instrument": instrument, **sheet}]
    return json.dumps({"name": "demo", "workspace": str(workspace), "sheets": sheets})


def test_the_tool_is_run_with_the_arguments_of_the_guide(conductor: Conductor, tmp_path: Path) -> None:
    started = ask(conductor.settings.socket, "job.submit", {"config_content": score(tmp_path)})
    job = until(conductor, started["job_id"], "completed", "failed")
    assert job["status"] == "completed"
    assert (tmp_path / "arguments").read_text().splitlines() == [
        "exec", "--yes", "--format", "json", "--model", "small", "--task", "Go on.", "--calm",
    ]  # fmt: skip
    (note,) = job["warnings"]
    assert note.startswith("nothing is done with these keys of the instrument mine: capabilities (")
    assert "cli.output.result_path (" in note


def test_settings_and_exit_codes_are_those_of_the_profile(conductor: Conductor, tmp_path: Path) -> None:
    for code, status in ((7, "completed"), (1, "failed")):
        env = {"TOOL_CODE": str(code)}
        job_id = submit(conductor, score(tmp_path, instrument_config={"model": "big"}, env=env))
        assert until(conductor, job_id, "completed", "failed")["status"] == status
        assert "--model\nbig\n" in (tmp_path / "arguments").read_text()
    assert "is not signed in" in sheets_of(conductor, job_id)["1"]["reason"], "its auth_error_patterns"


def test_a_variable_of_the_conductor_reaches_the_tool_and_is_stored_and_shown_nowhere(
    conductor: Conductor, tmp_path: Path
) -> None:
    job_id = submit(conductor, score(tmp_path))
    until(conductor, job_id, "completed")
    home = conductor.settings.home
    region, token, way = (tmp_path / "variables").read_text().splitlines()
    assert (region, token) == ("here", SECRET)
    assert way.startswith("/opt/mine:/")
    socket = conductor.settings.socket
    log = ask(socket, "job.log", {"job_id": job_id, "sheet": 1})
    assert "[value of LENT_WORD]" in json.dumps(log)
    shown = {each["name"]: each for each in ask(socket, "job.env", {"job_id": job_id, "sheet": "1"})["variables"]}
    assert (shown["TOKEN"]["hidden"], shown["TOKEN"]["source"]) == (True, "instrument")
    assert shown["TOKEN"]["variable"] == "LENT_WORD"
    assert (shown["WAY"]["value"], shown["REGION"]["value"]) == (way, "here")
    assert SECRET not in json.dumps([log, shown])
    stored = [path for path in home.rglob("*.db*") if path.is_file()]
    assert stored
    assert not any(SECRET.encode() in path.read_bytes() for path in stored)


def test_a_variable_that_the_conductor_lacks_is_told_at_the_start_and_fails_the_sheet(
    conductor: Conductor, tmp_path: Path
) -> None:
    beside = tmp_path / ".podium" / "instruments" / "theirs.yaml"
    beside.parent.mkdir(parents=True)
    beside.write_text(PROFILE.replace("name: mine", "name: theirs").replace("LENT_WORD", "NOWHERE"))
    path = tmp_path / "score.yaml"
    path.write_text(score(tmp_path, "theirs"))
    socket = conductor.settings.socket
    started = ask(socket, "job.submit", {"config_path": str(path)})
    missing = "env of the instrument theirs: ${NOWHERE}: the conductor's environment has no variable NOWHERE"
    assert any(missing in each for each in started["job"]["warnings"])
    until(conductor, started["job_id"], "failed")
    assert missing in sheets_of(conductor, started["job_id"])["1"]["reason"]
    assert not (tmp_path / "arguments").exists()
    shown = {each["name"]: each for each in ask(socket, "job.env", {"config_path": str(path), "sheet": 1})["variables"]}
    assert (shown["TOKEN"]["missing"], shown["TOKEN"]["variable"]) == (True, "NOWHERE")
