"""An agent on the official TypeScript client, version 1 or 2, on a real `podium serve`."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.settings import Settings
from tests.support import node

Step = Sequence[Any]
Outcome = dict[str, Any]
SECONDS = 90
_SOURCE = Path(__file__).with_name("agent.mjs")


@dataclass(frozen=True)
class TypeScript:
    """A version of the client, and the era that it opens with."""

    version: int
    mode: str

    def run(self, settings: Settings, steps: Sequence[Step]) -> list[Outcome]:
        """Carry out the steps over stdio and return what came of each."""
        words = ["-m", "podium", "serve", "--home", str(settings.home), "--socket", str(settings.socket)]
        return self.run_on({"command": sys.executable, "args": words}, steps)

    def run_on(self, server: dict[str, Any], steps: Sequence[Step]) -> list[Outcome]:
        """Carry out the steps on a server that is started by its command or reached at its URL."""
        plan = {"version": self.version, "mode": self.mode, "server": server, "steps": list(steps)}
        # Evaluated, not run as a file: so the packages are looked for in the build folder.
        words = ["--input-type=module", "--eval", _SOURCE.read_text(encoding="utf-8"), "--", json.dumps(plan)]
        done = node.run(words, seconds=SECONDS)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        outcomes: list[Outcome] = told["outcomes"]
        assert len(outcomes) == len(steps)
        return outcomes


CLIENTS = {
    "TypeScript v1": TypeScript(1, "legacy"),
    "TypeScript v2, handshake": TypeScript(2, "legacy"),
    "TypeScript v2, stateless": TypeScript(2, "auto"),
}
