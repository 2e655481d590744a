"""What sheets, and the commands beside them, leave running is ended, whoever died meanwhile.

The commands tell of an end, check a sheet, or decide whether it is skipped.
"""

import errno
import json
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.processes import facts, run
from podium.conductor.processes.keepers.child import Start
from tests.support.engines import (
    BOUND_SECONDS,
    STAY,
    Gate,
    bystander,
    is_alive,
    make_spec,
    next_end,
    open_engine,
    open_keepers,
)
from tests.support.jobs import submit, wait_for_file
from tests.support.journals import (
    armed,
    begun,
    ended,
    keeper_and_guard,
    kill,
    leave_journal,
    newest,
    read_journal,
    started,
)
from tests.support.podium_home import Conductor, make_home, until
from tests.support.scarce import limited

pytestmark = pytest.mark.anyio

LEAVES = "setsid sleep 1000 >/dev/null 2>&1 & echo $! >>left; exit 3"


def left(place: Path) -> list[int]:
    """Return the processes that the runs of a command have left."""
    return [int(pid) for pid in (place / "left").read_text().split()]


# -- by a command whose conductor lives -------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["after_spawn:1", "before_started:1", "torn_record:3"])
async def test_what_a_check_left_is_ended_though_its_keeper_died_before_it_named_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    file = armed(tmp_path, monkeypatch, fault)
    async with open_keepers(tmp_path / "keepers") as keepers:
        argv = ["/bin/bash", "-c", LEAVES]
        key = make_spec(tmp_path).key
        done = await run.Runner(keepers).run(argv, env={}, cwd=tmp_path, timeout_seconds=20, key=key)
    assert (done.exit_code, done.processes_ended, file.exists()) == (3, 1, False)
    assert [is_alive(pid) for pid in left(tmp_path)] == [False]


@pytest.fixture
def dying(short_tmp: Path, tmp_path: Path) -> Iterator[Conductor]:
    """A conductor whose keepers die at the points that are named by files in `faults` of the test's folder."""
    conductor = Conductor(make_home(short_tmp))
    (tmp_path / "faults").mkdir()
    conductor.start(PODIUM_KEEPER_FAULT=str(tmp_path / "faults"))
    yield conductor
    conductor.end()


STOPPED = (
    "kill -STOP {pid}; setsid bash -c 'while kill -0 $0; do :; done; kill -CONT {pid}; exec sleep 1000' $$ >/dev/null 2>&1 & "
    "echo $! >>left; exit 3"
)
"""A command during which the conductor stands still: it goes on when the guard has told the end of the command."""


def test_what_an_on_end_command_left_is_ended_though_its_keeper_died_in_starting_it(
    dying: Conductor, tmp_path: Path
) -> None:
    on_end = json.dumps(STOPPED.format(pid=dying.pid))
    script = "touch begun; until [ -e go ]; do sleep 0.1; done"
    submit(dying, f"name: demo\nworkspace: {tmp_path}\non_end: {{run: {on_end}}}\nsheets: [{{run: '{script}'}}]")
    wait_for_file(tmp_path / "begun")
    until(lambda: read_journal(newest(dying.settings.places.keepers))[-1][0] == "started")
    fault = tmp_path / "faults" / "after_spawn"
    fault.write_text("1")
    (tmp_path / "go").touch()
    until(lambda: "event=notification_failed" in dying.log.read_text())
    assert not fault.exists()
    assert [is_alive(pid) for pid in left(tmp_path)] == [False]


async def test_a_command_that_was_given_up_before_a_hung_keeper_began_it_is_ended_when_it_runs_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("START_SECONDS", "LAST_WAIT_SECONDS"):
        monkeypatch.setattr(run, name, 0.1)
    async with open_engine(keepers=tmp_path / "keepers") as engine:
        command = partial(run.Runner(engine.keepers).run, env={}, cwd=tmp_path, key=make_spec(tmp_path).key)
        await command(["/bin/true"], timeout_seconds=20)
        keeper, _ = keeper_and_guard(newest(tmp_path / "keepers"))
        kill(keeper, signal.SIGSTOP)
        argv = ["/bin/bash", "-c", "echo $$ >left; exec sleep 1000"]
        assert (await command(argv, timeout_seconds=0.1)).timed_out
        kill(keeper, signal.SIGCONT)
        await run_sync(until, lambda: (tmp_path / "left").exists() and left(tmp_path))
        await run_sync(until, lambda: read_journal(newest(tmp_path / "keepers"))[-1][0] == "started")
        await run_sync(until, lambda: [child.state for child in engine.keepers.unclaimed()] == ["running"])
        await engine.end_unclaimed()
    assert [is_alive(pid) for pid in left(tmp_path)] == [False]


