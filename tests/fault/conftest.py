"""Where the common suite of engines tries them, a cluster that is played, and a submit host of one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine_grounds import ClusterGround, FakeGround, Ground, LocalGround
from tests.support.engine_suite import attempts, gate, pids  # noqa: F401 -- its fixtures
from tests.support.slurm.site import Site
from tests.support.slurm.stand_in.playing import StandIn, open_stand_in


@pytest.fixture(params=["fake", "local", "slurm"])
def ground(request: pytest.FixtureRequest, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """Return where an engine is tried; the cluster is played."""
    if request.param != "slurm":
        yield FakeGround(short_tmp) if request.param == "fake" else LocalGround(short_tmp)
        return
    with open_stand_in() as cluster:
        monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
        yield ClusterGround(short_tmp, cluster)


@pytest.fixture
def cluster() -> Iterator[StandIn]:
    """A cluster that is played, of this test's own."""
    with open_stand_in() as playing:
        yield playing


@pytest.fixture
def site(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a submit host; its conductor is ended with all that it has."""
    with open_stand_in() as cluster:
        made = Site(cluster, short_tmp, monkeypatch)
        yield made
        made.conductor.end()
