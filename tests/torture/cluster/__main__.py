"""`python -m tests.torture.cluster [--seed N] [--rounds N] [--keep]`: the campaign on a real Slurm cluster.

It runs as root in a mount namespace of its own, for the shared folder; several may run side by side. Stops at the first violation
with exit code 1, and at INT and TERM with 130; what was counted is printed at the end, whichever it is.
"""

import argparse
import os
import signal
import sys
import time
from functools import partial

from tests.support.slurm.lab import missing
from tests.torture.__main__ import INTERRUPTED
from tests.torture.campaign import points_hit, run_campaign
from tests.torture.cluster.campaign import ROUNDS_A_HOME, ClusterCampaign, open_cluster_campaign
from tests.torture.cluster.plans import POINTS, rounds_drawn, troubles_drawn
from tests.torture.cluster.planted import FAULTS
from tests.torture.cluster.showing import PlantedCampaign
from tests.torture.cluster.suspended import counts
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
        os.execvpe(words[0], words, {**os.environ, INSIDE: "1"})  # noqa: S606 -- signals come to us
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    make = partial(PlantedCampaign, plant=options.plant) if options.plant else ClusterCampaign
    began, outcome, code = time.monotonic(), "not finished", INTERRUPTED
    try:
        run_campaign(
            options.seed,
            options.rounds,
            lambda line: print(line, flush=True),
            keep=options.keep,
            opened=partial(open_cluster_campaign, make=make),
            rounds_a_home=ROUNDS_A_HOME,
        )
        outcome, code = "no violation", 0
    except AssertionError as error:
        print(error)
        outcome, code = "a violation", 1
    except KeyboardInterrupt:
        print("interrupted")
    finally:
        _print_counts()
        rounds, seconds = len(rounds_drawn), time.monotonic() - began
        print(f"seed {options.seed}: {rounds} rounds of {options.rounds} in {seconds:.0f} s, {outcome}")
    return code


def _print_counts() -> None:
    print("deaths of the conductor:", ", ".join(f"{name} {points_hit[name]}" for name in POINTS))
    print("troubles:", ", ".join(f"{each.name} {troubles_drawn[each.name]}" for each in EVERY))
    print("suspended:", ", ".join(f"{count} {what}" for what, count in counts.items()) or "none")


if __name__ == "__main__":
    sys.exit(main())
