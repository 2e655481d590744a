"""Faults that the Marianne conductor was seen to have, numbered as they were found: each has a test that it would fail.

Numbers 13 to 16 are about scores and are in `test_marianne_score_faults.py`.
"""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.support.fault_jobs import conductor_for_many, config_with, jobs_total, named, numbered, told
from tests.support.jobs import check_history, sheets_of, submit, until, wait_for_file
from tests.support.podium_home import Conductor, make_home
from tests.support.podium_home import until as holds
from tests.support.scores import token_score, tokens

GATE = "touch begun; while [ ! -e go ]; do sleep 0.1; done"
# A gate of each job's own, for jobs that share a workspace.
OWN_GATE = "touch begun-$PODIUM_JOB_ID; while [ ! -e go-$PODIUM_JOB_ID ]; do sleep 0.1; done"
# An instrument of the user that says when its service has had enough.
LIMITED = "executable: /bin/bash\nprompt: file\nrate_limit_patterns: [rate limit reached]\n"
EVENTS = b'{"id":1,"method":"job.events","params":{}}\n'


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conductor]:
    """A conductor for tests that leave it as it was."""
    config = config_with("limited", LIMITED, tmp_path_factory.mktemp("config"))
    with conductor_for_many(PODIUM_CONFIG=config) as conductor:
        yield conductor


@pytest.fixture(scope="module")
def narrow() -> Iterator[Conductor]:
    """A conductor that runs two sheets at once, for tests that leave it as it was."""
    with conductor_for_many(max_sheets=2) as conductor:
        yield conductor


def paused_midway(conductor: Conductor, workspace: Path, **submitted: str) -> str:
    """Start a job of `OWN_GATE` and one more sheet, and pause it between the two."""
    job_id = str(told(conductor, "job.submit", **submitted)["job_id"])
    wait_for_file(workspace / f"begun-{job_id}")
    assert told(conductor, "job.pause", job_id=job_id)["paused"]
    (workspace / f"go-{job_id}").touch()
    until(conductor, job_id, "paused")
    return job_id


def connected(path: Path, data: bytes = b"") -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(30)
    peer.connect(str(path))
    peer.sendall(data)
    return peer


def streaming(path: Path) -> socket.socket:
    """A client that follows the events."""
    peer = connected(path, EVENTS)
    assert b'"result"' in peer.recv(4096)
    return peer


def test_b01_a_dry_run_runs_nothing_and_stores_nothing(shared: Conductor, tmp_path: Path) -> None:
    path = tmp_path / "three.yaml"
    path.write_text(numbered(tmp_path / "ws", "touch ran", 3))
    before = jobs_total(shared)
    reply = told(shared, "job.submit", config_path=str(path), dry_run=True)
    assert (reply["status"], reply["job_id"], reply["plan"]["sheets_total"]) == ("accepted", "", 3)
    assert jobs_total(shared) == before
    assert not (tmp_path / "ws").exists()


def test_b02_a_resume_of_a_failed_job_runs_what_failed_and_what_was_skipped(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, named(tmp_path, "echo x >> first", "test -e cure", "touch third"))
    assert until(shared, job_id, "failed")["sheets_skipped"] == 1
    (tmp_path / "cure").touch()
    assert told(shared, "job.resume", job_id=job_id)["status"] == "accepted"
    assert until(shared, job_id, "completed", "failed")["sheets_completed"] == 3
    assert (tmp_path / "first").read_text() == "x\n"
    assert (tmp_path / "third").exists()


def test_b03_a_running_job_takes_a_changed_score_and_goes_on_with_it(shared: Conductor, tmp_path: Path) -> None:
    first = f"{GATE}; echo first >> ran"
    job_id = submit(shared, named(tmp_path, first, "echo old >> ran"))
    wait_for_file(tmp_path / "begun")
    changed = tmp_path / "changed.yaml"
    changed.write_text(named(tmp_path, first, "echo new >> ran"))
    reply = told(shared, "job.modify", job_id=job_id, config_path=str(changed))
    assert (reply["status"], reply["pending"]) == ("accepted", True)
    (tmp_path / "go").touch()
    assert until(shared, job_id, "completed", "failed", "cancelled")["status"] == "completed"
    assert (tmp_path / "ran").read_text().split() == ["first", "new"]
    assert told(shared, "daemon.status")["running_sheets"] == 0
    check_history(shared, job_id)


