"""`podium doctor` finds what stands in the way, and changes nothing."""

import json
import socket as sockets
from pathlib import Path

import pytest

from podium.cli import main
from podium.cli.commands.doctor import examine
from podium.cli.commands.doctor.finding import Finding


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
    assert {finding["what"] for finding in json.loads(capsys.readouterr().out)} > {"python", "sqlite", "disk"}
    short_tmp.chmod(0o777)
    assert main(["doctor", "--home", str(short_tmp)]) == 1
