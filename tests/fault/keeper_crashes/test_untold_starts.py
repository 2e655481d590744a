"""A sheet of which its dead keeper told no start is known all the same, and what it left is not taken for it."""

import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.port import AttemptSpec
from tests.support.engines import Holder, is_alive, make_spec, next_end
from tests.support.journals import armed, newest, read_journal
from tests.support.keeper_stage import WAIT, Stage, told, without_kernel
from tests.support.podium_home import until

pytestmark = pytest.mark.anyio

LEAVES = "setsid sleep 1000 & echo $! >left; "


async def begun_without_record(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, script: str, guard: str, fault: str = "before_started:1"
) -> AttemptSpec:
    """Return an attempt that runs, of which its dead keeper told no start; its conductor is dead, too.

    `guard` is the point at which the guard dies, "killed" if it is killed when it has told what the keeper left, "" if it lives.
    """
    armed(stage.place, monkeypatch, fault)
    if guard not in {"", "killed"}:
        armed(stage.place, monkeypatch, f"{guard}:1")
    spec = make_spec(stage.place, script)
    Holder(spec).kill()
    await stage.said.line()
    keeper, guarding = stage.pids
    await run_sync(until, lambda: not is_alive(keeper))
    if guard == "killed":
        await run_sync(until, lambda: read_journal(newest(stage.keepers))[-1][0] == "orphaned")
        await stage.kill(guarding)
    return spec


async def pid_of(engine: LocalEngine, spec: AttemptSpec) -> int:
    """Wait until the first process of an attempt is known, and return its pid."""
    child = engine.keepers.find(spec.key)
    assert child is not None
    await run_sync(until, lambda: child.state == "running")
    return child.pid


GUARDS = ["", "killed", "before_orphaned", "after_orphaned"]


@pytest.mark.parametrize("fault", ["after_spawn:1", "before_started:1", "torn_record:3"])
@pytest.mark.parametrize("guard", [*GUARDS, "after_gone"])
async def test_what_a_sheet_left_is_not_taken_for_the_sheet(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, fault: str, guard: str
) -> None:
    spec = await begun_without_record(stage, monkeypatch, LEAVES + WAIT + "exit 7", guard, fault)
    await stage.end_sheet()
    async with stage.engine() as engine:
        await engine.reattach(spec)
        end = await next_end(engine)
    was_told = guard in {"", "after_gone"}
    assert told(end) == (("exited", 7, None) if was_told else ("lost", None, None))
    assert end.processes_ended == 1
    assert not is_alive(int((stage.place / "left").read_text()))


@pytest.mark.parametrize("guard", GUARDS)
async def test_a_sheet_of_which_no_start_was_told_goes_on_beside_what_it_left(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    spec = await begun_without_record(stage, monkeypatch, LEAVES + WAIT, guard)
    async with stage.engine() as engine:
        await engine.reattach(spec)
        assert await pid_of(engine, spec) == int((stage.place / "ran").read_text())
        await engine.cancel(spec.key, grace_seconds=10)
        end = await next_end(engine)
    assert end.reason == "cancelled"
    assert (stage.runs(), is_alive(int((stage.place / "left").read_text()))) == (1, False)


async def test_the_guard_tells_the_end_of_a_sheet_of_which_no_start_was_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = await begun_without_record(stage, monkeypatch, WAIT + "exit 7", guard="")
    with without_kernel(monkeypatch):
        async with stage.engine() as engine:
            await engine.reattach(spec)
            await pid_of(engine, spec)
            stage.release()
            assert told(await next_end(engine)) == ("exited", 7, None)


@pytest.mark.parametrize("guard", GUARDS)
async def test_a_sheet_that_became_another_program_is_known_unless_its_guard_died_at_once_too(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    spec = await begun_without_record(stage, monkeypatch, "echo $$ >ran; echo x >said; exec sleep 1000", guard)
    async with stage.engine() as engine:
        await engine.reattach(spec)
        if guard != "before_orphaned":
            await pid_of(engine, spec)
            await engine.cancel(spec.key, grace_seconds=10)
        assert (await next_end(engine)).reason == ("lost" if guard == "before_orphaned" else "cancelled")
    assert not is_alive(int((stage.place / "ran").read_text()))
