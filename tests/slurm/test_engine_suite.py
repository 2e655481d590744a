"""What every engine promises, on a real cluster."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.conductor.processes import facts
from tests.fault.test_engine_suite import *  # noqa: F403 -- the same tests
from tests.support.engine_grounds import ClusterGround, Ground
from tests.support.slurm.lab import Lab


@pytest.fixture
def ground(lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """Return where the engine is tried."""
    monkeypatch.setenv("SLURM_CONF", str(lab.conf))
    yield ClusterGround(short_tmp, lab)
    assert not [pid for node in lab.nodes for pid in lab.leftovers(node) if is_of_an_attempt(pid)]


def is_of_an_attempt(pid: int) -> bool:
    """Tell whether a process belongs to an attempt, and not to a lane that waits for another one."""
    return bool(facts.marker(pid))
