"""The same no-ops by submitit, run by a Python that has it: `python submitit_map.py FOLDER COUNT AT_ONCE`; prints the seconds."""

import subprocess
import sys
import time
from importlib import import_module


def no_op(_number: int) -> int:
    """Run what a sheet runs."""
    return subprocess.run(["/bin/bash", "-c", "true"], check=True).returncode


def main() -> int:
    """Submit an array of no-ops and wait for all results."""
    folder, count, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    executor = import_module("submitit").AutoExecutor(folder=folder, cluster="slurm")
    executor.update_parameters(timeout_min=5, slurm_array_parallelism=at_once, slurm_mem="50M")
    began = time.perf_counter()
    jobs = executor.map_array(no_op, range(count))
    assert [job.result() for job in jobs] == [0] * count
    print(time.perf_counter() - began)
    return 0


if __name__ == "__main__":
    sys.exit(main())
