"""Commands as real processes at a real conductor, and what they print with `--json` held to its view."""

import json
import os
import subprocess
from typing import Any

from podium.cli.answers import ANSWERS
from podium.settings import Settings
from tests.support import nursed

SECONDS = 50.0


def podium(home: Settings, *words: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a home, with `given` on its stdin and without a terminal."""
    return subprocess.run(
        nursed.command("commands", *words, "--home", str(home.home)),
        input=given,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def answered(home: Settings, *words: str, code: int = 0, given: str = "", **environment: str) -> dict[str, Any]:
    """Run a command with `--json`, and return what it printed: one object with just the fields of its view, and nothing else."""
    done = podium(home, *words, "--json", given=given, **environment)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert ANSWERS[words[0]].model_validate_json(done.stdout, strict=True).model_dump(mode="json") == found
    return found