def test_b04_clearing_active_jobs_deletes_nothing_not_even_after_a_restart(
    conductor: Conductor, tmp_path: Path
) -> None:
    good, bad = submit(conductor, named(tmp_path, "true")), submit(conductor, named(tmp_path, "false"))
    until(conductor, good, "completed")
    until(conductor, bad, "failed")
    runs = submit(conductor, named(tmp_path, GATE))
    wait_for_file(tmp_path / "begun")
    for statuses in (["running"], ["running", "queued", "paused"], ["bogus"], []):
        assert told(conductor, "job.clear", statuses=statuses)["deleted"] == 0
    assert conductor.stop() == 0
    conductor.start()
    listed = {job["job_id"]: job["status"] for job in told(conductor, "job.list")}
    assert listed == {good: "completed", bad: "failed", runs: "running"}
    assert told(conductor, "job.status", job_id=good)["status"] == "completed"
    (tmp_path / "go").touch()
    until(conductor, runs, "completed")


def test_b05_submits_over_a_paused_job_take_no_slot_and_leave_it_alone(narrow: Conductor, tmp_path: Path) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(named(tmp_path, OWN_GATE, "touch second-$PODIUM_JOB_ID"))
    paused = [paused_midway(narrow, tmp_path, config_path=str(path)) for _ in range(3)]
    assert len(set(paused)) == 3
    last = submit(narrow, named(tmp_path, "true"))
    assert until(narrow, last, "completed")
    assert [until(narrow, job_id, "paused")["sheets_completed"] for job_id in paused] == [1, 1, 1]
    told(narrow, "job.resume", job_id=paused[0])
    until(narrow, paused[0], "completed")
    assert (tmp_path / f"second-{paused[0]}").exists()


def test_b06_paused_jobs_hold_no_slots(narrow: Conductor, tmp_path: Path) -> None:
    score = named(tmp_path, OWN_GATE, "true")
    for _ in range(3):
        paused_midway(narrow, tmp_path, config_content=score)
    ready = told(narrow, "daemon.ready")
    assert (ready["status"], ready["running_jobs"]) == ("ready", 0)
    new = [submit(narrow, named(tmp_path, "true")) for _ in range(3)]
    for job_id in new:
        until(narrow, job_id, "completed")


def test_b07_abandoned_event_streams_shut_nobody_out(short_tmp: Path) -> None:
    conductor = Conductor(make_home(short_tmp, max_connections=5)).start()
    try:
        for _ in range(2):
            for peer in [streaming(conductor.settings.socket) for _ in range(5)]:
                peer.close()
            assert told(conductor, "daemon.health")["status"] == "ok"
    finally:
        conductor.end()


def test_b08_a_score_that_is_submitted_again_right_after_its_end_is_never_called_failed(
    shared: Conductor, tmp_path: Path
) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(named(tmp_path, "true"))
    earlier = told(shared, "job.submit", config_path=str(path))["job_id"]
    for _ in range(10):
        until(shared, earlier, "completed")
        job_id = told(shared, "job.submit", config_path=str(path))["job_id"]
        assert until(shared, job_id, "completed", "failed", "cancelled")["status"] == "completed"
        assert told(shared, "job.status", job_id=earlier)["status"] == "completed"
        earlier = job_id


@pytest.mark.parametrize("asked_by", ["signal", "call"])
def test_b09_a_stop_waits_for_no_client(conductor: Conductor, asked_by: str) -> None:
    path = conductor.settings.socket
    with ExitStack() as clients:
        for peer in (connected(path), streaming(path), connected(path, b'{"id":1,"meth'), connected(path, EVENTS * 50)):
            clients.enter_context(peer)
        if asked_by == "signal":
            os.kill(conductor.pid, signal.SIGTERM)
        else:
            assert told(conductor, "daemon.shutdown", graceful=True)["shutting_down"] is True
        conductor.await_death()


def test_b10_a_stop_waits_for_no_paused_job_and_leaves_it_paused(conductor: Conductor, tmp_path: Path) -> None:
    score = named(tmp_path, OWN_GATE, "touch second")
    job_id = paused_midway(conductor, tmp_path, config_content=score)
    assert conductor.stop() == 0
    conductor.start()
    assert until(conductor, job_id, "paused", "cancelled", "running")["status"] == "paused"
    assert not (tmp_path / "second").exists()
    told(conductor, "job.resume", job_id=job_id)
    until(conductor, job_id, "completed")
    assert (tmp_path / "second").exists()


