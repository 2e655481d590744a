"""The examples run as their pages say: an agent's loop, a score that drives an agent, and each client's configuration."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from mcp import Client, StdioServerParameters

from podium.settings import Settings
from podium_tools import ALL_TOOLS
from tests.support.podium_home import Conductor
from tests.support.source_tree import REPOSITORY

EXAMPLES = REPOSITORY / "examples"
CLIENTS = sorted(path for path in (EXAMPLES / "clients").iterdir() if path.suffix != ".md")
# Where each client keeps the entry of one server.
PLACES = {
    "claude-code.json": ("mcpServers",),
    "claude-desktop.json": ("mcpServers",),
    "cursor.json": ("mcpServers",),
    "vscode.json": ("mcpServers",),
    "gemini-cli.json": ("mcpServers",),
    "copilot-cli.json": ("mcpServers",),
    "opencode.json": ("mcp", "servers"),
    "zed.json": ("context_servers",),
    "codex.toml": ("mcp_servers",),
    "goose.yaml": ("extensions",),
}


def parsed(path: Path) -> Any:
    """Return what a client reads in its file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".toml":
        return tomllib.loads(text)
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def command_of(path: Path) -> list[str]:
    """Return the command line that a client's file names."""
    entry = parsed(path)
    for member in (*PLACES[path.name], "podium"):
        entry = entry[member]
    command = entry.get("command") or entry["cmd"]
    return command if isinstance(command, list) else [command, *entry["args"]]


def environment(settings: Settings) -> dict[str, str]:
    """Return an environment in which `podium` is this one, and its conductor that of the settings."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PODIUM_HOME": str(settings.home), "PODIUM_SOCKET": str(settings.socket)}


def test_every_client_of_the_page_has_its_file() -> None:
    page = (EXAMPLES / "clients" / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in CLIENTS} == set(PLACES)
    assert [name for name in PLACES if f"`{name}`" not in page] == []


@pytest.fixture(scope="module")
def listed() -> dict[tuple[str, ...], list[str]]:
    """What the commands listed that were tried: most files name the same one, which proves nothing new when it runs again."""
    return {}


@pytest.mark.anyio
@pytest.mark.parametrize("path", CLIENTS, ids=lambda path: path.name)
async def test_the_command_in_a_clients_file_serves_the_tools(
    path: Path, home: Settings, listed: dict[tuple[str, ...], list[str]]
) -> None:
    words = tuple(command_of(path))
    if words not in listed:
        parameters = StdioServerParameters(command=words[0], args=list(words[1:]), env=environment(home))
        with anyio.fail_after(100):
            async with Client(parameters) as client:
                listed[words] = [tool.name for tool in (await client.list_tools()).tools]
    assert listed[words] == [spec.name for spec in ALL_TOOLS]


@pytest.mark.anyio
async def test_an_installed_entry_reaches_its_conductor_with_what_clients_pass_on(
    conductor: Conductor, tmp_path: Path
) -> None:
    """Clients give their servers HOME, PATH and little more, and neither leads to this home and this socket."""
    podium, settings = str(Path(sys.executable).with_name("podium")), conductor.settings
    places = ["--home", str(settings.home), "--socket", str(settings.socket)]
    own_home = {**os.environ, "HOME": str(tmp_path)}
    with anyio.fail_after(100):
        command = [podium, "install", "cursor", "--write", "--folder", str(tmp_path), *places]
        await anyio.run_process(command, env=own_home)
    entry = parsed(tmp_path / ".cursor" / "mcp.json")["mcpServers"]["podium"]
    passed_on = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    parameters = StdioServerParameters(command=entry["command"], args=entry["args"], env=passed_on)
    with anyio.fail_after(100):
        async with Client(parameters) as client:
            status = await client.call_tool("conductor_status", {})
    assert status.structured_content is not None
    assert status.structured_content["pid"] == conductor.pid


def test_the_agent_loop_starts_watches_and_repairs_a_job(conductor: Conductor, short_tmp: Path) -> None:
    folder = short_tmp / "agent-loop"
    shutil.copytree(EXAMPLES / "agent-loop", folder, ignore=shutil.ignore_patterns("out"))
    command = [sys.executable, "agent_loop.py", "totals.yaml"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(conductor.settings),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.splitlines()
    assert [line for line in said if line.startswith("think: sheet add-up asks for a column 'sum'")]
    assert "1 finished sheet was kept" in done.stdout
    assert said[-3:] == ["# Sales", "", "Total 42"]
