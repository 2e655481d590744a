"""`podium doctor` finds what stands in the way, and changes nothing."""

import socket as sockets
from pathlib import Path

import pytest

from podium.cli import main
from podium.cli.commands.doctor import examine
from podium.cli.views.doctor import Finding
from tests.support.answers import answer
from tests.support.podium_home import Conductor


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    """Return the findings by what was looked at."""
    return {finding.what: finding for finding in findings}


def test_a_fresh_home_has_nothing_in_the_way_and_is_not_made(short_tmp: Path) -> None:
    findings = by_name(examine(short_tmp / "home", None))
    assert not [finding for finding in findings.values() if finding.verdict == "fail"]
    assert findings["conductor"].fix == f"podium start --home {short_tmp}/home"
    assert not list(short_tmp.iterdir())


def test_a_home_that_is_open_to_others_is_named_with_the_command_that_closes_it(short_tmp: Path) -> None:
    folder = short_tmp / "home"
    folder.mkdir()
    folder.chmod(0o755)
    found = by_name(examine(folder, None))["home"]
    assert (found.verdict, found.fix) == ("note", f"chmod 700 {folder}")
    folder.chmod(0o777)
    found = by_name(examine(folder, None))["home"]
    assert found.verdict == "fail"
    assert f"chmod 700 {folder}" in found.fix


def test_an_env_file_that_others_can_read_is_named_with_the_command_that_closes_it(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = short_tmp / "values.env"
    file.write_text("A=1\nB=2\n")
    monkeypatch.setenv("PODIUM_ENV_FILE", str(file))
    file.chmod(0o644)
    found = by_name(examine(short_tmp / "home", None))["env_file"]
    assert (found.verdict, f"chmod 600 {file}" in found.fix) == ("fail", True)
    file.chmod(0o600)
    assert by_name(examine(short_tmp / "home", None))["env_file"].found == f"{file} has 2 variables"


def test_a_socket_file_that_nobody_serves_is_told_from_none(short_tmp: Path) -> None:
    with sockets.socket(sockets.AF_UNIX) as stale:
        stale.bind(str(short_tmp / "s"))
    found = by_name(examine(short_tmp, short_tmp / "s"))["conductor"]
    assert found.verdict == "note"
    assert "no conductor answers" in found.found


def test_a_socket_path_that_is_too_long_is_the_only_finding(short_tmp: Path) -> None:
    findings = examine(short_tmp / ("x" * 120), None)
    assert [finding.what for finding in findings] == ["settings"]


def test_the_exit_code_tells_whether_something_is_in_the_way(
    short_tmp: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json", "--home", str(short_tmp / "home")]) == 0
    seen = answer("doctor", capsys.readouterr().out)
    assert {finding.what for finding in seen.findings} > {"python", "sqlite", "disk"}
    short_tmp.chmod(0o777)
    assert main(["doctor", "--json", "--home", str(short_tmp)]) == 1
    assert (seen.passed, answer("doctor", capsys.readouterr().out).passed) == (True, False)


def test_an_unknown_variable_is_told_with_the_near_one_and_those_of_sheets_are_known(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PODIUM_JOB_ID", "PODIUM_SHEET", "PODIUM_ATTEMPT", "PODIUM_WORKSPACE", "PODIUM_ATTEMPT_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PODIUM_HOEM", "/x")
    monkeypatch.delenv("PODIUM_UPDATE_GOLDEN", raising=False)
    told = [finding for finding in examine(short_tmp / "home", None) if finding.what == "variables"]
    assert [(finding.verdict, finding.found, finding.fix) for finding in told] == [
        ("note", "PODIUM_HOEM is not a setting; nothing reads it", "Did you mean PODIUM_HOME?")
    ]


def test_settings_that_were_named_and_are_not_there_are_the_only_finding(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_CONFIG", str(short_tmp / "none.yaml"))
    (finding,) = examine(short_tmp / "home", None)
    assert (finding.what, finding.verdict) == ("settings", "fail")
    assert "does not exist" in finding.found


def test_what_a_client_with_few_variables_would_not_find_is_told(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (short_tmp / "podium.yaml").touch()
    monkeypatch.setenv("HOME", str(short_tmp))
    monkeypatch.delenv("PODIUM_CONFIG")
    assert "podium.yaml" not in by_name(examine(None, None))["other shells"].found
    monkeypatch.setenv("PODIUM_HOME", str(short_tmp / "other"))
    monkeypatch.setenv("PODIUM_CONFIG", str(short_tmp / "podium.yaml"))
    told = by_name(examine(None, None))["other shells"]
    assert told.verdict == "note"
    assert f"uses the home {short_tmp}/.local/state/podium, not {short_tmp}/other" in told.found
    assert f"not {short_tmp}/podium.yaml" in told.found
    assert "podium install" in told.fix


def test_a_second_home_that_is_not_used_is_told(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(short_tmp))
    monkeypatch.delenv("PODIUM_CONFIG")
    monkeypatch.setenv("XDG_STATE_HOME", str(short_tmp / "state"))
    for folder in (short_tmp / "state/podium", short_tmp / ".local/state/podium"):
        folder.mkdir(mode=0o700, parents=True)
        (folder / "podium.db").touch(0o600)
    told = by_name(examine(None, None))["other shells"]
    assert told.fix == f"podium start --home {short_tmp}/state/podium"


def test_a_conductor_that_listens_elsewhere_than_the_variable_says_is_told(
    conductor: Conductor, short_tmp: Path
) -> None:
    home = conductor.settings.home
    assert by_name(examine(home, None))["conductor"].verdict == "ok"
    told = by_name(examine(home, short_tmp / "other.sock"))["conductor"]
    assert told.verdict == "fail"
    assert f"listens on {conductor.settings.socket}" in told.found
