"""The memory that a sheet asks for is its limit where the system can hold it to that.

Where this was written cgroup v2 had no memory controller, so plain files stand in for those of a group: that the limit is written,
where, and when. The last test is for machines that have one.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.local.attempt import Running
from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.processes.cgroup import Cgroup, Cgroups
from podium.conductor.processes.keepers.child import Child
from podium.score.model.plan import Resources
from tests.support.engines import make_spec, open_engine, open_keepers, run_attempt
from tests.support.podium_home import until

pytestmark = pytest.mark.anyio
ASKED = 64 * 1024**2


def stand_in(place: Path, controllers: str) -> tuple[Cgroups, Path]:
    """Return the groups of a home below a folder that stands for one of the kernel's, and a group in it."""
    group = place / "key"
    group.mkdir()
    (place / "cgroup.subtree_control").write_text(controllers)
    (group / "memory.max").write_text("max")
    return Cgroups(place), group


def began(engine: LocalEngine, place: Path, resources: Resources, group: Path) -> Callable[[], None]:
    """Follow an attempt that the keeper has begun; return what says that it has started."""
    running = Running(make_spec(place, resources=resources))
    child = Child(running.key)
    engine.follow(running, child, None)
    child.begin(str(group))
    return lambda: child.run(1, 1, str(group))


async def test_the_limit_is_written_once_the_attempt_has_started_and_never_before(tmp_path: Path) -> None:
    """Earlier the keeper itself may be in the group. Plain files stand in for a memory controller."""
    groups, group = stand_in(tmp_path, "cpu memory")
    async with open_engine(cgroups=groups) as engine:
        assert engine.memory_is_limit
        start = began(engine, tmp_path, Resources(memory_bytes=ASKED), group)
        await anyio.wait_all_tasks_blocked()
        assert (group / "memory.max").read_text() == "max"
        start()
        await run_sync(until, lambda: (group / "memory.max").read_text() == str(ASKED))


@pytest.mark.parametrize(
    ("controllers", "resources"), [("cpu", Resources(memory_bytes=ASKED)), ("cpu memory", Resources(cpus=1))]
)
async def test_without_a_controller_or_a_wish_there_is_no_limit(
    tmp_path: Path, controllers: str, resources: Resources
) -> None:
    """Plain files stand in for the groups."""
    groups, group = stand_in(tmp_path, controllers)
    async with open_engine(cgroups=groups) as engine:
        assert engine.memory_is_limit == ("memory" in controllers)
        began(engine, tmp_path, resources, group)()
        await anyio.wait_all_tasks_blocked()
    assert (group / "memory.max").read_text() == "max"


async def test_without_groups_memory_is_only_counted() -> None:
    async with open_keepers() as hands, LocalEngine(hands) as engine:
        assert not engine.memory_is_limit


def test_a_group_that_has_gone_or_has_no_account_is_left_as_it_is(tmp_path: Path) -> None:
    Cgroup(str(tmp_path / "gone")).limit_memory(ASKED)
    Cgroup(str(tmp_path)).limit_memory(ASKED)
    assert not list(tmp_path.iterdir())


async def test_a_sheet_that_takes_more_than_it_asked_for_is_out_of_memory(tmp_path: Path) -> None:
    groups = Cgroups.open("test-memory-limit")
    try:
        if groups is None or not groups.limits_memory:
            pytest.skip("cgroup v2 has no memory controller for us here")
        script = f'{sys.executable} -c "kept = [bytearray(1 << 28) for _ in range(512)]"'  # more than any swap space
        end = await run_attempt(make_spec(tmp_path, script, resources=Resources(memory_bytes=ASKED)), cgroups=groups)
        assert end.reason == "out_of_memory"
    finally:
        if groups is not None:
            groups.close()
