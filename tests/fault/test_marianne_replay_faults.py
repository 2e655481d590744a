"""The faults of a Marianne conductor, as switches of the replay conductor: each of them is there, and gone when it is mended."""

import json
import select
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.podium_home import ask, until
from tests.support.replay.conductor import ReplayConductor, replay
from tests.support.replay.faults import REAL, Fault, WireFault
from tests.support.replay.placing import STATES


@pytest.fixture
def conductor(short_tmp: Path) -> Iterator[ReplayConductor]:
    """A conductor as it is."""
    with replay(short_tmp) as found:
        yield found


@pytest.fixture
def mended(short_tmp: Path, request: pytest.FixtureRequest) -> Iterator[ReplayConductor]:
    """A conductor with or without the fault that the test is about."""
    fault, faulty = request.param
    with replay(short_tmp, REAL if faulty else REAL - {fault}) as conductor:
        yield conductor


def about(fault: Fault) -> pytest.MarkDecorator:
    """Run a test with a fault and without it."""
    given = [pytest.param((fault, faulty), id=name) for name, faulty in (("as_it_is", True), ("mended", False))]
    return pytest.mark.parametrize("mended", given, indirect=True)


def has(conductor: ReplayConductor, fault: Fault) -> bool:
    return fault in conductor.faults


@about(Fault.DRY_RUN_RUNS)
def test_a_dry_run_runs_unless_it_is_mended(mended: ReplayConductor) -> None:
    ask(mended.path, "job.submit", {"config_path": str(mended.score("dry")), "dry_run": True})
    assert bool(ask(mended.path, "job.list")) == has(mended, Fault.DRY_RUN_RUNS)


@about(Fault.RESUME_OF_FAILED_IS_NOOP)
def test_a_resume_of_a_failed_job_does_nothing_unless_it_is_mended(mended: ReplayConductor) -> None:
    job = mended.put("x", "failed")
    assert ask(mended.path, "job.resume", {"job_id": "x"})["status"] == "accepted"
    mended.settle()
    assert job.state == ("failed" if has(mended, Fault.RESUME_OF_FAILED_IS_NOOP) else "running")


@about(Fault.MODIFY_OF_RUNNING_LOSES_JOB)
def test_a_running_job_that_is_modified_is_lost_unless_it_is_mended(mended: ReplayConductor) -> None:
    job = mended.put("x", "running")
    reply = ask(mended.path, "job.modify", {"job_id": "x", "config_path": str(mended.score("other"))})
    assert reply["message"] == "Pause signal sent. Will resume with other.yaml when paused."
    mended.settle()
    lost = has(mended, Fault.MODIFY_OF_RUNNING_LOSES_JOB)
    assert job.state == ("cancelled" if lost else "running")
    if lost:
        ask(mended.path, "job.resume", {"job_id": "x"})
        mended.settle()
        assert (job.state, job.sheet(2).status) == ("running", "pending")


@about(Fault.BAD_CHANGE_FAILS_JOB)
def test_a_bad_changed_score_is_accepted_and_ends_the_job_unless_it_is_mended(mended: ReplayConductor) -> None:
    job = mended.put("x", "paused")
    bad = mended.folder / "bad.yaml"
    bad.write_text("name: bad\n")
    reply = ask(mended.path, "job.modify", {"job_id": "x", "config_path": str(bad)})
    first = ask(mended.path, "job.list")[0]["status"]
    mended.settle()
    accepted = has(mended, Fault.BAD_CHANGE_FAILS_JOB)
    assert (reply["status"], first, job.state) == (
        ("accepted", "queued", "failed") if accepted else ("rejected", "paused", "paused")
    )


@about(Fault.LEAKS_SLOT)
def test_a_start_over_a_paused_job_takes_a_slot_for_ever_unless_it_is_mended(mended: ReplayConductor) -> None:
    mended.jobs.slots = 1
    job = mended.put("x", "paused")
    ask(mended.path, "job.submit", {"config_path": str(mended.score("x"))})
    mended.settle()
    assert job.state == ("queued" if has(mended, Fault.LEAKS_SLOT) else "running")


@about(Fault.PAUSED_HOLDS_SLOT)
def test_a_paused_job_holds_its_slot_unless_it_is_mended(mended: ReplayConductor) -> None:
    mended.jobs.slots = 1
    mended.put("x", "paused")
    ask(mended.path, "job.submit", {"config_path": str(mended.score("y"))})
    mended.settle()
    assert mended.job("y").state == ("queued" if has(mended, Fault.PAUSED_HOLDS_SLOT) else "running")


