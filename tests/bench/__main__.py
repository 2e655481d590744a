"""`python -m tests.bench [--only NAME] [--quick] [--peers]`: figures as ratios to baselines of the same run; a table and bench.json.

Nothing here is a test: timings are looked at, never asserted. INT, TERM and HUP end it with 130 when all that it has made is gone;
of other programs (`--peers`) something may run on.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.figures import agents, commands, jobs, memory, peers, registry, sheets, slurm, starting, waits, wire
from tests.bench.interrupts import INTERRUPTED, Interrupts
from tests.bench.machine import Bench, open_bench
from tests.bench.report import Row, save, table

FIGURES: dict[str, Callable[[Bench], list[Row]]] = {
    "submit": jobs.submit,
    "jobs": jobs.jobs,
    "one_job": sheets.one_job,
    "sheets": sheets.sheets,
    "health": wire.health,
    "clients": wire.clients,
    "registry": registry.registry,
    "memory": memory.memory,
    "start": starting.start,
    "commands": commands.commands,
    "get_job": agents.get_job,
    "tools_list": agents.tools_list,
    "waits": waits.waits,
    "slurm": slurm.slurm,
}


def main() -> int:
    """Measure, print the table and write the file; return 0, whatever the figures are, or that it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", action="append", choices=list(FIGURES), help="this figure; may be given again")
    parser.add_argument("--quick", action="store_true", help="smaller and shorter, for a look")
    parser.add_argument("--peers", action="store_true", help="only compare with what else is installed for such work")
    parser.add_argument("--huey-python", default=sys.executable, help="a Python that has huey, for --peers")
    parser.add_argument("--output", type=Path, default=Path("bench.json"), help="the file to write")
    parser.add_argument("--place", type=Path, default=Path("/var/tmp"), help="a folder on the disk to measure")  # noqa: S108
    options = parser.parse_args()
    interrupts = Interrupts()
    interrupts.install()
    try:
        _measure(options, interrupts)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    return 0


def _measure(options: argparse.Namespace, interrupts: Interrupts) -> None:
    began = time.monotonic()
    rows: list[Row] = []
    with interrupts.whole(open_bench(interrupts, quick=options.quick, place=options.place)) as bench:
        if options.peers:
            rows += peers.peers(bench, options.huey_python)
        for name in options.only or ([] if options.peers else FIGURES):
            sys.stderr.write(f"{name} ...\n")
            rows += FIGURES[name](bench)
        sys.stdout.write(table(rows) + "\n")
        sys.stdout.flush()
        save(options.output, rows, quick=options.quick, seconds=time.monotonic() - began)
        sys.stderr.write("removing what was made ...\n")


if __name__ == "__main__":
    sys.exit(main())
