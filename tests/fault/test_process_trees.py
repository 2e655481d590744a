"""Whole trees: whatever a sheet or a check starts is ended with it, and nothing else is."""

import os
import signal
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.port import End
from podium.conductor.processes import facts
from podium.conductor.processes.identity import Identity, Watch, send_signal
from podium.conductor.processes.keepers.child import Child
from podium.conductor.processes.run import Finished, Runner
from podium.conductor.processes.tree import Snapshot, end_tree
from tests.support.engines import (
    BOUND_SECONDS,
    STAY,
    Gate,
    LateHunt,
    bystander,
    hopping,
    is_alive,
    make_spec,
    next_end,
    open_engine,
    open_keepers,
    run_attempt,
)

pytestmark = pytest.mark.anyio

STUBBORN = "trap '' TERM INT HUP; echo $BASHPID >pids; while :; do read -rt 9 x <>hold; done"
CHILD = f"bash -c '{STUBBORN.replace(chr(39), chr(34))}' &"
IN_A_SESSION = "setsid bash -c 'echo $$ >pids; exec sleep 1000' &"
DOUBLE_FORKED = "(setsid bash -c 'echo $$ >pids; exec sleep 1000' &)"
IN_THE_GROUP = "(env -i /bin/bash -c 'echo $$ >pids; exec sleep 1000' &)"
ANY = {
    "child": "bash -c 'echo $$ >pids; exec sleep 1000' &",
    "stubborn child": CHILD,
    "child in a session of its own": IN_A_SESSION,
    "double-forked daemon": DOUBLE_FORKED,
    "orphan without its environment": IN_THE_GROUP,
}


async def lines(gate: Gate, count: int) -> list[int]:
    """Return the pids that so many processes wrote."""
    return [int(await gate.line()) for _ in range(count)]


async def cancelled(engine: LocalEngine, key: str, grace_seconds: float) -> End:
    """Cancel an attempt and return its end."""
    await engine.cancel(key, grace_seconds=grace_seconds)
    return await next_end(engine)


# -- sheets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ANY)
async def test_what_a_finished_sheet_leaves_is_ended_and_counted(tmp_path: Path, kind: str) -> None:
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "go") as go, Gate(tmp_path / "hold"):
        async with open_engine() as engine:
            await engine.submit(make_spec(tmp_path, f"{ANY[kind]}\nread -r x <go; exit 3", grace_seconds=0.3))
            (pid,) = await lines(pids, 1)
            go.open()
            end = await next_end(engine)
    assert (end.reason, end.exit_code, end.processes_ended) == ("exited", 3, 1)
    assert not is_alive(pid)


@pytest.mark.parametrize("kind", ANY)
async def test_a_cancel_ends_every_kind_of_descendant(tmp_path: Path, kind: str) -> None:
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "hold"):
        spec = make_spec(tmp_path, f"{ANY[kind]}\n{STAY}")
        async with open_engine() as engine:
            await engine.submit(spec)
            members = await lines(pids, 2)
            end = await cancelled(engine, spec.key, 3 if "stubborn" in kind else 30)
    assert (end.reason, end.signal, end.processes_ended) == ("cancelled", 15, 1)
    assert not any(is_alive(pid) for pid in members)


async def test_a_tree_of_every_kind_is_ended_at_once(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "hold"):
        spec = make_spec(tmp_path, "\n".join([*ANY.values(), STAY]))
        async with open_engine() as engine:
            await engine.submit(spec)
            members = await lines(pids, len(ANY) + 1)
            end = await cancelled(engine, spec.key, 0.3)
    assert (end.reason, end.processes_ended) == ("cancelled", len(ANY))
    assert not any(is_alive(pid) for pid in members)


async def test_a_stubborn_command_is_killed_and_told_with_its_signal(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "hold"):
        spec = make_spec(tmp_path, STUBBORN)
        async with open_engine() as engine:
            await engine.submit(spec)
            await lines(pids, 1)
            end = await cancelled(engine, spec.key, 0.2)
    assert (end.reason, end.exit_code, end.signal, end.processes_ended) == ("cancelled", None, 9, 0)


