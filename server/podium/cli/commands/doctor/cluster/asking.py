"""Asking the cluster's commands as the engine does: in its environment, each within a bound."""

import os
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

from podium.conductor.engines.slurm.answers import say
from podium.conductor.engines.slurm.commands import command_environment

SECONDS = 15.0


class Said(NamedTuple):
    """What a command answered; `code` is None if it cannot be started, or did not answer in time."""

    code: int | None
    out: str
    words: str  # what it said in one line, its errors first

    @property
    def well(self) -> bool:
        """Whether it did what was asked."""
        return self.code == 0


def ask(argv: Sequence[str], stdin: str = "") -> Said:
    """Run a command and return what it said."""
    try:
        done = subprocess.run(  # noqa: S603
            argv, input=stdin, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False,
            env=command_environment(os.environ),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Said(None, "", f"{argv[0]} has not answered for {SECONDS:.0f} s")
    except OSError as error:
        return Said(None, "", f"{argv[0]} cannot be run: {error.strerror}")
    words = say(done.stderr.splitlines()) or say(done.stdout.splitlines()) or f"exit code {done.returncode}"
    return Said(done.returncode, done.stdout, words)
