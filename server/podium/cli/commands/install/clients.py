"""The clients that are known: where each looks for its servers, and what it wants an entry to say.

Each place and member is that of the client's own documentation, seen in November 2026:

| client | documentation |
|---|---|
| Claude Code | code.claude.com/docs/en/mcp: `.mcp.json` of a project, `mcpServers` of `~/.claude.json` for a user |
| Claude Desktop | modelcontextprotocol.io/docs/develop/connect-local-servers: a user's file only |
| Cursor | cursor.com/docs/mcp: `.cursor/mcp.json` of a project or of the user's home |
| VS Code | code.visualstudio.com/docs/agents/reference/mcp-configuration: the portable `.mcp.json`, and `mcp-config.json` of Copilot for a user; it calls `.vscode/mcp.json` the deprecated form, which it still reads |
| Gemini CLI | geminicli.com/docs/tools/mcp-server: `.gemini/settings.json` of a project or of the user's home |
| Copilot CLI | docs.github.com, "Adding MCP servers for Copilot CLI": `.mcp.json`, `~/.copilot/mcp-config.json`; of its two equal types `stdio` is the one that other clients know |
| OpenCode 2 | opencode.ai/v2/docs/mcp-servers: `opencode.json` or `.jsonc`, in a project or in `~/.config/opencode` |
| Zed | zed.dev/docs/ai/mcp and zed.dev/docs/worktree-trust: `.zed/settings.json`, `~/.config/zed/settings.json` |
| Codex | developers.openai.com/codex/mcp: `.codex/config.toml` of a trusted project, `~/.codex/config.toml` |
| goose | block.github.io/goose/docs/guides/config-files: `~/.config/goose/config.yaml`, a user's file only |
"""  # noqa: E501  a table's row is one line

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

ClientName = Literal[
    "claude-code",
    "claude-desktop",
    "cursor",
    "vscode",
    "gemini-cli",
    "copilot-cli",
    "opencode",
    "zed",
    "codex",
    "goose",
]
LONG_WAIT_SECONDS = 620  # wait_for_job may be asked to wait for ten minutes


@dataclass(frozen=True)
class Place:
    """A file of a client, and the members that lead to its servers. `~` is the user's home.

    A relative path is below the folder that `variable` names, else below `default`: of the project where there is neither.
    """

    path: str
    members: tuple[str, ...]
    variable: str = ""
    default: str = ""
    former: bool = False  # still read by the client, but no new entry goes there

    def file(self, folder: Path) -> Path:
        """Return the file; `folder` is that of the project."""
        base = (os.environ.get(self.variable) if self.variable else "") or self.default
        return (Path(base).expanduser() if base else folder) / self.path


@dataclass(frozen=True)
class Client:
    """A client, and how its entries look. The places of a scope are in the order of preference."""

    title: str
    project: tuple[Place, ...]
    user: tuple[Place, ...]
    after: str
    first: dict[str, Any] = field(default_factory=dict)  # members of a new entry, before the command
    last: dict[str, Any] = field(default_factory=dict)  # and behind it
    command_member: str = "command"
    one_list: bool = False  # the arguments stand in the same list as the command
    env_member: str = "env"

    def owned(self, command: list[str]) -> dict[str, Any]:
        """Return the members of an entry that are ours: the command and its arguments."""
        if self.one_list:
            return {self.command_member: command}
        return {self.command_member: command[0], "args": command[1:]}

    def entry(self, command: list[str], env: dict[str, str]) -> dict[str, Any]:
        """Return a whole new entry."""
        return {**self.first, **self.owned(command), **({self.env_member: env} if env else {}), **self.last}


_SERVERS = ("mcpServers",)
_STDIO = {"type": "stdio"}
_CONFIG = ("XDG_CONFIG_HOME", "~/.config")
_PORTABLE = Place(".mcp.json", _SERVERS)
_COPILOT = Place("mcp-config.json", _SERVERS, "COPILOT_HOME", "~/.copilot")
_DESKTOP = "~/Library/Application Support" if sys.platform == "darwin" else "~/.config"
_OPENCODE = ("mcp", "servers")

CLIENTS: dict[ClientName, Client] = {
    "claude-code": Client(
        "Claude Code",
        (_PORTABLE,),
        (Place(".claude.json", _SERVERS, "CLAUDE_CONFIG_DIR", "~"),),
        "Start Claude Code again; it asks you to approve a project's server.",
        first=_STDIO,
    ),
    "claude-desktop": Client(
        "Claude Desktop",
        (),
        (
            Place(
                "Claude/claude_desktop_config.json", _SERVERS, "XDG_CONFIG_HOME" * (sys.platform != "darwin"), _DESKTOP
            ),
        ),
        "Quit Claude Desktop and start it again.",
    ),
    "cursor": Client(
        "Cursor",
        (Place(".cursor/mcp.json", _SERVERS),),
        (Place(".cursor/mcp.json", _SERVERS, default="~"),),
        "Enable the server in Cursor's settings.",
    ),
    "vscode": Client(
        "VS Code",
        (_PORTABLE, Place(".vscode/mcp.json", ("servers",), former=True)),
        (_COPILOT,),
        "Open the folder in VS Code and trust the server.",
        first=_STDIO,
    ),
    "gemini-cli": Client(
        "Gemini CLI",
        (Place(".gemini/settings.json", _SERVERS),),
        (Place(".gemini/settings.json", _SERVERS, "GEMINI_CLI_HOME", "~"),),
        "Start Gemini CLI again.",
        last={"timeout": LONG_WAIT_SECONDS * 1000},
    ),
    "copilot-cli": Client(
        "Copilot CLI",
        (_PORTABLE,),
        (_COPILOT,),
        "Start Copilot CLI again; it reads a project's servers once you trust the folder.",
        first=_STDIO,
        last={"tools": ["*"]},
    ),
    "opencode": Client(
        "OpenCode",
        (Place("opencode.json", _OPENCODE), Place("opencode.jsonc", _OPENCODE)),
        (
            Place("opencode/opencode.json", _OPENCODE, *_CONFIG),
            Place("opencode/opencode.jsonc", _OPENCODE, *_CONFIG),
        ),
        "Start OpenCode again.",
        first={"type": "local"},
        one_list=True,
        env_member="environment",
    ),
    "zed": Client(
        "Zed",
        (Place(".zed/settings.json", ("context_servers",)),),
        (Place("zed/settings.json", ("context_servers",), *_CONFIG),),
        "Zed starts the server at once; a project's only when you trust the folder.",
    ),
    "codex": Client(
        "Codex",
        (Place(".codex/config.toml", ("mcp_servers",)),),
        (Place("config.toml", ("mcp_servers",), "CODEX_HOME", "~/.codex"),),
        "Start Codex again; it reads a project's file only if you trust the project.",
        last={"tool_timeout_sec": LONG_WAIT_SECONDS},
    ),
    "goose": Client(
        "goose",
        (),
        (Place("goose/config.yaml", ("extensions",), *_CONFIG),),
        "Start goose again.",
        first={
            "enabled": True,
            "type": "stdio",
            "name": "podium",
            "description": "Runs long jobs and keeps them running",
        },
        last={"timeout": LONG_WAIT_SECONDS},
        command_member="cmd",
        env_member="envs",
    ),
}
