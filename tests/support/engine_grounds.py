"""Where the common suite tries an engine: what outlives it, and how it is opened again as after a crash."""

import sys
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import anyio

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.local.limits.output import OutputLimits
from podium.conductor.engines.port import AttemptSpec, End, Engine, PlaceState, Usage
from podium.conductor.engines.slurm.engine import SlurmEngine, SlurmOptions
from podium.conductor.processes.run import Runner
from tests.support.engines import BOUND_SECONDS, open_keepers
from tests.support.fake_engine import FakeEngine, World
from tests.support.slurm.lab import PATH, Lab
from tests.support.slurm.stand_in.playing import StandIn

MARK = "here"
STREAM_BYTES = 256 * 1024


class Ground(Protocol):
    """What an engine is tried on. `place` is for the test's files."""

    place: Path
    has_queue: bool  # whether the queue can be closed, and the engine be out of reach

    def open(self, mark: str = MARK) -> AbstractAsyncContextManager[Engine]:
        """Open an engine on it; what an earlier one has begun is there."""

    def close_queue(self) -> None:
        """Let nothing that is submitted begin."""

    def open_queue(self) -> None:
        """Let it begin."""

    def lose(self) -> None:
        """Let the engine reach nothing."""

    def find_again(self) -> None:
        """Let it reach everything."""

    def half_make(self, spec: AttemptSpec) -> None:
        """Leave what a conductor leaves that dies just before it has submitted an attempt."""


@dataclass
class LocalGround:
    """This machine. It has no queue, and is always in reach."""

    place: Path
    has_queue = False

    @asynccontextmanager
    async def open(self, mark: str = MARK) -> AsyncIterator[Engine]:
        limits = OutputLimits(STREAM_BYTES, 4 * STREAM_BYTES)
        async with open_keepers(self.place / "keepers") as keepers, LocalEngine(keepers, limits, mark=mark) as engine:
            yield engine

    def close_queue(self) -> None: ...

    open_queue = lose = find_again = close_queue

    def half_make(self, spec: AttemptSpec) -> None:
        spec.folder.mkdir(parents=True)


@dataclass
class FakeGround:
    """A fake engine's world."""

    place: Path
    world: World = field(default_factory=lambda: World(stream_bytes=STREAM_BYTES))
    has_queue = True

    @asynccontextmanager
    async def open(self, mark: str = MARK) -> AsyncIterator[Engine]:
        async with FakeEngine(self.world, mark=mark) as engine:
            yield engine

    def close_queue(self) -> None:
        self.world.slots = 0

    def open_queue(self) -> None:
        self.world.slots = 100

    def lose(self) -> None:
        self.world.reachable = False

    def find_again(self) -> None:
        self.world.reachable = True

    def half_make(self, spec: AttemptSpec) -> None:
        """It makes nothing before."""


@dataclass
class ClusterGround:
    """A cluster, real or played."""

    place: Path
    cluster: Lab | StandIn
    has_queue = True

    @asynccontextmanager
    async def open(self, mark: str = MARK) -> AsyncIterator[Engine]:
        search_path = self.cluster.search_path if isinstance(self.cluster, StandIn) else PATH
        options = SlurmOptions(
            self.place / "shared",
            sys.executable,
            linger_seconds=0.5,
            ask_seconds=1.0,
            stream_bytes=STREAM_BYTES,
            search_path=search_path,
            record=self.place / "made",
        )
        async with (
            open_keepers(self.place / "keepers") as keepers,
            SlurmEngine(Runner(keepers), options, mark=mark) as engine,
        ):
            yield engine

    def close_queue(self) -> None:
        self.cluster.close_queue()

    def open_queue(self) -> None:
        self.cluster.open_queue()

    def lose(self) -> None:
        self.cluster.lose_controller()

    def find_again(self) -> None:
        self.cluster.find_controller()

    def half_make(self, spec: AttemptSpec) -> None:
        """Make the link in the home, and the folder that it leads to."""
        folder = self.place / "shared" / MARK / "jobs" / spec.folder.parent.name / spec.folder.name
        folder.mkdir(parents=True)
        spec.folder.parent.mkdir(parents=True, exist_ok=True)
        spec.folder.symlink_to(folder)


@dataclass
class Attempts:
    """The attempts of one test: of one job, which no other test has, since processes are recognised by their attempt's key."""

    place: Path
    count: int = 0
    job_id: str = field(default_factory=lambda: f"suite-{uuid.uuid4().hex}")

    def new(self, script: str = "true", *, mark: str = MARK, **fields: Any) -> AttemptSpec:
        """Return the next one; it has a second to end when it is told to."""
        self.count += 1
        folder = self.place / "home" / "jobs" / self.job_id / str(self.count)
        known = {"workspace": self.place, "env": {}, "grace_seconds": 1.0}
        return AttemptSpec(f"{mark}.{self.job_id}.{self.count}", folder, script, **{**known, **fields})


async def ends_of(engine: Engine, count: int) -> dict[str, End]:
    """Return the next ends, by key; no key may come twice."""
    found: dict[str, End] = {}
    with anyio.fail_after(BOUND_SECONDS):
        while len(found) < count:
            end = await anext(engine.changes())
            assert end.key not in found
            found[end.key] = end
    return found


async def comes_true(condition: Callable[[], object]) -> None:
    """Wait until a condition holds."""
    with anyio.fail_after(BOUND_SECONDS):
        while not condition():  # noqa: ASYNC110 -- nothing tells of it
            await anyio.sleep(0.02)


async def until_described(engine: Engine, keys: Sequence[str]) -> Mapping[str, Usage]:
    """Return the load of attempts as soon as there is any."""
    with anyio.fail_after(BOUND_SECONDS):
        while not (loads := await engine.describe(keys)):  # noqa: ASYNC110 -- nothing tells of it
            await anyio.sleep(0.02)
    return loads


async def until_place(engine: Engine, key: str, state: PlaceState | None) -> None:
    """Wait until an attempt is in a state; None: it is nowhere."""
    with anyio.fail_after(BOUND_SECONDS):
        while (place := await engine.find(key)) is None or place.state != state:
            if place is None and state is None:
                return
            await anyio.sleep(0.02)
