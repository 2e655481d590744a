"""What the parts of the common suite of engines (tests/fault/engines) share: its fixtures, and steps that several tests take.

A cluster is played there; tests/slurm tries the same on a real one.
"""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from podium.conductor.engines.port import AttemptSpec, End, Engine
from tests.support.engine_grounds import Attempts, Ground, ends_of, until_place
from tests.support.engines import BOUND_SECONDS, Gate

NO_TREE = (
    "trap '' TERM; (trap '' TERM; exec sleep 1000) & setsid sleep 1000 & echo $! >daemon; echo $$ >pids; wait; wait"
)


@pytest.fixture
def attempts(ground: Ground) -> Attempts:
    """Return the attempts of a test."""
    return Attempts(ground.place)


@pytest.fixture
def pids(ground: Ground) -> Iterator[Gate]:
    """Return the gate that scripts write their pids to."""
    with Gate(ground.place / "pids") as gate:
        yield gate


@pytest.fixture
def gate(ground: Ground) -> Iterator[Gate]:
    """Return the gate that scripts wait at."""
    with Gate(ground.place / "gate") as gate:
        yield gate


async def run(engine: Engine, spec: AttemptSpec) -> End:
    """Submit an attempt, and return its end."""
    await engine.submit(spec)
    return (await ends_of(engine, 1))[spec.key]


async def put_into_queue(ground: Ground, engine: Engine, attempts: Attempts) -> AttemptSpec:
    """Submit an attempt that would leave a line in `runs`, and wait until it is in the closed queue."""
    ground.close_queue()
    spec = attempts.new("echo ran >>runs")
    await engine.submit(spec)
    await until_place(engine, spec.key, "queued")
    return spec


async def check_never_runs(ground: Ground, engine: Engine, attempts: Attempts) -> None:
    """Open the queue, and see that what comes later runs and what was in the queue has not."""
    ground.open_queue()
    await run(engine, attempts.new())
    assert not lines_of(ground.place / "runs")


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


async def stands_still(path: Path) -> None:
    """Wait until a file has not grown for a while, which is many times as long as it takes to grow."""
    with anyio.fail_after(BOUND_SECONDS):
        before = -1
        while before != (before := len(lines_of(path))):  # noqa: ASYNC110 -- a file tells nobody
            await anyio.sleep(0.4)
