"""Cgroups: whatever a sheet starts is a member of its group, whoever asks for it, and the kernel's word on memory is heard."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.local.attempt import Running
from podium.conductor.processes import tree
from podium.conductor.processes.cgroup import Cgroup, Cgroups, own_group
from podium.conductor.processes.chase import Chased
from podium.conductor.processes.keepers.child import Child, Start
from podium.conductor.processes.run import Runner
from podium.conductor.processes.survivors import TOO_FAST
from podium.conductor.processes.tree import Ended, end_tree
from tests.support.engines import (
    ROOT,
    STAY,
    Gate,
    Holder,
    LateHunt,
    bystander,
    child_env,
    hopping,
    is_alive,
    make_spec,
    next_end,
    open_engine,
    open_keepers,
    reattach,
    run_attempt,
)
from tests.support.jobs import sheets_of, submit
from tests.support.jobs import until as until_ended
from tests.support.podium_home import Conductor, ask, until

pytestmark = pytest.mark.anyio

# Leaves the session, loses its parent and clears its environment: only a cgroup still knows it.
UNKNOWN = "(setsid env -i /bin/bash -c 'echo $$ >pids; exec sleep 1000' &)\n"


@pytest.fixture
def home_id() -> Iterator[str]:
    """Return the id of a home whose groups are taken away after the test."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    cgroups = Cgroups.open(name)
    if cgroups is None:
        pytest.skip("no cgroup v2 folder is writable here")
    yield name
    left = Cgroups.open(name)
    assert left is not None
    left.clean(())
    left.close()


@pytest.fixture
def cgroups(home_id: str) -> Cgroups:
    """Return the groups of that home."""
    opened = Cgroups.open(home_id)
    assert opened is not None
    return opened


# -- members ----------------------------------------------------------------------------------------------------------


async def test_a_sheet_is_a_member_of_its_group_before_it_begins(tmp_path: Path, cgroups: Cgroups) -> None:
    spec = make_spec(tmp_path, "cat /proc/self/cgroup")
    assert (await run_attempt(spec, cgroups=cgroups)).exit_code == 0
    (line,) = [line for line in (spec.folder / "stdout.log").read_text().splitlines() if line.startswith("0::")]
    assert line.endswith(f"/{cgroups.of(spec.key).path.parent.name}/{spec.key}")


async def test_what_leaves_the_session_the_parent_and_the_environment_is_ended_and_counted(
    tmp_path: Path, cgroups: Cgroups
) -> None:
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "go") as go:
        async with open_engine(cgroups=cgroups) as engine:
            await engine.submit(make_spec(tmp_path, f"{UNKNOWN}read -r x <go; exit 3"))
            pid = int(await pids.line())
            go.open()
            end = await next_end(engine)
    assert (end.reason, end.exit_code, end.processes_ended) == ("exited", 3, 1)
    assert not is_alive(pid)


async def test_a_cancel_ends_it_too(tmp_path: Path, cgroups: Cgroups) -> None:
    with Gate(tmp_path / "pids") as pids:
        spec = make_spec(tmp_path, f"{UNKNOWN}{STAY}")
        async with open_engine(cgroups=cgroups) as engine:
            await engine.submit(spec)
            members = [int(await pids.line()) for _ in range(2)]
            await engine.cancel(spec.key, grace_seconds=10)
            end = await next_end(engine)
    assert (end.reason, end.signal, end.processes_ended) == ("cancelled", 15, 1)
    assert not any(is_alive(pid) for pid in members)


async def test_what_is_always_somebody_else_when_we_kill_it_is_ended(tmp_path: Path, cgroups: Cgroups) -> None:
    group = cgroups.of("test-hop")
    group.make()
    enter = f'echo $$ >"{group.path}/cgroup.procs"; exec "$@"'
    command = hopping(tmp_path, "setsid env -i /bin/bash")
    with Gate(tmp_path / "pids") as pids, bystander("/bin/bash", "-c", enter, "enter", *command):
        await pids.line()
        await LateHunt("test-hop", None, group).force()
    assert not group.is_populated()