def test_b11_queued_jobs_outlive_a_crash_and_run(short_tmp: Path, tmp_path: Path) -> None:
    conductor = Conductor(make_home(short_tmp, max_sheets=1)).start()
    try:
        first = submit(conductor, named(tmp_path, GATE))
        wait_for_file(tmp_path / "begun")
        queued = [submit(conductor, token_score(tmp_path, sheets=1, seconds=0)) for _ in range(15)]
        conductor.kill()
        conductor.start()
        assert {told(conductor, "job.status", job_id=job_id)["status"] for job_id in queued} == {"queued"}
        (tmp_path / "go").touch()
        for job_id in (first, *queued):
            assert until(conductor, job_id, "completed", "failed")["status"] == "completed"
    finally:
        conductor.end()
    assert set(tokens(tmp_path)) == {f"{job_id} s1 1" for job_id in queued}
    assert set(tokens(tmp_path).values()) == {1}


def test_b12_a_sheet_that_outlives_the_conductor_is_taken_over_and_not_run_twice(
    conductor: Conductor, tmp_path: Path
) -> None:
    job_id = submit(conductor, named(tmp_path, f"echo x >> ran; (setsid sleep 600 & echo $! > child); {GATE}"))
    wait_for_file(tmp_path / "begun")
    conductor.kill()
    conductor.start()
    assert until(conductor, job_id, "running", "failed")["status"] == "running"
    reply = told(conductor, "job.resume", job_id=job_id)
    assert (reply["status"], reply["code"]) == ("rejected", "WRONG_STATE")
    child = int((tmp_path / "child").read_text())
    assert psutil.pid_exists(child)
    (tmp_path / "go").touch()
    until(conductor, job_id, "completed")
    holds(lambda: not psutil.pid_exists(child))  # process 1 collects it, in its own time
    assert sheets_of(conductor, job_id)["1"]["processes_ended"] == 1
    assert (tmp_path / "ran").read_text() == "x\n"
    check_history(conductor, job_id)


def test_b17_output_exit_code_and_validations_reach_the_state(shared: Conductor, tmp_path: Path) -> None:
    rules = [{"type": "file_exists", "path": "made", "retry_count": 0}]
    runs = "echo out; echo err >&2; {% if sheet_num == 1 %}touch other{% else %}sleep 0.1; exit 3{% endif %}"
    free = {"dependencies": {"3": [1, 2]}}
    job_id = submit(shared, numbered(tmp_path, runs, 3, sheet=free, validations=rules))
    until(shared, job_id, "failed")
    sheets = told(shared, "job.status", job_id=job_id)["sheets"]
    assert [sheets[num]["exit_code"] for num in "123"] == [0, 3, None]
    assert [sheets[num]["attempt_count"] for num in "123"] == [1, 1, 0]
    assert sheets["1"]["validation_passed"] is False
    assert sheets["1"]["validation_details"][0]["expected"]
    assert all(sheets["2"][name] for name in ("started_at", "completed_at", "total_duration_seconds", "error_message"))
    for stream, text in (("stdout", "out"), ("stderr", "err")):
        log = told(shared, "job.log", job_id=job_id, sheet=2, stream=stream)
        assert [line["text"] for line in log["lines"]] == [text]
    history = told(shared, "job.history", job_id=job_id)
    assert history["has_history"] is True
    assert {(record["sheet_num"], record["exit_code"]) for record in history["records"]} == {(1, 0), (2, 3)}
    with pytest.raises(RuntimeError, match="No sheet of job"):
        told(shared, "job.recover", job_id=job_id)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_b18_a_sheet_that_cannot_be_healed_fails_with_the_diagnosis(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, "exit 3", 2), self_healing=True)
    view = until(shared, job_id, "completed", "failed")
    assert (view["status"], view["sheets_skipped"]) == ("failed", 1)
    assert "exit code 3" in view["reason"]
    assert "no remedy" in view["reason"]


def test_b18_a_sheet_that_can_be_healed_goes_on(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, "echo x > not/there/yet"), self_healing=True)
    assert until(shared, job_id, "completed", "failed")["status"] == "completed"
    assert (tmp_path / "not" / "there" / "yet").exists()


