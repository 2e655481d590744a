"""A short campaign on a real cluster (`python -m tests.torture.cluster` runs a long one), and faults that are planted for it to find."""

import os
import signal
import subprocess
import sys

import pytest

from tests.support.engines import ROOT, child_env
from tests.support.slurm.lab import PATH, missing
from tests.torture.__main__ import INTERRUPTED
from tests.torture.campaign import END_SECONDS
from tests.torture.cluster.planted import FAULTS

ROUND_SECONDS = 100  # a quarter of a minute, if nothing has to last for a whole one
CAMPAIGN_SECONDS = 2 * ROUND_SECONDS + 2 * END_SECONDS
FOUND = {
    "ignores-exits": "attempts: ended in a way that nobody caused",
    "forgets-claims": "tokens: never started, but ran",
    "suspends-nothing": "suspended: ",
}
"""What is said of each fault. Every round lets happen what shows it: the second one is for a machine that stood still in the first."""
MOUNTS = "truncate -s 8M $0 && mkfs.ext4 -q $0 && mkdir $0.d && mount -o loop $0 $0.d"


@pytest.fixture(autouse=True)
def _possible(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where there can be no cluster, or no disk for the shared folder that can be full, silent or away."""
    if why := missing():
        pytest.skip(why)
    image = tmp_path_factory.mktemp("disk") / "image"
    command = ["unshare", "--mount", "sh", "-c", MOUNTS, str(image)]
    env = {**os.environ, "PATH": PATH}  # a shell's may be without the folders of root's tools
    if os.geteuid() or subprocess.run(command, env=env, capture_output=True, check=False).returncode:
        pytest.skip("it takes root, and a loop device")


def campaign(*words: str) -> subprocess.CompletedProcess[str]:
    """Run two rounds, or as many as the words say."""
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
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_campaign_that_is_interrupted_says_how_far_it_came(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.torture.cluster", "--rounds", "2"]
    with subprocess.Popen(command, cwd=ROOT, env=child_env(), stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert "round 0" in running.stdout.readline()
        running.send_signal(number)
        told = running.stdout.read()
    assert running.returncode == INTERRUPTED
    assert "deaths of the conductor: " in told
    assert "1 rounds of 2" in told


@pytest.mark.timeout(CAMPAIGN_SECONDS + 30)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    done = campaign("--seed", "planted", "--plant", fault)
    assert done.returncode == 1, done.stdout[-20_000:] + done.stderr
    told = done.stdout.partition("VIOLATION")[2]
    assert f"\n{FOUND[fault]}" in told, told[-20_000:]