@about(Fault.RESUBMIT_RACE)
def test_a_score_started_again_right_after_its_end_is_called_failed_unless_it_is_mended(
    mended: ReplayConductor,
) -> None:
    mended.put("x", "paused_in_the_last_sheet").finish_sheet(3)
    ask(mended.path, "job.submit", {"config_path": str(mended.score("x"))})
    ask(mended.path, "job.list")
    wrong = has(mended, Fault.RESUBMIT_RACE)
    assert ask(mended.path, "job.status", {"job_id": "x"})["status"] == ("failed" if wrong else "running")
    assert ask(mended.path, "job.pause", {"job_id": "x"})["paused"] != wrong
    if wrong:  # though it goes on
        for num in (1, 2, 3):
            mended.settle()
            mended.job("x").finish_sheet(num)
        assert ask(mended.path, "job.status", {"job_id": "x"})["status"] == "completed"


def test_under_pressure_it_accepts_nothing_and_says_so(conductor: ReplayConductor) -> None:
    conductor.jobs.under_pressure = True
    ready = ask(conductor.path, "daemon.ready")
    assert (ready["status"], ready["accepting_work"], ready["shutting_down"]) == ("not_ready", False, False)
    reply = ask(conductor.path, "job.submit", {"config_path": str(conductor.score("x"))})
    assert (reply["job_id"], reply["status"]) == ("", "rejected")


@about(Fault.STALE_VIEWS)
def test_a_score_that_is_queued_again_shows_its_run_before_unless_it_is_mended(mended: ReplayConductor) -> None:
    mended.put("x", "completed")
    mended.jobs.slots = 0
    ask(mended.path, "job.submit", {"config_path": str(mended.score("x"))})
    (entry,) = ask(mended.path, "job.list")
    stale = has(mended, Fault.STALE_VIEWS)
    assert (entry["status"], entry.get("progress_completed")) == ("queued", 3 if stale else None)
    assert ask(mended.path, "job.status", {"job_id": "x"})["status"] == ("completed" if stale else "queued")


@about(Fault.TEMPLATE_ERROR_HANGS)
def test_a_template_that_cannot_be_rendered_hangs_its_job_unless_it_is_mended(mended: ReplayConductor) -> None:
    path = mended.score("x")
    path.write_text(path.read_text().replace('"true"', "'{{ nothing }}'"))
    ask(mended.path, "job.submit", {"config_path": str(path)})
    mended.settle()
    assert mended.job("x").state == ("running" if has(mended, Fault.TEMPLATE_ERROR_HANGS) else "failed")


@about(Fault.CYCLE_HANGS)
def test_a_cycle_hangs_its_job_unless_it_is_mended(mended: ReplayConductor) -> None:
    path = mended.score("x", 2)
    path.write_text(path.read_text().replace("total_items: 2", "total_items: 2, dependencies: {1: [2], 2: [1]}"))
    ask(mended.path, "job.submit", {"config_path": str(path)})
    mended.settle()
    assert mended.job("x").state == ("running" if has(mended, Fault.CYCLE_HANGS) else "failed")


@about(Fault.OVERRIDE_SKIPS_CHECK)
def test_a_bad_score_with_a_workspace_is_accepted_and_fails_unless_it_is_mended(mended: ReplayConductor) -> None:
    path = mended.score("x")
    path.write_text("name: x\n")
    given = {"config_path": str(path), "workspace": str(mended.folder / "ws" / "x")}
    accepted = has(mended, Fault.OVERRIDE_SKIPS_CHECK)
    assert ask(mended.path, "job.submit", given)["status"] == ("accepted" if accepted else "rejected")
    mended.settle()
    listed = [(each["status"], "error_traceback" in each) for each in ask(mended.path, "job.list")]
    assert listed == ([("failed", True)] if accepted else [])


@about(Fault.CLEAR_ACTIVE_WIPES_HISTORY)
def test_a_clear_of_active_jobs_forgets_the_ended_ones_unless_it_is_mended(mended: ReplayConductor) -> None:
    mended.put("x", "completed")
    wiped = has(mended, Fault.CLEAR_ACTIVE_WIPES_HISTORY)
    assert ask(mended.path, "job.clear", {"statuses": ["running"]}) == {"deleted": int(wiped)}
    assert len(ask(mended.path, "job.list")) == 1
    mended.crash()
    assert len(ask(mended.path, "job.list")) == (0 if wiped else 1)


@about(Fault.CRASH_FAILS_ACTIVE)
def test_a_crash_fails_what_ran_unless_it_is_mended(mended: ReplayConductor) -> None:
    running, queued = mended.put("x", "running"), mended.put("y", "queued")
    mended.crash()
    failed = has(mended, Fault.CRASH_FAILS_ACTIVE)
    assert [running.state, queued.state] == (["failed", "failed"] if failed else ["running", "queued"])


