"""Attempts that are suspended and go on, by their cgroup and without one: nothing of them runs, and their limits stand still."""

import os
import resource
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.to_thread import run_sync
from structlog.testing import capture_logs

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.local.folder import AttemptFolder, Hold
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroups
from podium.conductor.processes.suspending import resume_tree, suspend_tree
from tests.support.engines import BOUND_SECONDS, STAY, Gate, is_alive, make_spec, next_end, open_engine
from tests.support.journals import keeper_and_guard, kill, newest
from tests.support.podium_home import until
from tests.support.scarce import limited
from tests.support.ticking import TICK, goes_on, stands_still

pytestmark = pytest.mark.anyio

# Counts as fast as it can in a child that left the session, so that its parent's group does not hold it, and tells its own pid.
COUNT = f"(setsid bash -c 'while :; do {TICK}; done' &)\n"


@pytest.fixture(params=["cgroup", "signals"])
def cgroups(request: pytest.FixtureRequest) -> Iterator[Cgroups | None]:
    """The groups of a home of its own, or none."""
    if request.param == "signals":
        yield None
        return
    name = f"test-{uuid.uuid4().hex[:8]}"
    opened = Cgroups.open(name)
    if opened is None:
        pytest.skip("no cgroup v2 folder is writable here")
    yield opened
    left = Cgroups.open(name)
    assert left is not None
    left.clean(())
    left.close()


async def more_ticks(place: Path) -> None:
    """Wait until the counter has gone on for a while."""
    await run_sync(goes_on, place)


async def still(place: Path) -> None:
    """See that the counter does not go on while others do."""
    await run_sync(stands_still, place)


@asynccontextmanager
async def counting(
    tmp_path: Path, cgroups: Cgroups | None, **fields: float
) -> AsyncIterator[tuple[LocalEngine, AttemptSpec]]:
    """Yield an engine, and an attempt in it that counts."""
    spec = make_spec(tmp_path, COUNT + STAY, **fields)
    with Gate(tmp_path / "pids") as pids:
        async with open_engine(cgroups=cgroups, keepers=tmp_path / "keepers") as engine:
            await engine.submit(spec)
            await pids.line()
            await more_ticks(tmp_path)
            yield engine, spec
            await engine.cancel(spec.key, grace_seconds=5)
            assert (await next_end(engine)).key == spec.key


async def test_nothing_of_a_suspended_attempt_runs_until_it_goes_on(tmp_path: Path, cgroups: Cgroups | None) -> None:
    async with counting(tmp_path, cgroups) as (engine, spec):
        assert engine.capabilities.suspend
        for _ in range(2):
            assert await engine.suspend(spec.key)
            await still(tmp_path)
            place = engine.place(spec.key)
            assert place is not None
            assert (place.state, engine.halted(spec.key)) == ("suspended", "")
            assert await engine.suspend(spec.key)  # again: it is
            await engine.resume(spec.key)
            await more_ticks(tmp_path)
        await engine.resume(spec.key)  # again: it does


async def test_one_that_is_to_go_on_while_no_descriptor_is_left_does_so_as_soon_as_there_is_one(
    tmp_path: Path, cgroups: Cgroups | None
) -> None:
    async with counting(tmp_path, cgroups) as (engine, spec), anyio.create_task_group() as tasks:
        assert await engine.suspend(spec.key)
        with limited(resource.RLIMIT_NOFILE, 1), capture_logs() as logs:
            tasks.start_soon(engine.resume, spec.key)
            with anyio.fail_after(BOUND_SECONDS):
                while not any(entry["event"] == "processes_unknown" for entry in logs):
                    await anyio.lowlevel.checkpoint()
            place = engine.place(spec.key)
            assert place is not None
            assert place.state == "suspended"
        await more_ticks(tmp_path)


async def test_one_that_was_to_be_suspended_while_no_descriptor_was_left_goes_on_by_the_same_means(
    tmp_path: Path, cgroups: Cgroups | None
) -> None:
    without = ExitStack()

    def wanted() -> bool:
        without.close()
        return True

    async with counting(tmp_path, cgroups) as (engine, spec):
        running = engine._running[spec.key]
        with without:
            without.enter_context(limited(resource.RLIMIT_NOFILE, 1))
            await suspend_tree(spec.key, running.group, running.cgroup, wanted)
        await resume_tree(spec.key, running.group, running.cgroup)
        await more_ticks(tmp_path)


