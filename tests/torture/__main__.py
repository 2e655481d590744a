"""`python -m tests.torture [--seed N] [--rounds N]`: kill the conductor again and again, and check what it promised.

Stops at the first violation with exit code 1, and at INT and TERM with 130; the counts come at the end. The seed on each line repeats that home's campaign with `--home SEED.NUMBER`.
"""

import argparse
import signal
import sys
import time

from tests.torture.campaign import run_campaign
from tests.torture.keepers import table

INTERRUPTED = 128 + signal.SIGINT


def main() -> int:
    """Run the campaign that the command line asks for; return 1 where a check was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--seed", default=str(int(time.time())), help="repeats what is drawn; the moments are the machine's"
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--keep", action="store_true", help="keep the homes")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        run_campaign(options.seed, options.rounds, lambda line: print(line, flush=True), keep=options.keep)
    except AssertionError as error:
        print(error)
        return 1
    except KeyboardInterrupt:
        print("interrupted")
        return INTERRUPTED
    finally:
        print(f"deaths at the points of keeper, guard and reader:\n{table()}")
    print(f"seed {options.seed}: {options.rounds} rounds, no violation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