def test_b19_a_sheet_that_waits_out_a_rate_limit_says_so(shared: Conductor, tmp_path: Path) -> None:
    runs = "echo 'Rate limit reached, try again in 10 minutes' >&2; exit 1"
    job_id = submit(shared, numbered(tmp_path, runs, instrument="limited"), self_healing=True)
    holds(lambda: sheets_of(shared, job_id)["1"]["status"] == "waiting")
    view = told(shared, "job.status", job_id=job_id)["podium"]
    assert view["waiting"] == ["1"]
    assert "rate limit" in view["reason"]
    assert told(shared, "job.cancel", job_id=job_id)["cancelled"]


def test_b19_the_limits_that_are_reported_are_those_that_a_sheet_waits_for(shared: Conductor, tmp_path: Path) -> None:
    assert told(shared, "daemon.rate_limits")["backends"] == {}
    runs = "echo 'Rate limit reached, try again in 10 minutes' >&2; exit 1"
    job_id = submit(shared, numbered(tmp_path, runs, instrument="limited"))
    holds(lambda: told(shared, "daemon.rate_limits")["active_limits"] == 1)
    limit = told(shared, "daemon.rate_limits")["backends"]["limited"]
    assert (limit["sheets"], 500 < limit["seconds_remaining"] <= 600) == (1, True)
    assert told(shared, "job.cancel", job_id=job_id)["cancelled"]
    assert told(shared, "daemon.rate_limits")["active_limits"] == 0


def test_b20_failures_of_some_jobs_hold_up_no_other_job(narrow: Conductor, tmp_path: Path) -> None:
    retry = {"max_retries": 1, "base_delay_seconds": 600, "jitter": False}
    waiting = [submit(narrow, numbered(tmp_path, "false", retry=retry)) for _ in range(3)]
    failing = [submit(narrow, numbered(tmp_path, "false")) for _ in range(6)]
    for job_id in failing:
        until(narrow, job_id, "failed")
    other = submit(narrow, numbered(tmp_path, "true", 2))
    assert until(narrow, other, "completed", "failed")["status"] == "completed"
    holds(lambda: all(until(narrow, job_id, "running")["waiting"] == ["1"] for job_id in waiting))
    for job_id in waiting:
        told(narrow, "job.cancel", job_id=job_id)


def test_b21_a_list_and_a_status_say_the_same_of_a_score_that_is_submitted_again(
    narrow: Conductor, tmp_path: Path
) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(named(tmp_path, "true"))
    first = told(narrow, "job.submit", config_path=str(path))["job_id"]
    until(narrow, first, "completed")
    blocks = submit(narrow, named(tmp_path, sheets=[{"run": GATE, "needs": []}, {"run": GATE, "needs": []}]))
    holds(lambda: told(narrow, "daemon.status")["running_sheets"] == 2)
    second = told(narrow, "job.submit", config_path=str(path))["job_id"]
    listed = {job["job_id"]: job["status"] for job in told(narrow, "job.list")}
    stated = {job_id: told(narrow, "job.status", job_id=job_id)["status"] for job_id in (first, second)}
    assert stated == {first: "completed", second: "queued"}
    assert {job_id: listed[job_id] for job_id in stated} == stated
    (tmp_path / "go").touch()
    for job_id in (blocks, second):
        until(narrow, job_id, "completed")


HEALTH = b'{"id":7,"method":"daemon.health"}\n'
FRAMES = {
    "a_broken_number_as_id": b'{"id":1.5,"method":"daemon.health"}\n',
    "an_object_as_id": b'{"id":{},"method":"daemon.health"}\n',
    "half_a_surrogate_pair_as_id": b'{"id":"\\ud800","method":"daemon.health"}\n',
    "bytes_that_are_not_utf8": b'{"id":1,"method":"\xff\xfe"}\n',
    "utf16": '{"id":1,"method":"daemon.health"}'.encode("utf-16") + b"\n",
    "deep_nesting": b'{"id":1,"params":' + b"[" * 100_000 + b"\n",
    "a_line_of_17_mib": b'{"id":1,"method":"' + b"x" * (17 << 20) + b'"}\n',
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_b22_a_bad_frame_is_answered_and_the_connection_goes_on(shared: Conductor, frame: bytes) -> None:
    with connected(shared.settings.socket, frame) as peer, peer.makefile("rb") as replies:
        first = json.loads(replies.readline())
        assert ("error" in first) == (b"ud800" not in frame)
        peer.sendall(HEALTH)
        assert json.loads(replies.readline())["result"]["status"] == "ok"