async def test_an_end_is_not_told_while_the_kernel_says_that_a_member_lives(
    tmp_path: Path, cgroups: Cgroups, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = cgroups.of("test-lives")
    group.make()
    enter = f'echo $$ >"{group.path}/cgroup.procs"; exec env -i /bin/sleep 1000'
    with bystander("/bin/bash", "-c", enter) as process:
        await run_sync(until, lambda: process.pid in group.pids())
        # A kernel that cannot kill a group, and looks that find nobody in it.
        monkeypatch.setattr(Cgroup, "kill", lambda group: None)
        monkeypatch.setattr(Cgroup, "pids", lambda group: set())
        monkeypatch.setattr(tree, "FORCE_SECONDS", 0.5)
        monkeypatch.setattr(tree, "chase", lambda key, number, seconds: Chased(True, process.pid))
        (left,) = (await end_tree("test-lives", None, 0, group)).survivors
        assert (left.pid, left.why) == (process.pid, TOO_FAST)
        assert is_alive(process.pid)


async def test_groups_that_a_sheet_made_below_its_own_are_members_and_go_with_it(
    tmp_path: Path, cgroups: Cgroups
) -> None:
    with Gate(tmp_path / "pids") as pids:
        spec = make_spec(tmp_path, "")
        inner = cgroups.of(spec.key).path / "inner"
        script = f'mkdir -p {inner}/deep; echo $$ >{inner}/deep/cgroup.procs\n{UNKNOWN}read -r x <pids; echo "$x" >pids'
        async with open_engine(cgroups=cgroups) as engine:
            await engine.submit(make_spec(tmp_path, script, key=spec.key, folder=spec.folder))
            end = await next_end(engine)
        pid = int(await pids.line())
    assert (end.exit_code, end.processes_ended) == (0, 1)
    assert not is_alive(pid)
    assert not inner.exists()


async def test_a_group_that_cannot_be_entered_costs_nothing_but_the_group(tmp_path: Path, cgroups: Cgroups) -> None:
    spec = make_spec(tmp_path, "sleep 1000 & exit 4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Cgroup, "make", lambda group: True)  # as if it had been removed at once
        end = await run_attempt(spec, cgroups=cgroups)
    assert (end.exit_code, end.processes_ended) == (4, 1)
    assert not cgroups.of(spec.key).path.exists()


# -- other conductors -------------------------------------------------------------------------------------------------


async def test_a_group_outlives_a_killed_conductor_and_serves_the_next(
    tmp_path: Path, home_id: str, cgroups: Cgroups
) -> None:
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "go") as go:
        spec = make_spec(tmp_path, f"{UNKNOWN}read -r x <go; exit 3")
        Holder(spec, home_id=home_id).kill()
        pid = int(await pids.line())
        # The journal tells which group it has, even if the next conductor would make none, or others.
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.reattach(spec)
            go.open()
            end = await next_end(engine)
    assert (end.reason, end.exit_code, end.processes_ended) == ("exited", 3, 1)
    assert not is_alive(pid)
    assert not cgroups.of(spec.key).path.exists()


async def test_survivors_of_a_killed_shell_are_found_by_their_group(tmp_path: Path, home_id: str) -> None:
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "shell") as shell:
        spec = make_spec(tmp_path, f"{UNKNOWN}echo $$ >shell; read -r x <hold")
        os.mkfifo(tmp_path / "hold")
        Holder(spec, home_id=home_id).kill()
        pid, first = int(await pids.line()), int(await shell.line())
        os.kill(first, 9)
        end = await reattach(spec)
    assert (end.reason, end.signal, end.processes_ended) == ("killed", 9, 1)
    assert not is_alive(pid)


async def test_groups_of_attempts_that_nobody_asks_for_are_taken_away(tmp_path: Path, home_id: str) -> None:
    with Gate(tmp_path / "pids") as pids:
        kept, forgotten = (make_spec(tmp_path, f"{UNKNOWN}{STAY}") for _ in range(2))
        Holder(kept, forgotten, home_id=home_id).kill(after=2)
        [await pids.line() for _ in range(4)]
        cgroups = Cgroups.open(home_id)  # as the next conductor does
        assert cgroups is not None
        async with open_engine(cgroups=cgroups, keepers=tmp_path / "keepers") as engine:
            await engine.reattach(kept)
            later = cgroups.of("made-since")
            assert later.make()
            await engine.clean()
            assert later.path.exists()  # the keeper itself may be in it, starting a process
            assert later.remove()
            group = cgroups.of(forgotten.key)
            await run_sync(until, lambda: not group.is_populated())
            assert cgroups.of(kept.key).is_populated()
            await engine.cancel(kept.key, grace_seconds=10)
            assert (await next_end(engine)).processes_ended == 1
            await engine.clean()
            assert not group.path.exists()


