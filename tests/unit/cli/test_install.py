"""`podium install` adds one entry to a client's file and touches nothing else."""

import json
import os
from pathlib import Path

import pytest

from podium.cli import main
from podium.cli.commands.install import TARGETS, merge, server_entry
from podium.errors import InvalidArguments


def test_the_command_is_absolute_and_exists() -> None:
    entry = server_entry(None, None)
    assert Path(entry["command"]).is_absolute()
    assert os.access(entry["command"], os.X_OK)
    assert entry["args"] == ["serve"]


def test_a_home_given_to_install_is_given_to_the_server(tmp_path: Path) -> None:
    assert server_entry(tmp_path / "h", None)["args"] == ["serve", "--home", str(tmp_path / "h")]


def test_the_environment_that_leads_to_the_conductor_goes_into_the_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PODIUM_CONFIG")
    assert "env" not in server_entry(None, None)
    monkeypatch.setenv("PODIUM_HOME", "relative")
    monkeypatch.setenv("PODIUM_SOCKET", "/run/other.sock")
    places = {"PODIUM_HOME": str(tmp_path / "relative"), "PODIUM_SOCKET": "/run/other.sock"}
    assert server_entry(None, None)["env"] == places
    assert main(["install", "inspector"]) == 0
    assert f"-e PODIUM_HOME={tmp_path}/relative -e PODIUM_SOCKET=/run/other.sock " in capsys.readouterr().out


@pytest.mark.parametrize("client", sorted(TARGETS))
def test_without_write_the_entry_is_printed_as_json(
    client: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["install", client, "--folder", str(tmp_path)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == [TARGETS[client].member]  # type: ignore[index]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("client", sorted(TARGETS))
def test_with_write_the_file_holds_the_entry(client: str, tmp_path: Path) -> None:
    assert main(["install", client, "--write", "--folder", str(tmp_path)]) == 0
    target = TARGETS[client]  # type: ignore[index]
    assert json.loads((tmp_path / target.file).read_text())[target.member]["podium"] == server_entry(None, None)


def test_other_servers_and_members_of_the_file_stay(tmp_path: Path) -> None:
    path = tmp_path / ".mcp.json"
    path.write_text('{"mcpServers": {"other": {"command": "x"}, "podium": {"command": "old"}}, "inputs": [1]}')
    merge(path, "mcpServers", {"command": "new"})
    assert json.loads(path.read_text()) == {
        "mcpServers": {"other": {"command": "x"}, "podium": {"command": "new"}},
        "inputs": [1],
    }
    assert [file.name for file in tmp_path.iterdir()] == [".mcp.json"]


@pytest.mark.parametrize("text", ["// comment\n{}", "[]", '{"servers": []}'])
def test_a_file_that_cannot_be_merged_is_refused_and_left_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mcp.json"
    path.write_text(text)
    with pytest.raises(InvalidArguments):
        merge(path, "servers", {})
    assert path.read_text() == text


def test_the_inspector_gets_a_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "inspector"]) == 0
    words = capsys.readouterr().out.split()
    assert words[:2] == ["npx", "@modelcontextprotocol/inspector"]
    assert words[-1] == "serve"
