"""`podium install` adds one entry to a client's file, changes what is ours in it, removes it, and touches nothing else."""

import json
import os
import shlex
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from podium.cli import main
from podium.cli.commands.install.clients import CLIENTS, Client, ClientName, Place
from podium.cli.commands.install.entry import remote_command, server_command
from podium.cli.commands.install.formats import format_of
from podium.places import default_home
from podium.settings import Settings, load
from tests.support.source_tree import REPOSITORY

NAMES = sorted(CLIENTS)
SCOPES = [(name, scope) for name in NAMES for scope in ("project", "user") if getattr(CLIENTS[name], scope)]


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of a user who has started each client once, and an environment without anything of ours."""
    home = tmp_path / "user"
    for name in (*(name for name in os.environ if name.startswith(("PODIUM_", "XDG_", "CODEX", "COPILOT", "CLAUDE"))),):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for client in CLIENTS.values():
        for place in client.user:
            place.file(Path("/nowhere")).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return home


def place_of(name: ClientName, scope: str) -> Place:
    places: tuple[Place, ...] = getattr(CLIENTS[name], scope)
    return places[0]


def data_of(file: Path) -> Any:
    text = file.read_text()
    if file.suffix == ".toml":
        return tomllib.loads(text)
    return yaml.safe_load(text) if file.suffix == ".yaml" else json.loads(text)


def entry_of(file: Path, place: Place) -> Any:
    found = data_of(file)
    for member in (*place.members, "podium"):
        found = found[member]
    return found


def words_of(client: Client, entry: dict[str, Any]) -> list[str]:
    command = entry[client.command_member]
    return command if client.one_list else [command, *entry["args"]]


def test_the_command_is_absolute_and_exists() -> None:
    program, *rest = server_command(load())
    assert Path(program).is_absolute()
    assert os.access(program, os.X_OK)
    assert rest[0] == "serve"


def test_a_default_home_needs_no_flags_and_another_is_named_in_full(user: Path, tmp_path: Path) -> None:
    assert server_command(Settings())[1:] == ["serve"]
    assert server_command(load(home=Path("h")))[1:] == ["serve", "--home", str(tmp_path / "project" / "h")]
    assert server_command(load(socket=Path("s")))[1:] == ["serve", "--socket", str(tmp_path / "project" / "s")]


def test_a_host_is_reached_over_ssh_and_nothing_of_this_machine_goes_into_the_entry(
    user: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PODIUM_HOME", "/of/this/machine")
    monkeypatch.setenv("PODIUM_CONFIG", "/of/this/machine.yaml")
    assert main(["install", "claude-code", "--ssh", "me@cluster", "--write"]) == 0
    entry = entry_of(Path(".mcp.json"), place_of("claude-code", "project"))
    assert (entry["command"], entry["args"][0], entry["args"][-3:]) == ("ssh", "-T", ["me@cluster", "podium", "serve"])
    assert "env" not in entry
    assert "this/machine" not in Path(".mcp.json").read_text()
    assert main(["install", "inspector", "--ssh", "me@cluster", "--home", "/a b"]) == 0
    assert shlex.split(shlex.split(capsys.readouterr().out.splitlines()[-1])[-1]) == [
        "/a b"
    ]  # once for this shell, once for that one


@pytest.mark.parametrize(
    "host", ["cluster", "my.host_1", "ssh://me@cluster:2222", "::1", "me@fe80::1%eth0", "AD\\me@host"]
)
def test_whatever_ssh_connects_to_is_a_host(user: Path, host: str) -> None:
    assert remote_command(host, None, None)[-3:] == [host, "podium", "serve"]


@pytest.mark.parametrize(
    "host",
    ["", " ", "a b; c", "a;c", "a\tb", "a\nb", "a\x1b[2J", "a\u200bb", "a$(b)", "-oProxyCommand=touch x", "me@-x", "ssh://-x",
     "me@", "ssh://"],
)  # fmt: skip
def test_what_can_be_no_host_is_refused_with_what_to_give_instead(
    user: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", "claude-code", "--write", f"--ssh={host}"]) != 0
    told = capsys.readouterr().err
    assert "this is not a host" in told
    assert "a Host of ~/.ssh/config" in " ".join(told.split())
    assert not Path(".mcp.json").exists()


def test_an_environment_that_leads_elsewhere_becomes_flags_since_clients_do_not_pass_it_on(
    user: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "project" / "my.yaml").write_text("")
    monkeypatch.setenv("PODIUM_HOME", "relative")
    monkeypatch.setenv("PODIUM_SOCKET", "/run/other.sock")
    monkeypatch.setenv("PODIUM_CONFIG", "my.yaml")
    assert main(["install", "cursor"]) == 0
    entry = json.loads(capsys.readouterr().out)["mcpServers"]["podium"]
    project = tmp_path / "project"
    assert entry["args"] == ["serve", "--home", str(project / "relative"), "--socket", "/run/other.sock"]
    assert entry["env"] == {"PODIUM_CONFIG": str(project / "my.yaml")}


def test_without_an_installed_command_the_interpreter_runs_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/python")
    monkeypatch.setattr(sys, "argv", ["/opt/podium/__main__.py"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert server_command(load())[:4] == ["/opt/python", "-P", "-m", "podium"]


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_show_what_is_written(name: ClientName) -> None:
    (file,) = (REPOSITORY / "examples" / "clients").glob(f"{name}.*")
    assert entry_of(file, place_of(name, "user")) == CLIENTS[name].entry(["podium", "serve"], {})


@pytest.mark.parametrize(("name", "scope"), SCOPES)
def test_without_write_the_entry_is_printed_in_the_clients_language(
    name: ClientName, scope: str, user: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["install", name, "--scope", scope]) == 0
    place, file = place_of(name, scope), tmp_path / f"printed{Path(place_of(name, scope).path).suffix}"
    file.write_text(capsys.readouterr().out)
    assert words_of(CLIENTS[name], entry_of(file, place)) == server_command(load())
    assert not any((tmp_path / "project").iterdir())


@pytest.mark.parametrize(("name", "scope"), SCOPES)
def test_an_entry_is_added_then_unchanged_then_removed(
    name: ClientName, scope: str, user: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = place_of(name, scope)
    file = place.file(tmp_path / "project")
    told = []
    for words in (["--write"], ["--write"], ["--remove"], ["--remove"]):
        assert main(["install", name, "--scope", scope, *words]) == 0
        told.append(capsys.readouterr().out.split()[0])
        if told[-1] == "Added":
            assert words_of(CLIENTS[name], entry_of(file, place)) == server_command(load())
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == (0 if scope == "user" else 0o077 & ~umask())
    assert told == ["Added", "Unchanged:", "Removed", "Unchanged:"]
    assert not any((tmp_path / "project").iterdir())
    assert not file.exists()
    assert file.parent.is_dir() or scope == "project"


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_file_that_was_there_before_stays_when_the_entry_is_removed(name: ClientName, user: Path) -> None:
    file = place_of(name, "user").file(Path())
    for text in (
        ("", "\n") if file.suffix == ".yaml" else ("",) if file.suffix == ".toml" else ("{}", "{}\n", "{ }\n\n")
    ):
        assert main(["install", name, "--scope", "user", "--write"]) == 0  # its own file, which the user replaces
        file.write_text(text)
        assert main(["install", name, "--scope", "user", "--write"]) == 0
        assert main(["install", name, "--scope", "user", "--remove"]) == 0
        assert data_of(file) in ({}, None)
        assert file.read_text() == text.replace("{ }", "{}")


@pytest.mark.parametrize("more", ['"other": {"command": "x"}', "// mine"])
def test_a_file_that_was_made_stays_when_something_else_is_left_in_it(more: str, user: Path) -> None:
    file = Path(".cursor/mcp.json")
    assert main(["install", "cursor", "--write"]) == 0
    comma = "," * more.startswith('"')
    file.write_text(file.read_text().replace('"podium"', f'{more}{comma}\n    "podium"'))
    assert main(["install", "cursor", "--remove"]) == 0
    assert more in file.read_text()
    assert "podium" not in file.read_text()


def test_a_folder_that_was_made_stays_when_something_else_is_in_it(user: Path) -> None:
    assert main(["install", "cursor", "--write"]) == 0
    Path(".cursor/rules").touch()
    assert main(["install", "cursor", "--remove"]) == 0
    assert [path.name for path in Path(".cursor").iterdir()] == ["rules"]


def test_a_folder_that_was_there_before_stays_when_its_file_is_removed(user: Path) -> None:
    Path(".cursor").mkdir()
    assert main(["install", "cursor", "--write"]) == 0
    assert main(["install", "cursor", "--remove"]) == 0
    assert not any(Path(".cursor").iterdir())


def test_a_file_that_was_made_behind_a_link_is_removed_whichever_home_is_named(
    user: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".mcp.json").symlink_to(user / "real.json")
    assert main(["install", "claude-code", "--write", "--home", str(tmp_path / "one")]) == 0
    assert main(["install", "claude-code", "--remove"]) == 0
    assert "which this command had made" in capsys.readouterr().out
    assert (Path(".mcp.json").is_symlink(), (user / "real.json").exists(), (tmp_path / "one").exists()) == (
        True,
        False,
        False,
    )


def test_where_nothing_can_be_remembered_the_entry_is_added_and_removed_and_the_file_stays(user: Path) -> None:
    home = default_home()
    home.parent.mkdir(parents=True)
    home.touch()
    assert main(["install", "claude-code", "--write"]) == 0
    assert main(["install", "claude-code", "--remove"]) == 0
    assert data_of(Path(".mcp.json")) == {}


def umask() -> int:
    """Return the umask of the files that this process makes for everybody."""
    os.umask(before := os.umask(0o022))
    return 0o111 | before


@pytest.mark.parametrize("name", NAMES)
def test_what_the_user_put_into_the_entry_stays_when_the_command_is_replaced(
    name: ClientName, user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, file = place_of(name, "user"), place_of(name, "user").file(Path())
    assert main(["install", name, "--scope", "user", "--write"]) == 0
    language, path = format_of(file), (*place.members, "podium")
    text = language.put(file.read_text(), (*path, "disabled"), True)
    text = language.put(text, (*path, CLIENTS[name].env_member), {"TOKEN": "mine"})
    text = language.put(text, (*place.members, "other"), {"command": "x"})
    file.write_text(language.put(text, (*path, CLIENTS[name].command_member), ["old"] if name == "opencode" else "old"))
    before = entry_of(file, place)
    assert main(["install", name, "--scope", "user", "--write"]) == 0
    assert "Replaced" in capsys.readouterr().out
    assert entry_of(file, place) == {**before, **CLIENTS[name].owned(server_command(load()))}
    assert main(["install", name, "--scope", "user", "--remove"]) == 0
    assert data_of(file) == _nested(place.members, {"other": {"command": "x"}})


def _nested(path: tuple[str, ...], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def test_a_home_in_the_environment_of_an_entry_that_stays_is_told(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".mcp.json").write_text('{"mcpServers": {"podium": {"command": "old", "env": {"PODIUM_HOME": "/old"}}}}')
    assert main(["install", "claude-code", "--write"]) == 0
    assert "The entry sets PODIUM_HOME, as before." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n  "mcpServers": {\n}', "is not valid: line 3"),
        ("[]", "its value is not an object"),
        ('{"mcpServers": []}', "mcpServers is not a set of servers"),
        ('{"mcpServers": {"podium": "x"}}', "mcpServers is not a set of servers"),
        ('{"mcpServers": {"podium": {"type": "http", "url": "http://x"}}}', "is reached by a URL"),
    ],
)
def test_a_file_that_cannot_be_merged_is_refused_and_left_as_it_is(
    text: str, words: str, user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".mcp.json").write_text(text)
    assert main(["install", "claude-code", "--write"]) == 2
    assert words in capsys.readouterr().err
    assert Path(".mcp.json").read_text() == text


def test_a_file_of_an_older_opencode_is_not_broken(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '{"mcp": {"other": {"type": "local", "command": ["x"]}}}'
    Path("opencode.json").write_text(text)
    assert main(["install", "opencode", "--write"]) == 2
    assert "older version" in capsys.readouterr().err
    assert Path("opencode.json").read_text() == text


def test_of_two_names_of_a_clients_file_the_one_that_is_there_is_used(user: Path) -> None:
    Path("opencode.jsonc").write_text("// mine\n{}\n")
    assert main(["install", "opencode", "--write"]) == 0
    assert [path.name for path in Path().iterdir()] == ["opencode.jsonc"]
    assert Path("opencode.jsonc").read_text().startswith('// mine\n{\n  "mcp": {')


def test_vs_code_gets_the_portable_file_unless_the_entry_stands_in_its_former_one(user: Path) -> None:
    Path(".vscode").mkdir()
    Path(".vscode/mcp.json").write_text('{"servers": {}}')
    assert main(["install", "vscode", "--write"]) == 0
    assert "podium" in data_of(Path(".mcp.json"))["mcpServers"]
    Path(".mcp.json").unlink()
    Path(".vscode/mcp.json").write_text('{"servers": {"podium": {"command": "old"}}}')
    assert main(["install", "vscode", "--write"]) == 0
    assert data_of(Path(".vscode/mcp.json"))["servers"]["podium"]["args"] == ["serve"]
    assert main(["install", "vscode", "--remove"]) == 0
    assert (data_of(Path(".vscode/mcp.json")), Path(".mcp.json").exists()) == ({}, False)


@pytest.mark.parametrize("name", NAMES)
def test_a_users_folder_of_a_client_that_was_never_started_is_not_made(
    name: ClientName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "empty"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert main(["install", name, "--scope", "user", "--write"]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_a_file_that_is_a_link_is_followed_and_told(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (user / "real.json").write_text("{}")
    Path(".mcp.json").symlink_to(user / "real.json")
    assert main(["install", "claude-code", "--write"]) == 0
    assert f"a link to {user / 'real.json'}." in capsys.readouterr().out.replace("\n", "")
    assert "podium" in data_of(user / "real.json")["mcpServers"]


def test_a_project_that_was_mistyped_is_not_made(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "cursor", "--write", "--folder", "../projct"]) == 2
    assert "There is no folder ../projct" in capsys.readouterr().err
    assert sorted(path.name for path in user.parent.iterdir()) == ["project", "user"]


def test_in_a_folder_that_was_removed_the_message_says_so(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path().absolute().rmdir()
    assert main(["install", "cursor", "--write"]) == 2
    assert "was removed" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["claude-desktop", "goose"])
def test_a_client_without_files_of_a_project_says_so(name: str, user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", name, "--scope", "project"]) == 2
    assert "Use --scope user." in capsys.readouterr().err


def test_write_and_remove_do_not_go_together(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "cursor", "--write", "--remove"]) == 2
    assert "cannot go together" in capsys.readouterr().err


def test_the_command_line_of_the_inspector_works_in_a_path_with_a_space(
    user: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "a b"
    place.mkdir()
    (place / "npx").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (place / "npx").chmod(0o755)
    assert main(["install", "inspector", "--home", str(place)]) == 0
    line = capsys.readouterr().out.strip()
    done = subprocess.run(
        ["sh", "-c", f"eval {shlex.quote(line)}"],
        env={"PATH": f"{place}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    assert done.stdout.splitlines() == ["@modelcontextprotocol/inspector", *server_command(load(home=place))]
