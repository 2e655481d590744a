"""A short campaign on a real cluster (`python -m tests.torture.cluster` runs a long one), and faults that are planted for it to find."""

import os
import subprocess
import sys

import pytest

from tests.support.engines import ROOT, child_env
from tests.support.slurm.lab import missing
from tests.torture.campaign import END_SECONDS
from tests.torture.cluster.planted import FAULTS

ROUND_SECONDS = 100  # a quarter of a minute, if nothing has to last for a whole one
CAMPAIGN_SECONDS = 2 * ROUND_SECONDS + 2 * END_SECONDS
MOUNTS = "truncate -s 8M $0 && mkfs.ext4 -q $0 && mkdir $0.d && mount -o loop $0 $0.d"


@pytest.fixture(autouse=True)
def _possible(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where there can be no cluster, or no disk for the shared folder that can be full, silent or away."""
    if why := missing():
        pytest.skip(why)
    image = tmp_path_factory.mktemp("disk") / "image"
    command = ["unshare", "--mount", "sh", "-c", MOUNTS, str(image)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("it takes root, and a loop device")


def campaign(*words: str) -> subprocess.CompletedProcess[str]:
    """Run two rounds."""
    command = [sys.executable, "-m", "tests.torture.cluster", "--rounds", "2", *words]
    return subprocess.run(
        command, cwd=ROOT, env=child_env(), capture_output=True, text=True, check=False, timeout=CAMPAIGN_SECONDS
    )


@pytest.mark.timeout(CAMPAIGN_SECONDS + 30)
def test_a_short_campaign_on_a_cluster_breaks_no_promise() -> None:
    done = campaign("--seed", "make test-slurm")
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert "no violation" in done.stdout


@pytest.mark.timeout(CAMPAIGN_SECONDS + 30)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    done = campaign("--seed", "planted", "--plant", fault)
    assert done.returncode == 1
    assert "VIOLATION" in done.stdout, done.stdout[-20_000:] + done.stderr