@pytest.mark.parametrize("victims", ["keeper", "both"])
async def test_what_was_left_is_ended_though_its_keeper_died_while_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, victims: str
) -> None:
    children = facts.own_children

    def dying() -> set[int] | None:
        found = children()
        pids = keeper_and_guard(newest(tmp_path / "keepers"))[: 1 if victims == "keeper" else 2]
        for pid in pids:
            kill(pid)
        until(lambda: not any(is_alive(pid) for pid in pids))
        return found

    monkeypatch.setattr(facts, "own_children", dying)
    async with open_engine(keepers=tmp_path / "keepers") as engine:
        await engine.submit(make_spec(tmp_path, LEAVES))
        end = await next_end(engine)
    assert (end.reason, end.exit_code, end.processes_ended) == ("exited", 3, 1)
    assert [is_alive(pid) for pid in left(tmp_path)] == [False]


# -- by a command whose conductor died --------------------------------------------------------------------------------


async def test_what_a_command_left_that_ended_before_its_conductor_saw_it_is_ended_by_the_next_one(
    tmp_path: Path,
) -> None:
    key = f"{make_spec(tmp_path).key}#1.1"
    async with open_keepers(tmp_path / "keepers") as keepers:  # whoever asked for it has died
        argv = ["/bin/bash", "-c", f"cd {tmp_path}; {LEAVES}"]
        (child,) = await keepers.start([Start(key, argv, {facts.MARKER: key})])
        await child.over.wait()
    assert [is_alive(pid) for pid in left(tmp_path)] == [True]
    async with open_engine(keepers=tmp_path / "keepers") as engine:
        await engine.clean()
        assert [is_alive(pid) for pid in left(tmp_path)] == [False]
        assert engine.keepers.unclaimed() == []


@pytest.mark.parametrize("named", [True, False])
async def test_what_a_command_left_whose_end_nobody_saw_is_ended_by_the_next_conductor(
    tmp_path: Path, *, named: bool
) -> None:
    key = f"{make_spec(tmp_path).key}#1.1"
    leave_journal(tmp_path / "keepers", begun(key), *([started(key)] if named else []))
    with bystander(**{facts.MARKER: key}) as leftover:
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.clean()
            assert not is_alive(leftover.pid)


async def test_what_another_home_left_and_what_goes_on_is_none_of_a_conductors_business(tmp_path: Path) -> None:
    other, own = "other.told.job.5.on_end#1.1", "own.told.job.5.on_end#1.1"
    leave_journal(
        tmp_path / "keepers", begun(other), started(other), ended(other, 0), begun(own), started(own), ended(own, 0)
    )
    with bystander(**{facts.MARKER: other}) as foreign, bystander(**{facts.MARKER: f"{own}9"}) as later:
        async with open_keepers(tmp_path / "keepers") as keepers, LocalEngine(keepers, mark="own") as engine:
            await engine.clean()
            assert is_alive(foreign.pid)
            assert is_alive(later.pid)
            assert keepers.unclaimed() == []


async def test_what_cannot_be_looked_for_without_a_descriptor_is_ended_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> dict[int, facts.Stat]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    key = f"{make_spec(tmp_path).key}#1.1"
    leave_journal(tmp_path / "keepers", begun(key), started(key), ended(key, 0))
    with bystander(**{facts.MARKER: key}) as leftover:
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            with monkeypatch.context() as patch:
                patch.setattr(facts, "all_stats", full)
                await engine.clean()
            assert is_alive(leftover.pid)
            await engine.shorten_journals(set())
            assert not is_alive(leftover.pid)


async def test_what_is_just_loading_its_program_at_the_first_look_is_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    markers = facts.markers

    def loading() -> set[str | None]:
        nonlocal looks
        looks += 1
        return markers() - ({key} if looks == 1 else set())

    key = f"{make_spec(tmp_path).key}#1.1"
    leave_journal(tmp_path / "keepers", begun(key), started(key), ended(key, 0))
    monkeypatch.setattr(facts, "markers", loading)
    with bystander(**{facts.MARKER: key}) as leftover:
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.clean()
            assert not is_alive(leftover.pid)
            assert engine.keepers.unclaimed() == []


async def test_what_a_look_did_not_reach_before_the_last_descriptor_was_gone_is_ended_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"{make_spec(tmp_path).key}#1.1"
    leave_journal(tmp_path / "keepers", begun(key), started(key), ended(key, 0))
    look, without = facts.all_stats, ExitStack()

    def last() -> dict[int, facts.Stat]:
        found = look()
        without.enter_context(limited(resource.RLIMIT_NOFILE, 1))
        return found

    with bystander(**{facts.MARKER: key}) as leftover:
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            with without, monkeypatch.context() as patch:
                patch.setattr(facts, "all_stats", last)
                await engine.clean()
            assert is_alive(leftover.pid)
            await engine.shorten_journals(set())
            assert not is_alive(leftover.pid)


