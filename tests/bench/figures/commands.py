"""The processor time of every short command, beside that of `import pydantic`, which all of them need that ask a conductor."""

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from podium.cli.inventory import COMMANDS
from tests.bench.machine import Bench
from tests.bench.measuring import in_turn
from tests.bench.report import Row, Target
from tests.support.podium_home import Conductor

CPU_SECONDS = Target("at most", 0.15, "value")
BASELINE = [sys.executable, "-c", "from pydantic import BaseModel"]
PODIUM = [sys.executable, "-m", "podium"]
NAMED = ("list", "status")  # what people type all day: a row of their own
LEFT_OUT = {"call", "demo", "serve", "start"}  # three load the MCP stack; `starting.py` measures the fourth
SCORE = "name: timed\nsheets: [{name: only, run: 'true'}]\n"


def commands(bench: Bench) -> list[Row]:
    """Measure what commands cost: those that only print, and every one that does its work without the MCP stack."""
    with bench.conductor() as conductor:
        lines = command_lines(conductor, bench.new_folder())
        assert COMMANDS.keys() - lines.keys() == LEFT_OUT, "a command without a line here"
        runs = (partial(_cpu, words) for words in (BASELINE, *([*PODIUM, *each] for each in lines.values())))
        baseline, *found = in_turn(bench.size(15, 5), *runs)
    seconds = dict(zip(lines, found, strict=True))
    measured = COMMANDS.keys() & lines.keys()
    slowest = max(measured, key=lambda name: seconds[name])
    shown = {f"podium {name}": seconds[name] for name in ("--help", "run --help", *NAMED)}
    shown[f"the slowest of {len(measured)}: podium {slowest}"] = seconds[slowest]
    return [
        Row("commands", what, value, "s", baseline, "import of pydantic", CPU_SECONDS) for what, value in shown.items()
    ]


def command_lines(conductor: Conductor, folder: Path) -> dict[str, list[str]]:
    """Return a line for each command that ends by itself, on a home with a job that has completed and one that has failed."""
    place = ["--home", str(conductor.settings.home), "--socket", str(conductor.settings.socket)]
    score = folder / "score.yaml"
    score.write_text(SCORE)
    for words in ([str(score)], ["--name", "broken", "--", "false"]):
        subprocess.run([*PODIUM, "run", *place, *words], check=False, stdout=subprocess.DEVNULL)
    lines = {
        "run": ["--detach", "--workspace", str(folder), "--", "true"],
        **{name: ["timed"] for name in ("show", "logs", "wait", "timeline")},
        **{name: ["broken"] for name in ("pause", "resume", "cancel")},  # refused: it has ended
        "explain": ["broken"],
        "retry": ["broken"],
        "edit": ["broken"],
        "rm": ["--ended", "--older", "1d"],
        "report": ["timed", "--output", str(folder / "report.html")],
        "top": ["--once"],
        **{name: [str(score)] for name in ("validate", "plan", "env")},
        **{name: [] for name in ("list", "status", "settings", "doctor")},
        "service": ["status"],
    }
    return {
        "--help": ["--help"],
        "run --help": ["run", "--help"],
        "stop": ["stop", "--help"],
        "init": ["init", "--help"],
        "schema": ["schema"],
        "install": ["install", "--help"],
        "completion": ["completion", "bash"],
        "help": ["help", "run"],
        "version": ["version"],
        **{name: [name, *place, *words] for name, words in lines.items()},
    }


def _cpu(words: Sequence[str]) -> float:
    """Return the CPU seconds of a process, user and system; what it waits for is not counted."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "EDITOR": "true", "VISUAL": "true"}
    subprocess.run(words, check=False, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
