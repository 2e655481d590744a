"""The commands, and what may be wrong with them: `main` is what the programs in PATH call."""

import json
import os
import sys
import time

from tests.support.slurm.stand_in.cluster import CALLS, FAULTS
from tests.support.slurm.stand_in.words import fail

LONG_SECONDS = 3600
GARBAGE = "\x00\x1b[31mslurm_load: zero|bytes|\n|||||\nJOBID NONSENSE\n99999999999999999999|x|-|RUNNING||||\n"
NO_CONTACT = "Unable to contact slurm controller (connect failure)"
NOT_REACHED = {
    "sbatch": f"Batch job submission failed: {NO_CONTACT}",
    "squeue": f"slurm_load_jobs error: {NO_CONTACT}",
}
STRANGE = "Batch job submission failed: The moon is full"
LIMIT = (
    "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
)


def main(command: str, folder: str) -> None:
    """Play a command of Slurm's, unless something is wrong with it."""
    words = sys.argv[1:]
    with open(os.path.join(folder, CALLS), "a", encoding="utf-8") as calls:
        calls.write(json.dumps([time.time(), command, *words]) + "\n")
    fault = _fault(command, folder)
    if fault == "hang":
        time.sleep(LONG_SECONDS)
    elif fault == "slow":
        time.sleep(1)
    elif fault == "garbage":
        sys.stdout.write(GARBAGE)
        return
    elif fault == "unreachable":
        _unreachable(command)
    elif fault == "limit":
        fail(command, LIMIT)
    elif fault == "strange":
        fail(command, STRANGE)
    _play(command, folder, words, fault)


def _play(command: str, folder: str, words: list[str], fault: str) -> None:
    """Load only what this command needs: it is started hundreds of times."""
    if command == "sbatch":
        from tests.support.slurm.stand_in.submitting import sbatch

        sbatch(folder, words, fault)
    elif command == "scancel":
        from tests.support.slurm.stand_in.cancelling import scancel

        scancel(folder, words)
    else:
        from tests.support.slurm.stand_in import asking

        getattr(asking, command)(folder, words)


def _fault(command: str, folder: str) -> str:
    """Return what is wrong with a command, "" if nothing. A fault with a number goes away after so many calls."""
    path = os.path.join(folder, FAULTS, command)
    try:
        with open(path, encoding="utf-8") as file:
            kind, times = json.load(file)
    except FileNotFoundError:
        return ""
    if times == 1:
        os.unlink(path)
    elif times:
        with open(path, "w", encoding="utf-8") as file:
            json.dump([kind, times - 1], file)
    return str(kind)


def _unreachable(command: str) -> None:
    if command == "scontrol":
        print(f"Slurmctld(primary) at {os.uname().nodename.partition('.')[0]} is DOWN")
        sys.exit(1)
    fail(command, NOT_REACHED.get(command, NO_CONTACT))
