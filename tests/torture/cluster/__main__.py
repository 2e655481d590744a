"""`python -m tests.torture.cluster [--seed N] [--rounds N] [--keep]`: the campaign on a real Slurm cluster.

It runs as root in a mount namespace of its own, for the shared folder. Stops at the first violation with exit code 1.
"""

import argparse
import os
import subprocess
import sys
import time
from functools import partial

from tests.support.slurm.lab import missing
from tests.torture.campaign import points_hit, run_campaign
from tests.torture.cluster.campaign import open_cluster_campaign
from tests.torture.cluster.plans import POINTS, troubles_drawn
from tests.torture.cluster.planted import FAULTS
from tests.torture.cluster.troubles import EVERY

INSIDE = "PODIUM_TORTURE_INSIDE"


def main() -> int:
    """Run the campaign that the command line asks for; return 1 where a check was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.cluster", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", default=str(int(time.time())), help="repeats what is drawn")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--keep", action="store_true", help="keep the homes")
    parser.add_argument(
        "--plant", choices=FAULTS, default="", help="let conductors have a fault, which has to be found"
    )
    options = parser.parse_args()
    if why := missing():
        sys.exit(why)
    if INSIDE not in os.environ:
        words = ["unshare", "--mount", sys.executable, "-m", "tests.torture.cluster", *sys.argv[1:]]
        return subprocess.run(words, env={**os.environ, INSIDE: "1"}, check=False).returncode
    try:
        run_campaign(
            options.seed,
            options.rounds,
            lambda line: print(line, flush=True),
            keep=options.keep,
            opened=partial(open_cluster_campaign, plant=options.plant),
        )
    except AssertionError as error:
        print(error)
        return 1
    finally:
        print("deaths of the conductor:", ", ".join(f"{name} {points_hit[name]}" for name in POINTS))
        print("troubles:", ", ".join(f"{each.name} {troubles_drawn[each.name]}" for each in EVERY))
    print(f"seed {options.seed}: {options.rounds} rounds, no violation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
