"""Slurm's commands on this machine."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from podium.cli.commands.doctor.cluster.asking import ask
from podium.cli.views.doctor import Finding
from podium.conductor.engines.slurm.commands import version

NEEDED = ("sbatch", "squeue", "scancel", "scontrol", "sinfo")
KNOWN = (20, 11)  # whose formats and options the engine was made for


def examine() -> Iterator[Finding]:
    """See that the commands are here, and of which version they are."""
    found = {name: path for name in NEEDED if (path := shutil.which(name))}
    if missing := [name for name in NEEDED if name not in found]:
        fix = "Run Podium on a machine of the cluster where you can submit, or install Slurm's commands (slurm-client)."
        yield Finding("commands", "fail", f"not on PATH: {', '.join(missing)}", fix)
        return
    folders = sorted({str(Path(path).parent) for path in found.values()})
    yield Finding("commands", "ok", f"{', '.join(NEEDED)} in {' and '.join(folders)}")
    said = ask(version())
    numbers = re.search(r"(\d+)\.(\d+)", said.out)
    if not numbers:
        yield Finding("version", "note", f"sbatch does not say it: {said.words}", "Try `sbatch --version` by hand.")
    elif (int(numbers[1]), int(numbers[2])) < KNOWN:
        text = f"{said.out.strip()} is older than {KNOWN[0]}.{KNOWN[1]}"
        yield Finding("version", "note", text, "Nobody has tried it; look closely at the job for a node below.")
    else:
        yield Finding("version", "ok", said.out.strip())
