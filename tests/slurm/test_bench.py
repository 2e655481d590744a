"""A bench on a cluster that is ended takes everything down: its cluster, its conductor, and what plays there."""

import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

from tests.bench.interrupts import INTERRUPTED
from tests.support.engines import ROOT, child_env
from tests.support.podium_home import until
from tests.support.slurm.lab import missing
from tests.support.slurm.processes import members_of_jobs, with_variable

END_SECONDS = 60  # for a conductor to cancel what it has on the cluster


def conf_of(mark: str) -> Path | None:
    """Return the configuration of the cluster that something with this variable in its environment uses."""
    for pid in with_variable(mark):
        with suppress(OSError):
            for each in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                if each.startswith(b"SLURM_CONF="):
                    return Path(each.partition(b"=")[2].decode())
    return None


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_bench_that_is_ended_takes_down_its_cluster_and_its_conductor(short_tmp: Path) -> None:
    mark = f"BENCH_MARK={uuid.uuid4().hex}"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", "slurm", "--place", str(short_tmp)]
    with subprocess.Popen(["env", "-u", "SLURM_CONF", mark, *command], cwd=ROOT, env=child_env()) as bench:
        until(lambda: conf_of(mark))
        conf = conf_of(mark)
        assert conf is not None
        until(lambda: any(members_of_jobs(conf, node) for node in ("f1", "f2", "f3")))
        for _ in range(2):  # as `timeout` does
            bench.terminate()
        assert bench.wait(END_SECONDS) == INTERRUPTED
    until(lambda: not with_variable(mark) and not with_variable(f"SLURM_CONF={conf}"), seconds=10)
    assert not conf.parent.exists()
    assert not list(short_tmp.iterdir())
