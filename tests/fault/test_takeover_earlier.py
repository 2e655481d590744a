"""Attempts that a version without keepers began are taken over from their folders, and a whole home of that version is."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import structlog.testing
from anyio.to_thread import run_sync

from podium.conductor.engines.local.earlier import BLOCK_BYTES, EarlierFolder, Origin
from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.local.folder import AttemptFolder
from podium.conductor.engines.port import AttemptSpec, EndReason
from podium.conductor.processes import facts
from podium.home import Home
from podium.settings import Settings
from tests.support.earlier import BLANK, HERE, forge, launch, prepare, recorded_home
from tests.support.earlier import HOME as RECORDED
from tests.support.engines import (
    BOUND_SECONDS,
    Gate,
    bystander,
    described,
    make_spec,
    next_end,
    open_engine,
    open_keepers,
    reattach,
)
from tests.support.jobs import check_history, sheets_of, submit
from tests.support.jobs import until as until_status
from tests.support.podium_home import Conductor, until
from tests.torture.facts import read_rows

pytestmark = pytest.mark.anyio

OTHER_BOOT = Origin("00000000-aaaa")


def has_ended(spec: AttemptSpec) -> bool:
    """Tell whether the shell around an attempt has written how it ended."""
    return EarlierFolder(spec.folder).read_exit() is not None


# -- what still runs, or ended in good order --------------------------------------------------------------------------


async def test_a_running_attempt_is_followed_to_its_end(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        spec = make_spec(tmp_path, 'echo x >said; read -r x <hold; echo "$ONE"; exit 42', env={"ONE": "1"})
        launch(spec)
        await said.line()
        async with open_engine() as engine:
            await engine.reattach(spec)
            assert (await described(engine, spec.key)).alive
            hold.open()
            end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("exited", 42)
    assert (spec.folder / "stdout.log").read_text() == "1\n"


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 9", 9), ("kill -9 $$", 137)])
async def test_what_ended_while_no_conductor_ran_has_its_code(tmp_path: Path, script: str, code: int) -> None:
    spec = make_spec(tmp_path, script)
    launch(spec)
    await run_sync(until, lambda: has_ended(spec))
    end = await reattach(spec)
    assert (end.reason, end.exit_code, end.signal) == ("exited", code, None)


async def test_a_workspace_that_was_gone_is_a_failed_launch(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, workspace=tmp_path / "gone")
    launch(spec)
    await run_sync(until, lambda: has_ended(spec))
    assert (await reattach(spec)).reason == "launch_failed"


async def test_a_running_attempt_can_be_cancelled(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said:
        spec = make_spec(tmp_path, "echo x >said; sleep 1000; exit 1")
        launch(spec)
        await said.line()
        async with open_engine() as engine:
            await engine.reattach(spec)
            await described(engine, spec.key)
            await engine.cancel(spec.key, grace_seconds=10)
            end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("cancelled", 143)


async def test_a_running_attempt_has_what_is_left_of_its_time(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said:
        spec = make_spec(tmp_path, "echo x >said; sleep 1000", timeout_seconds=0.2)
        launch(spec)
        await said.line()
        end = await reattach(spec)
    assert (end.reason, end.exit_code) == ("timed_out", 143)


async def test_an_attempt_whose_limit_an_earlier_conductor_noted_is_ended(tmp_path: Path) -> None:
    with Gate(tmp_path / "said") as said:
        spec = make_spec(tmp_path, "echo x >said; sleep 1000", grace_seconds=30)
        launch(spec)
        await said.line()
        AttemptFolder(spec.folder).note_stop("output_limit")
        end = await reattach(spec)
    assert (end.reason, end.exit_code) == ("output_limit", 143)


async def test_survivors_of_a_killed_shell_are_ended_before_it_is_lost(tmp_path: Path) -> None:
    with Gate(tmp_path / "pids") as pids:
        script = "trap '' TERM; both=\"$PPID $$\"; bash -c 'echo $0 >pids; exec sleep 1000' \"$both\"; sleep 1000"
        spec = make_spec(tmp_path, script, grace_seconds=0.2)
        launch(spec)
        wrapper, command = map(int, (await pids.line()).split())
        os.kill(wrapper, signal.SIGKILL)
        end = await reattach(spec)
    assert (end.reason, end.processes_ended) == ("lost", 2)
    stat = facts.read_stat(command)
    assert stat is None or stat.state == "Z"


# -- what was never launched ------------------------------------------------------------------------------------------


async def test_an_attempt_that_nobody_claimed_never_started_and_never_will(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, "echo ran >ran", intended_at=time.time())
    prepare(spec)
    assert (await reattach(spec)).reason == "never_started"
    # What the killed conductor was just launching wakes up only now, or the conductor dies and the next one looks.
    with pytest.raises(FileExistsError):
        os.open(spec.folder / "stdout.log", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    assert (await reattach(spec)).reason == "never_started"


@pytest.mark.parametrize(("origin", "reason"), [(HERE, "never_started"), (OTHER_BOOT, "lost")])
async def test_the_boot_id_not_the_clock_tells_whether_the_machine_restarted(
    tmp_path: Path, origin: Origin, reason: str
) -> None:
    for intended_at in (facts.booted_at() - 3600, time.time(), time.time() + 3600):
        spec = make_spec(tmp_path, "echo ran >ran", intended_at=intended_at)
        prepare(spec, origin)
        assert (await reattach(spec)).reason == reason


# -- records that a machine or another process leaves -----------------------------------------------------------------


async def test_a_reused_pid_is_not_mistaken_for_the_attempt(tmp_path: Path) -> None:
    with bystander() as stranger:
        stat = facts.read_stat(stranger.pid)
        assert stat is not None
        identity = f"{stranger.pid} {stat.start_ticks - 1} {facts.boot_id()} end\n"
        end = await reattach(forge(make_spec(tmp_path), identity=identity))
        assert (end.reason, end.processes_ended) == ("lost", 0)
        assert stranger.poll() is None


async def test_an_attempt_of_an_earlier_boot_is_lost(tmp_path: Path) -> None:
    stat = facts.read_stat(os.getpid())
    assert stat is not None
    identity = f"{os.getpid()} {stat.start_ticks} 00000000-aaaa end\n"
    end = await reattach(forge(make_spec(tmp_path), identity=identity))
    assert (end.reason, end.detail) == ("lost", "the machine restarted")


async def test_an_attempt_that_came_to_no_identity_before_the_machine_restarted_is_lost_with_it(tmp_path: Path) -> None:
    end = await reattach(forge(make_spec(tmp_path), origin=OTHER_BOOT))
    assert (end.reason, end.detail) == ("lost", "the machine restarted")


async def test_a_torn_record_does_not_exist(tmp_path: Path) -> None:
    identity = f"999999999 1 {facts.boot_id()} end\n"
    assert (await reattach(forge(make_spec(tmp_path), identity=identity, exit_record="exited 13"))).reason == "lost"


async def test_a_record_wins_over_everything_else(tmp_path: Path) -> None:
    spec = forge(make_spec(tmp_path), identity="1 1 00000000-aaaa end\n", exit_record="exited 13 end\n")
    end = await reattach(spec)
    assert (end.reason, end.exit_code) == ("exited", 13)


async def test_a_claim_without_an_identity_is_lost_when_its_tree_is_gone(tmp_path: Path) -> None:
    spec = forge(make_spec(tmp_path))
    with bystander(**{facts.MARKER: spec.key}):
        end = await reattach(spec)
    assert (end.reason, end.processes_ended) == ("lost", 1)


async def test_an_attempt_whose_process_is_looked_for_is_not_ended_for_its_silence_meanwhile(tmp_path: Path) -> None:
    assert (await reattach(forge(make_spec(tmp_path, quiet_seconds=0.1)))).reason == "lost"


@pytest.mark.parametrize("reason", ["timed_out", "stale", "output_limit"])
@pytest.mark.parametrize("exit_record", ["", "exited 143 end\n"])
async def test_a_limit_that_an_earlier_conductor_enforced_is_the_reason_of_the_end(
    tmp_path: Path, reason: EndReason, exit_record: str
) -> None:
    spec = forge(make_spec(tmp_path), identity="1 1 00000000-aaaa end\n", exit_record=exit_record)
    AttemptFolder(spec.folder).note_stop(reason)
    end = await reattach(spec)
    assert (end.reason, end.exit_code) == (reason, 143 if exit_record else None)


async def test_what_cannot_be_read_now_is_unknown_and_looked_at_again(tmp_path: Path) -> None:
    spec = forge(make_spec(tmp_path), identity="1 1 00000000-aaaa end\n")
    record = EarlierFolder(spec.folder).record
    kept = record.read_bytes()
    record.unlink()
    record.mkdir()  # stands for any refusal of the system, such as no descriptors
    async with open_engine() as engine:
        with structlog.testing.capture_logs() as logs:
            await engine.reattach(spec)
            with anyio.fail_after(BOUND_SECONDS):
                while not any(entry["event"] == "attempt_unknown" for entry in logs):
                    await anyio.lowlevel.checkpoint()
        record.rmdir()
        record.write_bytes(kept[:BLOCK_BYTES] + b"exited 13 end\n")
        end = await next_end(engine)
    assert (end.reason, end.exit_code) == ("exited", 13)


@pytest.mark.parametrize(("exit_record", "reason"), [("", "elsewhere"), ("exited 3 end\n", "exited")])
async def test_a_copied_home_takes_over_only_what_has_ended(tmp_path: Path, exit_record: str, reason: str) -> None:
    spec = forge(make_spec(tmp_path), identity=f"1 1 {HERE.boot_id} end\n", exit_record=exit_record)
    async with open_keepers() as keepers, LocalEngine(keepers, mark="other-home") as engine:
        await engine.reattach(spec)
        assert (await next_end(engine)).reason == reason


# -- a whole home -----------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(home: Settings) -> Iterator[Conductor]:
    """A conductor that a test starts itself, perhaps several times."""
    running = Conductor(home)
    yield running
    running.end()


def intended(conductor: Conductor, workspace: Path, script: str) -> tuple[str, AttemptSpec]:
    """Return a job of one sheet whose conductor died just before the launch, and the attempt that it was about to launch."""
    conductor.start(PODIUM_FAULT="after_prepare:1")
    job_id = submit(conductor, f"name: old\nworkspace: {workspace}\nsheets: [{{name: only, run: '{script}'}}]")
    conductor.await_death()
    (row,) = read_rows(conductor.settings.home).attempts[job_id]
    folder = Home(conductor.settings.home).attempt(job_id, row["serial"])
    assert not folder.exists()
    return job_id, make_spec(workspace, script, key=row["key"], folder=folder)


@pytest.mark.parametrize(("script", "code", "status"), [("exit 0", 0, "completed"), ("exit 7", 7, "failed")])
def test_a_home_of_that_version_is_taken_over_with_what_runs_in_it(
    stopped: Conductor, tmp_path: Path, script: str, code: int, status: str
) -> None:
    job_id, spec = intended(stopped, tmp_path, f"touch begun; until [ -e go ]; do sleep 0.1; done; {script}")
    launch(spec)
    until((tmp_path / "begun").exists)
    assert not list(Home(stopped.settings.home).keepers.glob("*/journal.*"))
    stopped.start()
    next_job = submit(stopped, f"name: new\nworkspace: {tmp_path}\nsheets: [{{name: only, run: 'exit 4'}}]")
    until_status(stopped, next_job, "failed")
    (tmp_path / "go").touch()
    until_status(stopped, job_id, status)
    assert sheets_of(stopped, job_id)["only"]["exit_code"] == code
    assert sheets_of(stopped, next_job)["only"]["exit_code"] == 4


def test_what_stands_in_for_that_version_writes_what_it_wrote(home: Settings, tmp_path: Path) -> None:
    _, spec = recorded_home(home.home, tmp_path)["runs"]
    prepare(spec)
    wrote = (RECORDED / "record.json").read_text().replace("@WORKSPACE@", str(tmp_path)).replace("@BOOT@", HERE.boot_id)
    assert (spec.folder / "record").read_bytes() == 2 * BLANK + wrote.encode()
    assert {(path.name, path.stat().st_mode & 0o777) for path in spec.folder.iterdir()} == {
        ("record", 0o600),
        ("script", 0o600),
        ("stderr.log", 0o600),
    }


def test_a_recorded_home_of_that_version_is_taken_over_with_three_running_sheets(
    stopped: Conductor, tmp_path: Path
) -> None:
    found = recorded_home(stopped.settings.home, tmp_path)
    for name, (_, spec) in found.items():
        launch(spec)
        until((tmp_path / f"begun-{name}").exists)
    (tmp_path / "ends").touch()  # nobody watches
    until(lambda: has_ended(found["ends"][1]) and has_ended(found["dies"][1]))
    stopped.start()
    job_ids = {name: job_id for name, (job_id, _) in found.items()}
    assert until_status(stopped, job_ids["ends"], "failed")
    assert until_status(stopped, job_ids["dies"], "failed")
    assert until_status(stopped, job_ids["runs"], "running")["running"] == ["only"]
    (tmp_path / "go").touch()
    until_status(stopped, job_ids["runs"], "failed")
    codes = {name: sheets_of(stopped, job_id)["only"]["exit_code"] for name, job_id in job_ids.items()}
    assert codes == {
        "runs": 5,
        "ends": 7,
        "dies": 128 + signal.SIGKILL,
    }  # that version could not tell a signal from a code
    for job_id in job_ids.values():
        check_history(stopped, job_id)
    assert until_status(stopped, submit(stopped, "name: new\nsheets: [{run: 'true'}]"), "completed")


def test_a_sheet_of_that_version_that_ended_meanwhile_is_told_with_its_code(stopped: Conductor, tmp_path: Path) -> None:
    job_id, spec = intended(stopped, tmp_path, "echo said; exit 9")
    launch(spec)
    until(lambda: has_ended(spec))
    stopped.start()
    until_status(stopped, job_id, "failed")
    assert sheets_of(stopped, job_id)["only"]["exit_code"] == 9
