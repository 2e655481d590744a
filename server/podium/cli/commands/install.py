"""`podium install CLIENT`: the configuration that adds the MCP server to an agent's client, printed or written.

File names and members are those of the clients' documentation: Claude Code (`.mcp.json`, `mcpServers`), VS Code
(`.vscode/mcp.json`, `servers`), Cursor (`.cursor/mcp.json`, `mcpServers`). The Inspector takes a command line instead.
"""

import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from podium.cli.shared.door import line
from podium.cli.shared.options import Home, Socket
from podium.cli.shared.output import print_json, say
from podium.errors import InvalidArguments

ClientName = Literal["claude-code", "vscode", "cursor", "inspector"]


@dataclass(frozen=True)
class Target:
    """Where a client looks for its servers, and under which member."""

    file: str
    member: str
    after: str


PLACES = ("PODIUM_HOME", "PODIUM_SOCKET", "PODIUM_CONFIG")
INSPECTOR = ("npx", "@modelcontextprotocol/inspector")
TARGETS: dict[ClientName, Target] = {
    "claude-code": Target(".mcp.json", "mcpServers", "Start Claude Code in this folder and approve the server."),
    "vscode": Target(".vscode/mcp.json", "servers", "Open the folder in VS Code and start the server from the file."),
    "cursor": Target(".cursor/mcp.json", "mcpServers", "Open the folder in Cursor and enable the server."),
}


def command(
    client: Annotated[ClientName, typer.Argument(help="the MCP client")],
    write: Annotated[bool, typer.Option("--write", help="write the entry to the file instead of printing it")] = False,
    folder: Annotated[Path, typer.Option(help="the project's folder")] = Path(),
    home: Home = None,
    socket: Socket = None,
) -> None:
    """Print the configuration that adds Podium to a client, or write it; for the Inspector, print its command."""
    entry = server_entry(home, socket)
    if client == "inspector":
        env = [word for name, value in entry.get("env", {}).items() for word in ("-e", f"{name}={value}")]
        line(shlex.join([*INSPECTOR, *env, entry["command"], *entry["args"]]))
        return
    target = TARGETS[client]
    path = folder / target.file
    if not write:
        say(f"Add this to {path}, or run again with --write:", stderr=True)
        print_json({target.member: {"podium": entry}})
        return
    merge(path, target.member, entry)
    say(f"Wrote {path}. {target.after}")


def server_entry(home: Path | None, socket: Path | None) -> dict[str, Any]:
    """Return one server's entry: the command of this very installation, with the home and socket that were given.

    What leads this command to its conductor by the environment goes along: the client has an environment of its own.
    """
    flags = [(name, path) for name, path in (("--home", home), ("--socket", socket)) if path is not None]
    arguments = [word for name, path in flags for word in (name, _absolute(path))]
    env = {name: _absolute(Path(value)) for name in PLACES if (value := os.environ.get(name))}
    beside = Path(sys.executable).with_name("podium")  # in full: a client does not know the virtual environment's PATH
    executable = beside if beside.exists() else Path(sys.argv[0]).absolute()
    entry = {"type": "stdio", "command": str(executable), "args": ["serve", *arguments]}
    return {**entry, "env": env} if env else entry


def _absolute(path: Path) -> str:
    return str(path.expanduser().absolute())


def merge(path: Path, member: str, entry: dict[str, Any]) -> None:
    """Add or replace the entry in a client's file; everything else in it stays.

    Raises:
        InvalidArguments: the file is there and is not a plain JSON object; it is left as it is.
    """
    config = _read(path)
    servers = config.setdefault(member, {})
    if not isinstance(servers, dict):
        raise InvalidArguments(f"{path}: {member} is not an object.", fix="Correct the file, then run this again.")
    servers["podium"] = entry
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidArguments(
            f"{path} is not plain JSON ({error}); it was left unchanged.",
            fix="Run this without --write and add the entry by hand.",
        ) from None
    if not isinstance(config, dict):
        raise InvalidArguments(f"{path} does not contain a JSON object.", fix="Correct the file, then run this again.")
    return config
