"""`python -m tests.fuzz [--seed N] [--inputs N]`: hostile peers against a real conductor, and what must hold meanwhile.

Ends with exit code 1 after violations; each names the input that `--only NUMBER` plays again.
"""

import argparse
import sys
import time

from tests.fuzz.campaign import LONG, run_campaign


def main() -> int:
    """Run the campaign that the command line asks for; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--seed", default=str(int(time.time())), help="repeats what is drawn; the moments are the machine's"
    )
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--only", type=int, help="play the one input of this number")
    parser.add_argument("--short", action="store_true", help="draw as a campaign of fewer than 20,000 inputs does")
    options = parser.parse_args()
    numbers = range(options.inputs) if options.only is None else range(options.only, options.only + 1)
    long = not options.short and options.inputs >= LONG
    begun = time.monotonic()
    try:
        kinds = run_campaign(options.seed, numbers, lambda line: print(line, flush=True), long=long)
    except AssertionError as error:
        print(error)
        return 1
    print(f"seed {options.seed}: {len(numbers)} inputs in {time.monotonic() - begun:.0f} s, no violation")
    print(", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
