"""What the commands about the conductor, a file or this command print with `--json`."""

import json
from pathlib import Path

import pytest

from podium import __version__
from podium.cli import main
from podium.settings import Settings
from tests.support.commands import answered, podium


def test_start_and_stop_say_which_conductor_runs_and_whether_they_did_it(home: Settings) -> None:
    started = answered(home, "start")
    assert (started["started"], started["log"]) == (True, str(home.places.log))
    again = answered(home, "start")
    assert (again["started"], again["pid"], again["socket"]) == (False, started["pid"], started["socket"])
    stopped = answered(home, "stop")
    assert (stopped["stopped"], stopped["pid"], stopped["running_sheets"]) == (True, started["pid"], 0)
    assert answered(home, "stop")["stopped"] is False


def test_a_start_in_the_foreground_has_no_answer_to_print(home: Settings) -> None:
    done = podium(home, "start", "--foreground", "--json")
    assert (done.returncode, "--json and --foreground cannot go together" in done.stderr) == (2, True)


def test_init_and_version_print_what_a_program_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "first.yaml"
    assert main(["init", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": str(file)}
    assert file.exists()
    assert main(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": __version__}


def test_install_says_what_became_of_the_entry(home: Settings, tmp_path: Path) -> None:
    words = ("install", "cursor", "--folder", str(tmp_path))
    file = str(tmp_path / ".cursor" / "mcp.json")
    printed = answered(home, *words)
    assert (printed["outcome"], printed["files"], '"podium"' in printed["text"]) == ("printed", [file], True)
    outcomes = [answered(home, *words, flag)["outcome"] for flag in ("--write", "--write", "--remove", "--remove")]
    assert outcomes == ["added", "unchanged", "removed", "unchanged"]