async def test_a_tree_that_forks_all_the_time_is_stopped_whole(tmp_path: Path, cgroups: Cgroups | None) -> None:
    fork = "for i in 1 2 3 4; do (while :; do /bin/true; echo x >>ticks; done) & done\n"
    spec = make_spec(tmp_path, f"{fork}{STAY}")
    with Gate(tmp_path / "pids") as pids:
        async with open_engine(cgroups=cgroups) as engine:
            await engine.submit(spec)
            await pids.line()
            await more_ticks(tmp_path)
            assert await engine.suspend(spec.key)
            await still(tmp_path)
            await engine.resume(spec.key)
            await more_ticks(tmp_path)
            await engine.cancel(spec.key, grace_seconds=5)
            assert (await next_end(engine)).reason == "cancelled"


async def test_the_trap_of_a_suspended_attempt_runs_when_it_is_cancelled(
    tmp_path: Path, cgroups: Cgroups | None
) -> None:
    trap = "trap 'echo trapped; exit 3' TERM; echo $$ >pids; while :; do sleep 0.01; done"
    spec = make_spec(tmp_path, trap)
    with Gate(tmp_path / "pids") as pids:
        async with open_engine(cgroups=cgroups) as engine:
            await engine.submit(spec)
            await pids.line()
            assert await engine.suspend(spec.key)
            await engine.cancel(spec.key, grace_seconds=BOUND_SECONDS)
            end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("cancelled", 3)
    assert (spec.folder / "stdout.log").read_text() == "trapped\n"


async def test_one_that_is_killed_from_outside_while_it_is_suspended_ends_with_all_that_it_has(
    tmp_path: Path, cgroups: Cgroups | None
) -> None:
    spec = make_spec(tmp_path, COUNT + STAY)
    with Gate(tmp_path / "pids") as pids:
        async with open_engine(cgroups=cgroups) as engine:
            await engine.submit(spec)
            pid = await pids.line()
            await more_ticks(tmp_path)
            assert await engine.suspend(spec.key)
            os.kill(int(pid), signal.SIGKILL)
            end = await next_end(engine)
            assert not await engine.suspend(spec.key)
    assert (end.reason, end.signal) == ("killed", 9)
    assert end.processes_ended >= 1


async def test_one_that_has_not_begun_is_suspended_as_soon_as_it_has(tmp_path: Path, cgroups: Cgroups | None) -> None:
    spec = make_spec(tmp_path, COUNT + STAY)
    with Gate(tmp_path / "pids"):
        async with open_engine(cgroups=cgroups) as engine:
            await engine.submit(spec)
            assert await engine.suspend(spec.key)
            await still(tmp_path)
            await engine.resume(spec.key)
            await more_ticks(tmp_path)
            await engine.cancel(spec.key, grace_seconds=5)
            await next_end(engine)


async def test_a_wish_that_is_taken_back_before_it_has_begun_suspends_nothing(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, COUNT + STAY)
    with Gate(tmp_path / "pids"):
        async with open_engine() as engine, anyio.create_task_group() as tasks:
            tasks.start_soon(engine.suspend, spec.key)
            await engine.submit(spec)
            tasks.start_soon(engine.suspend, spec.key)
            tasks.start_soon(engine.resume, spec.key)
            await more_ticks(tmp_path)
            await engine.cancel(spec.key, grace_seconds=5)
            await next_end(engine)


async def test_neither_the_time_limit_nor_the_limit_of_silence_is_used_up_meanwhile(
    tmp_path: Path, cgroups: Cgroups | None
) -> None:
    limits = {"timeout_seconds": "timed_out", "quiet_seconds": "stale"}
    specs = {limit: make_spec(tmp_path, STAY, **{limit: 2.0}) for limit in limits}
    began = anyio.current_time()
    ends = {}
    with Gate(tmp_path / "pids") as pids:
        async with open_engine(cgroups=cgroups) as engine:
            for spec in specs.values():
                await engine.submit(spec)
                await pids.line()
                assert await engine.suspend(spec.key)
            with anyio.move_on_after(2.5):
                await next_end(engine)
                raise AssertionError("one ended while it was suspended")
            for spec in specs.values():
                await engine.resume(spec.key)
            for _ in specs:
                end = await next_end(engine)
                ends[end.key] = end.reason
    assert ends == {specs[limit].key: reason for limit, reason in limits.items()}
    assert anyio.current_time() - began > 2.5 + 1.0


