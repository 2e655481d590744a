"""Baseline: spawn and wait, and nothing else.

`python -m tests.bench.baselines.spawn_loop COUNT AT_ONCE SCRIPT` prints the seconds.
"""

import os
import sys
import time


def run(count: int, at_once: int, script: str) -> float:
    """Run bash on a script file `count` times, so many at once; return the seconds."""
    argv, env = ["/bin/bash", script], dict(os.environ)
    began = time.perf_counter()
    running = 0
    for _ in range(count):
        if running == at_once:
            os.waitpid(-1, 0)
            running -= 1
        os.posix_spawn(argv[0], argv, env, setsid=True)
        running += 1
    for _ in range(running):
        os.waitpid(-1, 0)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.stdout.write(f"{run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])}\n")
