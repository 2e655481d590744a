"""The processor time of short commands, beside that of `import pydantic`, which all of them need that ask a conductor."""

import resource
import subprocess
import sys
from collections.abc import Sequence

from podium.cli.inventory import COMMANDS
from tests.bench.machine import Bench
from tests.bench.measuring import in_turn
from tests.bench.report import Row, Target

CPU_SECONDS = Target("at most", 0.15, "value")
BASELINE = [sys.executable, "-c", "from pydantic import BaseModel"]
PODIUM = [sys.executable, "-m", "podium"]
ASKING = ("list", "status")  # what people type all day


def commands(bench: Bench) -> list[Row]:
    """Measure what a command costs that only prints, that only parses, and that asks a conductor."""
    with bench.conductor() as conductor:
        home = ["--home", str(conductor.settings.home), "--socket", str(conductor.settings.socket)]
        lines = {
            "podium --help": ["--help"],
            "podium run --help": ["run", "--help"],
            **{f"podium {name}": [name, *home] for name in ASKING if name in COMMANDS},
        }
        baseline, *found = in_turn(
            bench.size(15, 5),
            *(lambda line=line: _cpu(line) for line in (BASELINE, *([*PODIUM, *w] for w in lines.values()))),
        )
    rows = zip(lines, found, strict=True)
    return [Row("commands", what, value, "s", baseline, "import of pydantic", CPU_SECONDS) for what, value in rows]


def _cpu(words: Sequence[str]) -> float:
    """Return the CPU seconds of a process, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