@pytest.mark.parametrize("seen", [True, False])
async def test_the_journal_tells_of_a_command_until_what_it_left_is_ended(tmp_path: Path, *, seen: bool) -> None:
    key = "test.told.job.5.on_end#1.1"
    journal = leave_journal(tmp_path / "keepers", begun(key), started(key), *([ended(key, 0)] if seen else []))
    async with open_keepers(tmp_path / "keepers") as keepers:
        (child,) = keepers.unclaimed()
        await child.over.wait()
        for _ in range(2):
            await keepers.shorten(set())  # none of the keys of the store is that of a command
        assert journal.exists()
        keepers.forget(key)
        await keepers.shorten(set())
        assert not journal.exists()


async def test_the_journal_of_a_process_that_could_not_be_ended_is_dropped_after_its_end(tmp_path: Path) -> None:
    key = "test.told.job.5.on_end#1.1"
    async with open_engine(keepers=tmp_path / "keepers") as engine:
        with Gate(tmp_path / "go") as go:
            argv = ["/bin/bash", "-c", f"cd {tmp_path}; read x <go; {LEAVES}"]
            (child,) = await engine.keepers.start([Start(key, argv, {facts.MARKER: key})])
            await run_sync(until, lambda: child.state == "running")
            engine.keepers.forget(key)
            assert engine.keepers.unclaimed() == []  # nobody tries to end it again and again
            go.open()
            await child.over.wait()
        await engine.end_unclaimed()
        assert [is_alive(pid) for pid in left(tmp_path)] == [False]
        assert engine.keepers.find(key) is None


# -- without a descriptor ---------------------------------------------------------------------------------------------


class NoDescriptor:
    """Lets this process open nothing while it is entered; `failed` tells when a look at the processes has failed for that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failed = threading.Event()
        self._limit = limited(resource.RLIMIT_NOFILE, 1)
        for name in ("all_stats", "newest_pid"):
            monkeypatch.setattr(facts, name, partial(self._look, getattr(facts, name)))

    def __enter__(self) -> None:
        self._limit.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._limit.__exit__(*error)

    def _look(self, look: Callable[[], Any]) -> Any:
        try:
            return look()
        except OSError:
            self.failed.set()
            raise


@pytest.mark.parametrize("reason", ["cancelled", "timed_out"])
async def test_a_tree_whose_end_is_wanted_while_no_descriptor_is_left_is_ended_when_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    without = NoDescriptor(monkeypatch)
    with Gate(tmp_path / "pids") as pids:
        async with open_engine() as engine:
            seconds = 1 if reason == "timed_out" else None
            spec = make_spec(tmp_path, STAY, timeout_seconds=seconds, grace_seconds=0.1)
            await engine.submit(spec)
            pid = int(await pids.line())
            with without:
                if reason == "cancelled":
                    await engine.cancel(spec.key, grace_seconds=0.1)
                assert await run_sync(without.failed.wait, BOUND_SECONDS)
                assert engine.place(spec.key) is not None
            end = await next_end(engine)
    assert (end.reason, end.survivors, is_alive(pid)) == (reason, (), False)


async def test_what_a_sheet_left_while_no_descriptor_was_left_is_ended_before_its_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = NoDescriptor(monkeypatch)
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "go") as go:
        async with open_engine() as engine:
            spec = make_spec(tmp_path, f"echo $$ >pids; read x <go; {LEAVES}")
            await engine.submit(spec)
            await pids.line()
            with without:
                go.open()
                with anyio.move_on_after(BOUND_SECONDS):
                    while not without.failed.is_set() and engine.place(spec.key):
                        await anyio.lowlevel.checkpoint()
            end = await next_end(engine)
    assert (end.reason, end.exit_code, end.processes_ended) == ("exited", 3, 1)
    assert [is_alive(pid) for pid in left(tmp_path)] == [False]


@pytest.mark.parametrize("look", [facts.all_stats, facts.markers, facts.own_children, facts.newest_pid])
def test_a_look_without_a_descriptor_tells_that_nothing_is_known(look: Callable[[], object]) -> None:
    with limited(resource.RLIMIT_NOFILE, 1), pytest.raises(OSError, match="Too many open files"):
        look()


def test_the_clock_of_start_times_is_that_of_the_system_and_needs_no_descriptor() -> None:
    before = facts.clock_seconds()
    with limited(resource.RLIMIT_NOFILE, 1):
        assert before <= facts.clock_seconds() < before + 60
    began = facts.read_stat(os.getpid())
    assert began is not None
    assert began.start_ticks / facts.TICKS <= before