async def test_the_next_conductor_finds_it_suspended_with_what_its_limit_had_left(
    tmp_path: Path, cgroups: Cgroups | None
) -> None:
    spec = make_spec(tmp_path, COUNT + STAY, timeout_seconds=3.0)
    keepers = tmp_path / "keepers"
    with Gate(tmp_path / "pids") as pids:
        async with open_engine(cgroups=cgroups, keepers=keepers) as engine:
            await engine.submit(spec)
            await pids.line()
            await more_ticks(tmp_path)
            assert await engine.suspend(spec.key)
        async with open_engine(cgroups=cgroups, keepers=keepers) as engine:
            await engine.reattach(spec)
            with anyio.move_on_after(4.0):
                await next_end(engine)
                raise AssertionError("its limit was counted")
            place = engine.place(spec.key)
            assert place is not None
            assert place.state == "suspended"
            assert place.held_seconds > 4.0
            await still(tmp_path)
            await engine.resume(spec.key)
            await more_ticks(tmp_path)
        async with open_engine(
            cgroups=cgroups, keepers=keepers
        ) as engine:  # what it was suspended before does not count either
            await engine.reattach(spec)
            at = anyio.current_time()
            end = await next_end(engine)
            assert anyio.current_time() - at > 0.5
    assert end.reason == "timed_out"


async def test_its_silence_begins_anew_when_it_goes_on_also_for_the_next_conductor(tmp_path: Path) -> None:
    spec, keepers = make_spec(tmp_path, STAY, quiet_seconds=2.0), tmp_path / "keepers"
    with Gate(tmp_path / "pids") as pids:
        async with open_engine(keepers=keepers) as engine:
            await engine.submit(spec)
            await pids.line()
            assert await engine.suspend(spec.key)
            with anyio.move_on_after(2.5):
                await next_end(engine)
                raise AssertionError("it ended while it was suspended")
            await engine.resume(spec.key)
        at = anyio.current_time()
        async with open_engine(keepers=keepers) as engine:
            await engine.reattach(spec)
            assert (await next_end(engine)).reason == "stale"
    assert anyio.current_time() - at > 1.5


async def test_one_that_should_run_goes_on_with_the_next_conductor(tmp_path: Path, cgroups: Cgroups | None) -> None:
    async with counting(tmp_path, cgroups) as (engine, spec):
        assert await engine.suspend(spec.key)
        async with open_engine(cgroups=cgroups, keepers=tmp_path / "keepers") as heir:
            await heir.reattach(spec)
            await heir.resume(spec.key)
            await more_ticks(tmp_path)


async def test_who_kills_the_keeper_lets_nothing_go_on(tmp_path: Path, cgroups: Cgroups | None) -> None:
    async with counting(tmp_path, cgroups) as (engine, spec):
        assert await engine.suspend(spec.key)
        for pid in keeper_and_guard(newest(tmp_path / "keepers")):
            kill(pid)
            await run_sync(until, lambda pid=pid: not is_alive(pid))
        await still(tmp_path)
        await engine.resume(spec.key)
        await more_ticks(tmp_path)


async def test_what_somebody_else_has_stopped_is_no_suspension_of_ours(tmp_path: Path) -> None:
    async with counting(tmp_path, None) as (engine, spec):
        group = engine._running[spec.key].group
        assert group is not None
        os.kill(group, signal.SIGSTOP)
        await run_sync(until, lambda: engine.halted(spec.key))
        await engine.resume(spec.key)
        stat = facts.read_stat(group)
        assert stat is not None
        assert facts.is_stopped(stat)


async def test_where_it_cannot_be_noted_nothing_is_suspended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: AttemptFolder, hold: Hold) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(AttemptFolder, "note_hold", full)
    async with counting(tmp_path, None) as (engine, spec):
        assert not await engine.suspend(spec.key)
        await more_ticks(tmp_path)
