"""Putting stand-ins for coding agents on the PATH of a conductor, telling them what to do, and reading what they were given."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.support import stand_in_agent

USAGE_LIMIT = "Claude AI usage limit reached, your limit resets in {seconds} seconds\n"
NOT_SIGNED_IN = "Invalid API key · Please run /login\n"
OVERLOADED = "API Error: Repeated 529 Overloaded errors\n"
CODEX_LIMIT = "ERROR: You've hit your usage limit. Upgrade to Pro or try again in {seconds} seconds.\n"
CODEX_NOT_SIGNED_IN = "ERROR: unexpected status 401 Unauthorized: Missing bearer or basic authentication in header\n"
CODEX_FULL = "ERROR: Selected model is at capacity. Please try a different model.\n"


class StandIns:
    """A folder with programs that are called like the agents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a conductor needs in its environment to find them."""
        return {"PATH": f"{self.bin}:{os.environ['PATH']}", "STAND_IN": str(self.folder)}

    def install(self, tool: str, *turns: dict[str, Any]) -> None:
        """Put a tool there; its calls play these turns, one each, and later ones just succeed."""
        program = self.bin / tool
        command = f'exec "{sys.executable}" -S -E "{stand_in_agent.__file__}" {tool} "$@"'
        program.write_text(f"#!/bin/sh\n{command}\n")
        program.chmod(0o755)
        (self.folder / f"{tool}.turns").write_text(json.dumps(turns))

    def calls(self, tool: str) -> list[dict[str, Any]]:
        """Return what each call of a tool was given: arguments, prompt, cwd."""
        path = self.folder / f"{tool}.calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