async def test_a_check_that_is_cancelled_while_it_is_started_does_not_end_its_keeper(
    tmp_path: Path, cgroups: Cgroups, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_keepers() as keepers:
        runner, start = Runner(keepers, cgroups), keepers.start
        await runner.run(["/bin/true"], env={}, cwd=tmp_path, timeout_seconds=50, key="test-check")  # starts the keeper
        began = keepers.describe()[0]["pid"]
        asked = anyio.Event()

        async def tell(starts: Sequence[Start]) -> list[Child]:
            children = await start(starts)
            asked.set()
            return children

        monkeypatch.setattr(keepers, "start", tell)

        async def check() -> None:
            await runner.run(["/bin/sleep", "100"], env={}, cwd=tmp_path, timeout_seconds=50, key="test-check")

        for _ in range(40):
            asked = anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(check)
                await asked.wait()
                tasks.cancel_scope.cancel()
        assert keepers.describe()[0]["pid"] == began
        assert keepers.restarts == 0


def test_a_conductor_says_what_holds_its_sheets_together_and_leaves_no_group(conductor: Conductor) -> None:
    status = ask(conductor.settings.socket, "daemon.status")
    groups = Cgroups.open(status["home_id"])
    assert status["containment"] == ("environment" if groups is None else "cgroup")
    if groups is None:
        pytest.skip("no cgroup v2 folder is writable here")
    run = "(setsid env -i /bin/bash -c 'exec sleep 1000' &)"
    job_id = submit(conductor, f'name: loose\nsheets: [{{name: only, run: "{run}"}}]')
    until_ended(conductor, job_id, "completed")
    assert sheets_of(conductor, job_id)["only"]["processes_ended"] == 1
    conductor.stop()
    assert not groups.of("any").path.parent.exists()


# -- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kills", "reason"),
    [(137, 2, "out_of_memory"), (1, 1, "out_of_memory"), (0, 1, "exited"), (137, 0, "exited")],
)
def test_out_of_memory_is_what_the_kernel_says_of_an_attempt_that_failed(
    tmp_path: Path, code: int, kills: int, reason: str
) -> None:
    # A plain file stands for the group's: a kernel whose memory controller is elsewhere writes none.
    text = f"low 0\nhigh 0\nmax 7\noom 1\noom_kill {kills}\noom_group_kill 0\n"
    (tmp_path / "memory.events").write_text(text)
    running = Running(make_spec(tmp_path))
    running.cgroup, running.child = Cgroup(str(tmp_path)), Child(running.key)
    running.child.end(code, 0.0)
    end = running.conclude(Ended())
    assert (end.reason, end.exit_code) == (reason, code)


async def test_an_attempt_beyond_its_memory_is_told_so(tmp_path: Path, cgroups: Cgroups) -> None:
    other = cgroups.of("test-memory")
    other.make()
    accounts = (other.path / "memory.max").exists()
    other.remove()
    if not accounts:
        pytest.skip("cgroup v2 has no memory controller here")
    spec = make_spec(tmp_path)
    group = cgroups.of(spec.key).path
    limit = f"echo 64M >{group}/memory.max; echo 0 >{group}/memory.swap.max"
    script = f'{limit}; {sys.executable} -c "bytearray(256 << 20)"'
    end = await run_attempt(make_spec(tmp_path, script, key=spec.key, folder=spec.folder), cgroups=cgroups)
    assert (end.reason, end.exit_code) == ("out_of_memory", 137)


# -- where groups can be made -----------------------------------------------------------------------------------------

MOUNT = "30 23 0:26 {root} {point} rw,nosuid - cgroup2 cgroup rw\n"
OTHER = "29 23 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"


@pytest.mark.parametrize(
    ("group", "root", "found"),
    [
        ("/user.slice/x.scope", "/", "/sys/fs/cgroup/user.slice/x.scope"),
        ("/", "/", "/sys/fs/cgroup"),
        ("/docker/1", "/docker/1", "/sys/fs/cgroup"),  # the mount shows only a part of the tree
        ("/docker/1/a", "/docker/1", "/sys/fs/cgroup/a"),
        ("/docker/12", "/docker/1", None),
        ("/../other", "/", None),  # outside of our namespace
    ],
)
def test_our_own_group_is_found_where_it_is_mounted(group: str, root: str, found: str | None) -> None:
    mounts = OTHER + MOUNT.format(root=root, point="/sys/fs/cgroup")
    expected = None if found is None else Path(found)
    assert own_group(f"4:memory:/elsewhere\n0::{group}\n", mounts) == expected


def test_without_cgroup_v2_there_is_none() -> None:
    assert own_group("4:memory:/x\n", OTHER) is None
    assert own_group("0::/x\n", OTHER) is None
    assert own_group("", "") is None


def ask_child(script: str, **options: object) -> str:
    """Run Python in a child and return what it prints."""
    command = [sys.executable, "-c", f"from podium.conductor.processes.cgroup import Cgroups\n{script}"]
    done = subprocess.run(command, env=child_env(), cwd=ROOT, capture_output=True, text=True, check=True, **options)  # type: ignore[call-overload]
    return str(done.stdout).strip()


def test_below_a_group_that_was_delegated_ours_lie_beside_the_conductors(home_id: str, cgroups: Cgroups) -> None:
    unit = cgroups.of("unit.service")
    inner = Cgroup(f"{unit.place}/conductor")
    assert unit.make()
    assert inner.make()
    os.setxattr(unit.path, "user.delegate", b"1")
    enter = f"open({str(inner.path / 'cgroup.procs')!r}, 'w').write('0')"
    found = ask_child(f"{enter}\nprint(Cgroups.open('inside').of('key').path)")
    assert found == str(unit.path / "podium-inside" / "key")


def test_a_folder_that_is_not_ours_to_write_gives_no_groups() -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become somebody else")
    become = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)"
    assert ask_child(f"{become}\nprint(Cgroups.open('nobody'))") == "None"
