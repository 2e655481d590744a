"""`podium settings`: every setting with its value, where it comes from, and what the running conductor has."""

from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.commands import answered, podium
from tests.support.podium_home import Conductor


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a settings file."""
    path = tmp_path / "podium.yaml"
    path.write_text("max_sheets: 3\nretention_days: 2\n")
    return path


def test_each_value_says_where_it_comes_from(home: Settings, file: Path) -> None:
    found = answered(home, "settings", PODIUM_CONFIG=str(file), PODIUM_RETENTION_DAYS="5", PODIUM_ENV_FILE="")
    told = {each["name"]: (each["value"], each["source"], each["origin"]) for each in found["settings"]}
    assert list(told) == list(Settings.model_fields)
    assert told["home"] == (str(home.home), "flag", "--home")
    assert told["max_sheets"] == (3, "file", str(file))
    assert told["retention_days"] == (5, "environment", "PODIUM_RETENTION_DAYS")
    assert told["env_file"] == (None, "default", "")
    assert told["log_level"] == ("info", "default", "")
    assert (found["file"], found["file_exists"], found["conductor_pid"]) == (str(file), True, None)
    assert all(each["description"] for each in found["settings"])


def test_what_the_running_conductor_uses_instead_is_told(conductor: Conductor, home: Settings, file: Path) -> None:
    found = answered(home, "settings", PODIUM_CONFIG=str(file), PODIUM_LOG_LEVEL="debug")
    assert found["conductor_pid"] == conductor.pid
    assert {each["name"]: each["running"] for each in found["settings"] if each["differs"]} == {
        "max_sheets": 16,
        "retention_days": 30,
    }
    shown = podium(home, "settings", PODIUM_CONFIG=str(file)).stdout
    assert "the running conductor has 16; restart it" in shown
    assert f"The running conductor (pid {conductor.pid}) read its settings when it started" in shown


def test_a_secret_in_a_command_among_the_settings_is_not_shown(home: Settings) -> None:
    done = podium(
        home, "settings", "notify", PODIUM_NOTIFY="curl -H 'Authorization: Bearer abcd1234efgh5678' https://x"
    )
    assert "abcd1234" not in done.stdout
    assert "curl -H" in done.stdout


def test_one_setting_is_shown_with_what_it_is_for(home: Settings) -> None:
    done = podium(home, "settings", "max_sheets")
    assert done.stdout.splitlines() == [
        "max_sheets  16  default",
        "            sheets that may run at the same time on this machine",
    ]
    wrong = podium(home, "settings", "max_sheet")
    assert (wrong.returncode, "Did you mean max_sheets?" in wrong.stderr) == (2, True)
    assert podium(home, "settings", PODIUM_MAX_SHEETS="none").returncode == 2
    assert len(podium(home, "settings", "-v").stdout.splitlines()) > 2 * len(Settings.model_fields)
