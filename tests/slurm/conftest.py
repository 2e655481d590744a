"""A real Slurm cluster for the tests of this folder: one for all of them, with nothing of an earlier test on it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.conductor.processes import facts
from tests.support.engine_grounds import ClusterGround, Ground
from tests.support.engine_suite import attempts, gate, pids  # noqa: F401 -- its fixtures
from tests.support.podium_home import Conductor, make_home
from tests.support.slurm.lab import Lab, missing, open_lab
from tests.support.slurm.site import Site


@pytest.fixture(scope="session")
def cluster() -> Iterator[Lab]:
    """Return the cluster of this run."""
    if why := missing():
        pytest.skip(why)
    with open_lab() as running:
        yield running


@pytest.fixture
def lab(cluster: Lab) -> Iterator[Lab]:
    """Return the cluster, its nodes up; whatever a test has left on it is ended."""
    yield cluster
    cluster.restore()


@pytest.fixture
def ground(lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """Return where the common suite tries the engine; nothing of an attempt may be left, only lanes that wait for more."""
    monkeypatch.setenv("SLURM_CONF", str(lab.conf))
    yield ClusterGround(short_tmp, lab)
    assert not [pid for node in lab.nodes for pid in lab.leftovers(node) if facts.marker(pid)]


@pytest.fixture
def submit_host(lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Conductor]:
    """Return a conductor whose sheets run on the cluster unless they say otherwise."""
    monkeypatch.setenv("SLURM_CONF", str(lab.conf))
    running = Conductor(make_home(short_tmp, engine="slurm", slurm_python=sys.executable)).start()
    yield running
    running.end()


@pytest.fixture
def site(lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a submit host; its conductor is ended with all that it has."""
    made = Site(lab, short_tmp, monkeypatch)
    yield made
    made.conductor.end()
