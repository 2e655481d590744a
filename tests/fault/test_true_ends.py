"""What is said of an end is so: chains of processes are gone however fast they fork, and a stopped process runs its traps."""

import itertools
import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from podium.conductor.processes import facts, tree
from podium.conductor.processes.cgroup import Cgroups
from podium.conductor.processes.chase import Chased, chase, is_of
from podium.conductor.processes.survivors import COMMAND_CHARS, survivor
from podium.conductor.processes.tree import end_tree
from tests.support.engines import BOUND_SECONDS, STAY, Gate, bystander, make_spec, next_end, open_engine
from tests.support.fast_and_foreign import hop
from tests.support.jobs import submit
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as until_true

pytestmark = pytest.mark.anyio

GONE = 2**22 + 1  # above every pid


@pytest.fixture(params=["with a cgroup", "without a cgroup"])
def cgroups(request: pytest.FixtureRequest) -> Iterator[Cgroups | None]:
    """Return the groups of a home, and none."""
    if request.param == "without a cgroup":
        yield None
        return
    opened = Cgroups.open(f"test-{uuid.uuid4().hex[:8]}")
    if opened is None:
        pytest.skip("no cgroup v2 folder is writable here")
    yield opened
    opened.clean(())
    opened.close()


def lives(key: str) -> bool:
    """Tell whether a process of an attempt is seen within a moment, however fast it is followed by another one."""
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        if is_of(facts.marker(facts.newest_pid()), key):
            return True
    return any(is_of(facts.marker(pid), key) for pid in facts.all_stats())


# -- faster than we look ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("session", "grace_seconds"), [("", 0.3), ("1", 0.0)])
async def test_chains_of_processes_faster_than_we_look_are_ended_by_a_cancel(
    tmp_path: Path, cgroups: Cgroups | None, session: str, grace_seconds: float
) -> None:
    with Gate(tmp_path / "pids") as pids:
        three = f"{hop(tmp_path)} {session}\n" * 3  # a look may meet one by chance
        spec = make_spec(tmp_path, three + STAY)
        async with open_engine(cgroups=cgroups) as engine:
            await engine.submit(spec)
            await pids.line()  # the first process of each chain has ended
            await anyio.to_thread.run_sync(until_true, lambda: lives(spec.key))
            await engine.cancel(spec.key, grace_seconds=grace_seconds)
            end = await next_end(engine)
    assert (end.reason, end.survivors) == ("cancelled", ())
    assert not lives(spec.key)


@pytest.mark.parametrize("session", ["", "1"])
async def test_a_chain_that_a_finished_sheet_leaves_is_ended(
    tmp_path: Path, cgroups: Cgroups | None, session: str
) -> None:
    spec = make_spec(tmp_path, f"{hop(tmp_path)} {session}\nsleep 0.2; exit 3", grace_seconds=0.1)
    async with open_engine(cgroups=cgroups) as engine:
        await engine.submit(spec)
        end = await next_end(engine)
        assert (end.reason, end.exit_code, end.survivors) == ("exited", 3, ())
        assert end.processes_ended > 0
        assert not lives(spec.key)


async def test_a_chase_of_nobody_meets_nobody_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    came_to: list[Chased] = []

    def noted(key: str, number: signal.Signals, seconds: float) -> Chased:
        came_to.append(chase(key, number, seconds))
        return came_to[-1]

    monkeypatch.setattr(tree, "chase", noted)
    with anyio.fail_after(BOUND_SECONDS):
        assert (await end_tree(f"test-{uuid.uuid4().hex}", None, 5)).survivors == ()
    assert not any(chased.met for chased in came_to)


@pytest.fixture
def forking_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every look at the newest process find another one."""
    pids = itertools.count(1)
    monkeypatch.setattr(facts, "newest_pid", lambda: next(pids))


@pytest.mark.usefixtures("forking_machine")
async def test_a_chain_that_is_missed_is_chased_on_while_its_processes_are_adopted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chases = 0

    def missing(key: str, number: signal.Signals, seconds: float) -> Chased:
        nonlocal chases
        chases += 1
        return Chased(met=chases > 2 * tree.CHASES)

    def adopted() -> set[int]:
        return {GONE} if chases <= 2 * tree.CHASES else set()

    monkeypatch.setattr(tree, "chase", missing)
    with anyio.fail_after(BOUND_SECONDS):
        assert (await end_tree(f"test-{uuid.uuid4().hex}", None, 1000, None, adopted)).count == 1
    assert chases == 2 * tree.CHASES + 1


@pytest.mark.usefixtures("forking_machine")
async def test_nobody_is_chased_when_nothing_was_adopted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(tree, "chase")
    assert (await end_tree(f"test-{uuid.uuid4().hex}", None, 5, None, set)).count == 0


# -- stopped ----------------------------------------------------------------------------------------------------------


async def test_the_trap_of_a_stopped_process_runs_at_a_cancel(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids:
        script = "trap 'echo trapped >trap; exit 7' TERM; echo $$ >pids; while :; do sleep 0.05; done"
        spec = make_spec(tmp_path, script)
        async with open_engine() as engine:
            await engine.submit(spec)
            pid = int(await pids.line())
            os.kill(pid, signal.SIGSTOP)
            with anyio.fail_after(BOUND_SECONDS):
                while not engine.halted(spec.key):  # noqa: ASYNC110 -- the kernel tells nobody
                    await anyio.sleep(0.01)
            assert f"process {pid} is stopped (SIGSTOP)" in engine.halted(spec.key)
            assert (await engine.describe([spec.key]))[spec.key].stopped == (pid,)
            await engine.cancel(spec.key, grace_seconds=10)
            end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("cancelled", 7)
    assert (tmp_path / "trap").read_text() == "trapped\n"


def test_a_stopped_sheet_is_told_as_stopped(short_tmp: Path) -> None:
    conductor = Conductor(make_home(short_tmp)).start()
    try:
        job_id = submit(
            conductor,
            "name: stopped\nsheets: [{name: a, run: 'echo $$ >pid; kill -STOP $$'}]",
            workspace=str(short_tmp),
        )
        path = conductor.settings.socket

        def reason() -> str:
            return str(ask(path, "job.status", {"job_id": job_id, "sheets": False})["podium"]["reason"])

        until_true(lambda: "is stopped (SIGSTOP)" in reason())
        assert reason().startswith("sheet a: its process ")
        assert "kill -CONT" in reason()
        assert reason() == ask(path, "job.explain", {"job_id": job_id})["job"]["reason"]
        assert len(ask(path, "job.health", {"job_id": job_id})["stopped_pids"]) == 1
    finally:
        conductor.end()


# -- how it is told ---------------------------------------------------------------------------------------------------


def test_the_command_of_a_survivor_is_one_short_line_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "very-secret-value")
    with bystander("/bin/sh", "-c", "sleep 1000; : 'very-secret-value\n\x1b[31m'", "x" * 500) as process:
        until_true(lambda: facts.read(f"/proc/{process.pid}/cmdline").startswith(b"/bin/sh"))
        told = survivor(process.pid, "a reason")
    assert told.command.isprintable()
    assert len(told.command) <= COMMAND_CHARS
    assert "very-secret-value" not in told.command
