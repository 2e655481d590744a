"""Whichever of conductor, keeper and guard is killed, each sheet runs once and its own end is told."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.port import AttemptSpec, End
from podium.conductor.processes import facts
from podium.conductor.processes.keepers import remains
from podium.conductor.processes.run import Runner
from podium.keeper.system import GUARD_POINTS, POINTS
from tests.support.engines import BOUND_SECONDS, Gate, Holder, is_alive, make_spec, next_end, open_engine, open_keepers
from tests.support.journals import armed, keeper_and_guard, kill, newest, read_journal
from tests.support.podium_home import until

pytestmark = pytest.mark.anyio

ENDS = [("exit 7", "exited", 7, None), ("kill -SEGV $$", "killed", None, 11)]
WAIT = "echo $$ >>ran; echo x >said; read -r x <hold; "


def told(end: End) -> tuple[str, int | None, int | None]:
    """Return the reason of an end and how its process ended."""
    return end.reason, end.exit_code, end.signal


class Stage:
    """A sheet that has begun and waits, and the keeper that runs it."""

    def __init__(self, place: Path, said: Gate, hold: Gate) -> None:
        self.place, self.said, self._hold = place, said, hold
        self.keepers = place / "keepers"

    def spec(self, ending: str) -> AttemptSpec:
        """Return an attempt that waits for `release`, and then ends so."""
        return make_spec(self.place, WAIT + ending)

    async def has_begun(self) -> None:
        """Wait until a sheet has begun, and its start is in the journal."""
        await self.said.line()
        await run_sync(until, lambda: any(words[0] == "started" for words in read_journal(newest(self.keepers))))

    def release(self) -> None:
        """Let the sheet end."""
        self._hold.open()

    @property
    def pids(self) -> tuple[int, int]:
        """The keeper and its guard."""
        return keeper_and_guard(newest(self.keepers))

    async def kill(self, *pids: int) -> None:
        """Kill processes and wait until they are dead."""
        for pid in pids:
            kill(pid)
        await run_sync(until, lambda: not any(is_alive(pid) for pid in pids))

    async def end_sheet(self) -> None:
        """Let the sheet end and wait until it has."""
        (pid,) = map(int, (self.place / "ran").read_text().split())
        self.release()
        await run_sync(until, lambda: not is_alive(pid))

    def runs(self) -> int:
        """Return how often the sheet was run."""
        return len((self.place / "ran").read_text().split())

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[LocalEngine]:
        """Open an engine on the keepers."""
        async with open_engine(keepers=self.keepers) as engine:
            yield engine


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A place for one sheet."""
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        yield Stage(tmp_path, said, hold)


@contextmanager
def without_kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand for a kernel before 6.15, which does not tell how the process of a pidfd ended."""
    with monkeypatch.context() as patch:
        patch.setattr(remains, "exit_code", lambda hold: None)
        yield


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


# -- at each step of the keeper ---------------------------------------------------------------------------------------

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