@about(Fault.CRASH_RESUMES_PAUSED)
def test_a_crash_lets_paused_jobs_run_unless_it_is_mended(mended: ReplayConductor) -> None:
    job = mended.put("x", "paused")
    mended.crash()
    assert job.state == ("running" if has(mended, Fault.CRASH_RESUMES_PAUSED) else "paused")


@about(Fault.SHUTDOWN_CANCELS_PAUSED)
def test_a_shutdown_cancels_paused_jobs_unless_it_is_mended(mended: ReplayConductor) -> None:
    job = mended.put("x", "paused")
    assert ask(mended.path, "daemon.shutdown") == {"shutting_down": True}
    assert ask(mended.path, "job.submit", {"config_path": "/x.yaml"})["message"] == "Daemon is shutting down"
    mended.time_out_shutdown()
    assert mended.ended.wait(20)
    assert job.state == ("cancelled" if has(mended, Fault.SHUTDOWN_CANCELS_PAUSED) else "paused")


@about(Fault.SHUTDOWN_WAITS_FOR_CLIENTS)
def test_a_shutdown_waits_for_every_client_to_go_unless_it_is_mended(mended: ReplayConductor) -> None:
    waits = has(mended, Fault.SHUTDOWN_WAITS_FOR_CLIENTS)
    with mended.connect(b'{"id":1,"method":"daemon.shutdown"}\n') as peer:
        assert b"shutting_down" in peer.recv(4096)
        assert mended.ended.wait(0.3 if waits else 20) != waits
        if waits:
            assert ask(mended.path, "daemon.health")["shutting_down"]
    assert mended.ended.wait(20)


@about(Fault.CONNECTION_CAP)
def test_the_sixth_client_is_not_served_unless_it_is_mended(mended: ReplayConductor) -> None:
    with ExitStack() as clients:
        first, *_ = [clients.enter_context(mended.connect()) for _ in range(5)]
        sixth = clients.enter_context(mended.connect())
        sixth.sendall(b'{"id":1,"method":"daemon.health"}\n')
        capped = has(mended, Fault.CONNECTION_CAP)
        assert bool(select.select([sixth], [], [], 0.3 if capped else 20)[0]) != capped
        first.close()
        assert b'"ok"' in sixth.recv(4096)


@about(Fault.DEAD_STREAMS_LOCK_OUT)
def test_streams_whose_clients_have_gone_lock_everybody_out_unless_it_is_mended(mended: ReplayConductor) -> None:
    for _ in range(5):
        mended.connect(b'{"id":1,"method":"daemon.monitor.stream"}\n').close()
    with mended.connect(b'{"id":1,"method":"daemon.health"}\n') as peer:
        locked = has(mended, Fault.DEAD_STREAMS_LOCK_OUT)
        assert bool(select.select([peer], [], [], 0.5 if locked else 20)[0]) != locked


def test_a_stream_tells_what_becomes_of_jobs_and_of_no_sheet(conductor: ReplayConductor) -> None:
    with conductor.connect() as peer, peer.makefile("rb") as lines:
        peer.sendall(b'{"id":1,"method":"daemon.monitor.stream"}\n')
        until(lambda: conductor.server.streams == 1)
        ask(conductor.path, "job.submit", {"config_path": str(conductor.score("x", 1))})
        conductor.settle()
        conductor.job("x").fail_sheet(1)
        events = [json.loads(lines.readline())["params"] for _ in range(2)]
    assert [(each["job_id"], each["event"]) for each in events] == [("x", "job.started"), ("x", "job.failed")]


@pytest.mark.parametrize("how", list(WireFault))
def test_a_reply_can_go_wrong_after_the_call_was_handled(conductor: ReplayConductor, how: WireFault) -> None:
    job = conductor.put("x", "running")
    with conductor.spoiled("job.pause", how), conductor.connect() as peer:
        peer.sendall(b'{"id":1,"method":"job.pause","params":{"job_id":"x"}}\n')
        until(lambda: job.state == "paused")
        if how is WireFault.SLOW:
            assert not select.select([peer], [], [], 0.1)[0]
            conductor.server.released.set()
        answer = peer.recv(4096)
    assert (b"paused" in answer) == (how is WireFault.SLOW)
    assert bool(answer) == (how is not WireFault.LOST)


@pytest.mark.parametrize("state", STATES)
def test_a_job_that_is_put_in_a_state_stays_in_it(conductor: ReplayConductor, state: str) -> None:
    conductor.put("x", state)
    before = ask(conductor.path, "job.list")
    for _ in range(3):
        assert ask(conductor.path, "job.status", {"job_id": "x"})["job_id"] == "x"
    assert ask(conductor.path, "job.list") == before
