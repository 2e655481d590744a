"""A keeper, or its guard, that is killed at any step of its work loses no sheet and no end, and doubles none."""

from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.port import End
from podium.conductor.processes import facts
from podium.conductor.processes.run import Runner
from podium.keeper.system import GUARD_POINTS, POINTS
from tests.support.engines import BOUND_SECONDS, Holder, make_spec, next_end, open_engine, open_keepers
from tests.support.journals import armed, newest
from tests.support.keeper_stage import Stage, told
from tests.support.podium_home import until

pytestmark = pytest.mark.anyio

ROTATING = {"before_rotate", "rotate_opened", "before_next", "after_next", "before_drop", "after_drop"}
IDLE = {"before_exit", "guard_over"}


async def submitted(engine: LocalEngine, place: Path, count: int) -> list[End]:
    """Return the ends of some sheets that each note their run; what could not start is asked for again, as rules do."""
    specs = {spec.key: spec for spec in (make_spec(place, f"echo {n} >>ran; exit 5") for n in range(count))}
    for spec in specs.values():
        await engine.submit(spec)
    ends: list[End] = []
    while len(ends) < count:
        end = await next_end(engine)
        if end.reason == "never_started":
            again = make_spec(place, specs.pop(end.key).script)
            specs[again.key] = again
            await engine.submit(again)
        else:
            ends.append(end)
    return ends


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("name", [name for name in POINTS if name not in ROTATING | IDLE])
async def test_a_keeper_killed_at_any_step_of_its_work_loses_no_sheet_and_doubles_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, times: int
) -> None:
    fault = armed(tmp_path, monkeypatch, f"{name}:{times}")
    async with open_engine(keepers=tmp_path / "keepers") as engine:
        ends = await submitted(engine, tmp_path, 8)
    ran = (tmp_path / "ran").read_text().split()
    assert sorted(ran) == sorted(map(str, range(8)))
    assert {(end.reason, end.exit_code) for end in ends} == {("exited", 5)}
    assert times > 1 or not fault.exists()


@pytest.mark.parametrize("name", ["before_open", "before_begin", "before_spawn", "after_spawn", "before_started"])
async def test_a_check_whose_keeper_is_killed_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fault = armed(tmp_path, monkeypatch, f"{name}:1")
    async with open_keepers(tmp_path / "keepers") as keepers:
        key = make_spec(tmp_path).key
        argv = ["/bin/bash", "-c", "echo said; exit 4"]
        done = await Runner(keepers).run(argv, env={}, cwd=tmp_path, timeout_seconds=20, key=key)
    assert (done.exit_code, done.output, fault.exists()) == (4, "said\n", False)


async def test_a_check_whose_process_nobody_named_is_ended_before_it_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("before_started", "before_orphaned"):
        armed(tmp_path, monkeypatch, f"{name}:1")
    key = make_spec(tmp_path).key

    def runs() -> set[str]:
        markers = (facts.marker(pid) or "" for pid in facts.all_stats())
        return {marker.rpartition(".")[2] for marker in markers if marker.startswith(f"{key}#")}

    async with open_keepers(tmp_path / "keepers") as keepers, anyio.create_task_group() as tasks:
        command = partial(
            Runner(keepers).run, ["/bin/sleep", "1000"], env={}, cwd=tmp_path, timeout_seconds=900, key=key
        )
        tasks.start_soon(command)
        await run_sync(until, lambda: "2" in runs())
        assert runs() == {"2"}
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("name", [name for name in GUARD_POINTS if name != "guard_over"])
async def test_a_guard_killed_while_it_writes_ends_hides_none_from_the_conductor(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fault = armed(stage.place, monkeypatch, f"{name}:1")
    async with stage.engine() as engine:
        await engine.submit(stage.spec("exit 7"))
        await stage.has_begun()
        await stage.kill(stage.pids[0])
        stage.release()
        assert told(await next_end(engine)) == ("exited", 7, None)
        await run_sync(until, lambda: not fault.exists())


@pytest.mark.parametrize("name", sorted(ROTATING))
async def test_a_keeper_killed_while_its_journal_goes_on_in_another_file_loses_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("podium.conductor.processes.keepers.keepers.LONG_BYTES", 1)
    fault = armed(stage.place, monkeypatch, f"{name}:1")
    spec = stage.spec("exit 7")
    async with stage.engine() as engine:
        await engine.submit(spec)
        await stage.has_begun()
        with anyio.fail_after(BOUND_SECONDS):
            while fault.exists():
                await engine.keepers.shorten({spec.key})
                await anyio.sleep(0.02)
        other = make_spec(stage.place, "exit 4")
        await engine.submit(other)
        assert (await next_end(engine)).exit_code == 4
    async with stage.engine() as engine:
        await engine.reattach(spec)
        stage.release()
        assert told(await next_end(engine)) == ("exited", 7, None)
    assert stage.runs() == 1


async def test_the_journal_of_a_dead_keeper_stays_until_each_of_its_ends_is_stored(stage: Stage) -> None:
    spec = stage.spec("exit 7")
    Holder(spec).kill()
    await stage.has_begun()
    folder = newest(stage.keepers)
    async with stage.engine() as engine:
        await engine.reattach(spec)
        await stage.kill(*stage.pids)
        stage.release()
        assert (await next_end(engine)).reason in {"exited", "lost"}  # as the kernel tells it or not
        for _ in range(3):
            await engine.shorten_journals({spec.key})
        assert folder.exists()
    async with stage.engine() as engine:  # the one before died before it stored the end
        await engine.reattach(spec)
        assert (await next_end(engine)).reason == "lost"
        await engine.shorten_journals(set())
        assert not folder.exists()


async def test_an_end_stays_in_the_journal_though_the_store_was_read_before_its_sheet_began(stage: Stage) -> None:
    async with stage.engine() as engine:
        await engine.submit(stage.spec("exit 7"))
        await stage.has_begun()
        folder = newest(stage.keepers)
        await stage.kill(*stage.pids)
        stage.release()
        await next_end(engine)
        await engine.shorten_journals(set())  # the keys of a moment before
        assert folder.exists(), "the next conductor would take the sheet for one that never started"
        await engine.shorten_journals(set())
        assert not folder.exists()