async def test_a_shell_that_is_killed_does_not_go_on_when_its_command_is(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids:
        spec = make_spec(tmp_path, "trap '' TERM; bash -c 'echo $$ >pids; exec sleep 1000'; echo >>went-on; sleep 1000")
        async with open_engine() as engine:
            await engine.submit(spec)
            await lines(pids, 1)
            end = await cancelled(engine, spec.key, 0.2)
    assert (end.reason, end.signal, end.processes_ended) == ("cancelled", 9, 1)
    assert not (tmp_path / "went-on").exists()


async def test_a_stopped_tree_is_ended_too(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids:
        spec = make_spec(tmp_path, "sleep 1000 & echo $! >pids; echo $$ >pids; exec sleep 1000")
        async with open_engine() as engine:
            await engine.submit(spec)
            members = await lines(pids, 2)
            for pid in members:
                os.kill(pid, signal.SIGSTOP)
            end = await cancelled(engine, spec.key, 0.2)
    assert end.reason == "cancelled"
    assert not any(is_alive(pid) for pid in members)


async def test_a_tree_that_forks_faster_than_we_look_is_ended_and_counted(tmp_path: Path) -> None:
    command = hopping(tmp_path, "/bin/bash")
    with Gate(tmp_path / "pids") as pids, bystander(*command) as first:
        await lines(pids, 1)
        hunt = LateHunt("test-hop", first.pid)
        await hunt.force()
    assert hunt.ended > 0
    assert Snapshot().members("test-hop", first.pid) == {}


async def test_an_open_output_does_not_hold_a_sheet_open(tmp_path: Path) -> None:
    end = await run_attempt(make_spec(tmp_path, "(setsid sleep 1000 &); echo done"))
    assert (end.reason, end.exit_code, end.processes_ended) == ("exited", 0, 1)


async def test_the_daemon_of_a_running_sheet_outlives_the_end_of_another(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids:
        going = make_spec(tmp_path, f"{DOUBLE_FORKED}\n{STAY}")
        async with open_engine() as engine:
            await engine.submit(going)
            members = await lines(pids, 2)
            other = make_spec(tmp_path, "sleep 1000 & exit 0")
            await engine.submit(other)
            end = await next_end(engine)
            assert (end.key, end.processes_ended) == (other.key, 1)
            assert all(is_alive(pid) for pid in members)
            assert (await cancelled(engine, going.key, 5)).processes_ended == 1


async def test_a_key_that_begins_like_another_is_another(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, "sleep 1000 & exit 0")
    with bystander(**{facts.MARKER: spec.key + "1"}) as longer, bystander(**{facts.MARKER: spec.key[:-1]}) as shorter:
        async with open_engine() as engine:
            await engine.submit(spec)
            assert (await next_end(engine)).processes_ended == 1
            assert (is_alive(longer.pid), is_alive(shorter.pid)) == (True, True)


async def test_orphans_are_reaped(tmp_path: Path) -> None:
    others = facts.own_children() or set()  # such as the keeper of another test, which ends some seconds after it
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "go") as go:
        async with open_engine() as engine:
            await engine.submit(make_spec(tmp_path, "(setsid bash -c 'echo $$ >pids' &); read -r x <go"))
            (orphan,) = await lines(pids, 1)
            with anyio.fail_after(BOUND_SECONDS):
                while facts.read_stat(orphan) is not None:
                    await anyio.lowlevel.checkpoint()
            go.open()
            await next_end(engine)
            with anyio.fail_after(BOUND_SECONDS):  # what the keeper of another test has left comes and goes at any time
                while (engine.keepers.orphans(Child("any")) or set()) - others:
                    await anyio.lowlevel.checkpoint()


# -- checks and skip commands -----------------------------------------------------------------------------------------


async def run(command: str, folder: Path, timeout_seconds: float = BOUND_SECONDS, **env: str) -> Finished:
    """Run one command for an attempt that does not exist."""
    async with open_keepers() as keepers:
        key = make_spec(folder).key
        argv = ["/bin/bash", "-c", command]
        return await Runner(keepers).run(argv, env=env, cwd=folder, timeout_seconds=timeout_seconds, key=key)


async def test_a_check_gives_its_code_and_the_end_of_its_output(tmp_path: Path) -> None:
    done = await run("pwd; echo err >&2; echo $ONE; exit 4", tmp_path, ONE="1")
    assert done == Finished(4, f"{tmp_path}\nerr\n1\n")


async def test_only_the_end_of_much_output_is_kept(tmp_path: Path) -> None:
    done = await run("for ((i = 0; i < 20000; i++)); do echo line $i; done", tmp_path)
    assert len(done.output) == 4096
    assert done.output.endswith("line 19999\n")


@pytest.mark.parametrize(("command", "code"), [("no-such-tool", 127), ("kill -KILL $$", -9), ("kill -TERM 0", -15)])
async def test_a_check_that_breaks_says_how(tmp_path: Path, command: str, code: int) -> None:
    assert (await run(command, tmp_path)).exit_code == code


async def test_a_check_in_a_missing_folder_says_so(tmp_path: Path) -> None:
    done = await run("true", tmp_path / "missing")
    assert done.exit_code == 126
    assert "missing" in done.output


async def test_a_check_that_cannot_start_says_so(tmp_path: Path) -> None:
    done = await run("x" * 200_000, tmp_path)
    assert done.exit_code == 126
    assert "could not be started" in done.output


async def test_the_limit_of_a_check_ends_its_tree(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "hold"):
        done = await run(f"echo early\n{DOUBLE_FORKED}\n{CHILD}\nsleep 1000", tmp_path, timeout_seconds=8)
        members = await lines(pids, 2)
    assert (done.timed_out, done.output) == (True, "early\n")
    assert done.processes_ended == 3  # the last command takes the place of its shell
    assert not any(is_alive(pid) for pid in members)


async def test_what_a_check_leaves_is_ended(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids, Gate(tmp_path / "go") as go:
        go.open()
        done = await run(f"{DOUBLE_FORKED}\nread -r x <pids; echo $x >pids; exit 0", tmp_path)
        members = await lines(pids, 1)
    assert (done.exit_code, done.timed_out, done.processes_ended) == (0, False, 1)
    assert not is_alive(members[0])


async def test_a_cancelled_check_is_ended(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run, "echo $$ >pids; exec sleep 1000", tmp_path)
            (pid,) = await lines(pids, 1)
            tasks.cancel_scope.cancel()
    assert not is_alive(pid)


async def test_the_end_of_an_attempt_ends_the_checks_that_an_earlier_conductor_ran_for_it() -> None:
    key = "test-checks-of-" + str(os.getpid())
    with bystander(**{facts.MARKER: f"{key}#1"}) as check:
        assert (await end_tree(key, None, 5)).count == 1
        assert not is_alive(check.pid)


# -- identities -------------------------------------------------------------------------------------------------------


async def test_a_signal_is_for_one_process_only_not_for_whoever_has_its_pid() -> None:
    with bystander() as process:
        stat = facts.read_stat(process.pid)
        assert stat is not None
        assert not send_signal(process.pid, stat.start_ticks + 1, signal.SIGKILL)
        assert is_alive(process.pid)
        assert Watch.open(Identity(process.pid, stat.start_ticks + 1, facts.boot_id())) is None
        assert Watch.open(Identity(process.pid, stat.start_ticks, "another boot")) is None
        assert send_signal(process.pid, stat.start_ticks, signal.SIGKILL)


async def test_psutil_tells_the_same_of_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    with bystander(**{facts.MARKER: "test-psutil"}) as process:
        ours = facts.read_stat(process.pid)
        assert facts.marker(process.pid) == "test-psutil"
        monkeypatch.setattr(facts, "LINUX", False)
        theirs = facts.read_stat(process.pid)
        assert facts.marker(process.pid) == "test-psutil"
        assert process.pid in facts.all_stats()
    assert ours is not None
    assert theirs is not None
    assert (ours.pid, ours.parent, ours.group, ours.session) == (
        theirs.pid,
        theirs.parent,
        theirs.group,
        theirs.session,
    )


async def test_without_pidfds_an_end_is_seen_by_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "LINUX", False)
    with bystander() as process:
        stat = facts.read_stat(process.pid)
        assert stat is not None
        watch = Watch.open(Identity(process.pid, stat.start_ticks, facts.boot_id()))
        assert watch is not None
        assert send_signal(process.pid, stat.start_ticks, signal.SIGKILL)
        with anyio.fail_after(BOUND_SECONDS):
            await watch.wait()
    assert Watch.open(Identity(process.pid, stat.start_ticks, facts.boot_id())) is None
