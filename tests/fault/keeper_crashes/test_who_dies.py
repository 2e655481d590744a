"""Whichever of conductor, keeper and guard is killed, each sheet runs once and its own end is told."""

import os
import signal

import pytest
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.keepers import remains
from tests.support.engines import Holder, is_alive, make_spec, next_end
from tests.support.journals import kill, newest
from tests.support.keeper_stage import ENDS, Stage, told, without_kernel
from tests.support.podium_home import until

pytestmark = pytest.mark.anyio

# -- under a living conductor -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "reason", "code", "number"), ENDS)
@pytest.mark.parametrize("victims", ["keeper", "guard", "both", "keeper, then guard"])
async def test_a_running_sheet_goes_on_and_its_end_is_told_whoever_was_killed(
    stage: Stage, victims: str, ending: str, reason: str, code: int | None, number: int | None
) -> None:
    async with stage.engine() as engine:
        await engine.submit(stage.spec(ending))
        await stage.has_begun()
        keeper, guard = stage.pids
        match victims:
            case "keeper":
                await stage.kill(keeper)
            case "guard":
                await stage.kill(guard)
            case "both":
                await stage.kill(guard, keeper)
            case _:
                await stage.kill(keeper)
                await stage.kill(guard)
        stage.release()
        assert told(await next_end(engine)) == (reason, code, number)
    assert stage.runs() == 1


@pytest.mark.parametrize(("ending", "reason", "code", "number"), ENDS)
async def test_without_the_guard_and_the_kernels_word_the_conductor_that_began_the_keeper_reaps(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, ending: str, reason: str, code: int | None, number: int | None
) -> None:
    async with stage.engine() as engine:
        await engine.submit(stage.spec(ending))
        await stage.has_begun()
        with without_kernel(monkeypatch):
            await stage.kill(*stage.pids)
            stage.release()
            assert told(await next_end(engine)) == (reason, code, number)


@pytest.mark.parametrize(("ending", "reason", "code", "number"), ENDS)
async def test_the_kernel_tells_a_conductor_that_found_the_keeper_already_there(
    stage: Stage, ending: str, reason: str, code: int | None, number: int | None
) -> None:
    spec = stage.spec(ending)
    Holder(spec).kill()
    await stage.has_begun()
    async with stage.engine() as engine:
        await engine.reattach(spec)
        hold = os.pidfd_open(int((stage.place / "ran").read_text()))
        await stage.kill(*stage.pids)
        stage.release()
        end = await next_end(engine)
        known = remains.exit_code(hold) is not None
        os.close(hold)
    assert told(end) == ((reason, code, number) if known else ("lost", None, None))


async def test_a_new_keeper_takes_new_starts_and_nothing_runs_twice(stage: Stage) -> None:
    async with stage.engine() as engine:
        first = stage.spec("exit 3")
        await engine.submit(first)
        await stage.has_begun()
        folder = newest(stage.keepers)
        await stage.kill(stage.pids[0])
        others = [make_spec(stage.place, f"echo {number} >>others; exit 5") for number in range(20)]
        for spec in others:
            await engine.submit(spec)
        assert {(await next_end(engine)).exit_code for _ in others} == {5}
        assert newest(stage.keepers) != folder
        stage.release()
        assert (await next_end(engine)).exit_code == 3
        keepers = engine.keepers.describe()
        assert {each["restarts"] for each in keepers} == {1}
        assert all(each["last_death"] for each in keepers)
    assert stage.runs() == 1
    assert sorted(map(int, (stage.place / "others").read_text().split())) == list(range(20))


# -- while no conductor runs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ending", "reason", "code", "number"), ENDS)
@pytest.mark.parametrize("victim", [0, 1])
@pytest.mark.parametrize("ends_first", [True, False])
async def test_the_next_conductor_learns_the_end_as_long_as_keeper_or_guard_lived(
    stage: Stage, victim: int, ends_first: bool, ending: str, reason: str, code: int | None, number: int | None
) -> None:
    spec = stage.spec(ending)
    Holder(spec).kill()
    await stage.has_begun()
    await stage.kill(stage.pids[victim])
    if ends_first:
        await stage.end_sheet()
    async with stage.engine() as engine:
        await engine.reattach(spec)
        if not ends_first:
            stage.release()
        assert told(await next_end(engine)) == (reason, code, number)
    assert stage.runs() == 1


async def test_an_end_that_nobody_saw_is_lost_and_what_is_left_of_the_sheet_is_ended_first(stage: Stage) -> None:
    spec = stage.spec("sleep 1000 & echo $! >left; exit 7")
    Holder(spec).kill()
    await stage.has_begun()
    await stage.kill(*stage.pids)
    await stage.end_sheet()
    shell = int((stage.place / "ran").read_text())
    await run_sync(
        until, lambda: facts.read_stat(shell) is None
    )  # as long as it is not reaped the kernel knows its end
    left = int((stage.place / "left").read_text())
    assert is_alive(left)
    async with stage.engine() as engine:
        await engine.reattach(spec)
        end = await next_end(engine)
    assert (end.reason, end.processes_ended) == ("lost", 1)
    assert end.detail == "it ended while neither the conductor nor its keeper nor the keeper's guard lived"
    assert not is_alive(left)


async def test_a_sheet_that_outlived_all_three_goes_on_under_the_next_conductor(stage: Stage) -> None:
    spec = stage.spec("exit 7")
    Holder(spec).kill()
    await stage.has_begun()
    await stage.kill(*stage.pids)
    async with stage.engine() as engine:
        await engine.reattach(spec)
        await engine.cancel(spec.key, grace_seconds=10)
        end = await next_end(engine)
    assert end.reason == "cancelled"
    assert stage.runs() == 1


async def test_what_a_sheet_left_is_ended_too_when_its_keeper_is_dead(stage: Stage) -> None:
    async with stage.engine() as engine:
        await engine.submit(stage.spec("setsid sleep 1000 & echo $! >left; exit 7"))
        await stage.has_begun()
        await stage.kill(*stage.pids)
        stage.release()
        end = await next_end(engine)
    assert (*told(end), end.processes_ended) == ("exited", 7, None, 1)
    assert not is_alive(int((stage.place / "left").read_text()))


async def test_a_signal_to_the_group_of_the_terminal_does_not_end_a_keeper(stage: Stage) -> None:
    async with stage.engine() as engine:
        await engine.submit(stage.spec("exit 7"))
        await stage.has_begun()
        for pid in stage.pids:
            kill(pid, signal.SIGHUP)
            kill(pid, signal.SIGINT)
        stage.release()
        assert (await next_end(engine)).exit_code == 7
        assert all(is_alive(pid) for pid in stage.pids)
