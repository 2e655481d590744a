"""A real Slurm cluster for the tests of this folder: one for all of them, with nothing of an earlier test on it."""

from collections.abc import Iterator

import pytest

from tests.support.slurm.lab import Lab, missing, open_lab


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
