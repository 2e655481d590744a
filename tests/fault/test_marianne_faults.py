"""Faults that the Marianne conductor was seen to have, numbered as they were found: each has a test here that it would fail."""

import json
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from podium.settings import Settings
from tests.support.jobs import check_history, sheets_of, submit, until, wait_for_file
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as holds
from tests.support.scores import token_score, tokens

GATE = "touch begun; while [ ! -e go ]; do sleep 0.02; done"
# A gate of each job's own, for jobs that share a workspace.
OWN_GATE = "touch begun-$PODIUM_JOB_ID; while [ ! -e go-$PODIUM_JOB_ID ]; do sleep 0.02; done"
EVENTS = b'{"id":1,"method":"job.events","params":{}}\n'
# Instruments of the user: one whose profile limits the time, and one that is never told so.
PROFILES = {"hasty": "default_timeout_seconds: 0.3", "steady": ""}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder of the module, with a path short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Conductor]:
    """A conductor for tests that leave it as it was."""
    instruments = folder / "config" / "instruments"
    instruments.mkdir(parents=True)
    for name, text in PROFILES.items():
        (instruments / f"{name}.yaml").write_text(f"executable: /bin/bash\nprompt: file\n{text}\n")
    conductor = Conductor(make_home(folder)).start(PODIUM_CONFIG=str(folder / "config" / "podium.yaml"))
    yield conductor
    conductor.end()


@pytest.fixture(scope="module")
def narrow(folder: Path) -> Iterator[Conductor]:
    """A conductor that runs two sheets at once."""
    conductor = Conductor(make_home(folder / "narrow", max_sheets=2))
    (folder / "narrow").mkdir()
    yield conductor.start()
    conductor.end()


def named(workspace: Path, *commands: str, **top: Any) -> str:
    """A score of sheets that run one after another."""
    sheets = [{"run": command} for command in commands]
    return json.dumps({"name": "fault", "workspace": str(workspace), "sheets": sheets, **top})


def numbered(workspace: Path, template: str, items: int = 1, *, sheet: Any = None, **top: Any) -> str:
    """A score in the form of the Marianne conductor, without its waits."""
    score = {
        "name": "fault",
        "workspace": str(workspace),
        "instrument": "cli",
        "sheet": {"size": 1, "total_items": items, **(sheet or {})},
        "prompt": {"template": template},
        "pause_between_sheets_seconds": 0,
        "retry": {"max_retries": 0},
    }
    return json.dumps({**score, **top})


def told(conductor: Conductor, method: str, **params: Any) -> Any:
    return ask(conductor.settings.socket, method, params)


def jobs_total(conductor: Conductor) -> int:
    total: int = told(conductor, "daemon.status")["jobs_total"]
    return total


def refused(conductor: Conductor, score: str, **params: Any) -> dict[str, Any]:
    """Submit a score that must be rejected, and see that nothing of it is stored."""
    before = jobs_total(conductor)
    reply: dict[str, Any] = told(conductor, "job.submit", config_content=score, **params)
    assert reply["status"] == "rejected", reply
    assert jobs_total(conductor) == before
    return reply


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
    peer.settimeout(10)
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
            assert told(conductor, "daemon.shutdown", graceful=True) == {"shutting_down": True}
        conductor.await_death(10)


def test_b10_a_stop_waits_for_no_paused_job_and_leaves_it_paused(conductor: Conductor, tmp_path: Path) -> None:
    score = named(tmp_path, OWN_GATE, "touch second")
    job_id = paused_midway(conductor, tmp_path, config_content=score)
    assert conductor.stop(seconds=10) == 0
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


@pytest.mark.parametrize("template", ["{{ nowhere }}", "{{ broken", "{% if %}", "{{ sheet_num.nothing.more }}"])
def test_b13_a_template_that_cannot_be_filled_in_is_refused(shared: Conductor, tmp_path: Path, template: str) -> None:
    for score in (numbered(tmp_path / "ws", template), named(tmp_path / "ws", template)):
        reply = refused(shared, score)
        assert reply["code"] == "SCORE_INVALID"
        assert reply["problems"][0]["line"] == 1
    assert not (tmp_path / "ws").exists()


def test_b14_a_circle_of_dependencies_is_refused(shared: Conductor, tmp_path: Path) -> None:
    circle = numbered(tmp_path / "ws", "true", 3, sheet={"dependencies": {"1": [3], "2": [1], "3": [2]}})
    sheets = [{"name": "a", "run": "true", "needs": ["b"]}, {"name": "b", "run": "true", "needs": ["a"]}]
    for score in (circle, named(tmp_path / "ws", sheets=sheets)):
        reply = refused(shared, score)
        assert reply["code"] == "SCORE_INVALID"
        assert "wait for each other" in reply["message"]
        assert told(shared, "job.validate", config_content=score)["valid"] is False
    assert not (tmp_path / "ws").exists()


SLEEPS = "exec sleep 600"
LIMIT = {"timeout_seconds": 0.3}
LIMITED: dict[str, dict[str, Any]] = {
    "instrument": {"instrument_config": LIMIT},
    "backend": {"backend": LIMIT},
    "alias": {"instruments": {"mine": {"profile": "cli", "config": LIMIT}}, "instrument": "mine"},
    "one_sheet": {"sheet": {"per_sheet_instrument_config": {"1": LIMIT}}},
    "profile": {"instrument": "hasty"},
}


@pytest.mark.parametrize("limited", LIMITED)
def test_b15_each_way_to_limit_the_time_of_a_sheet_works(shared: Conductor, tmp_path: Path, limited: str) -> None:
    job_id = submit(shared, numbered(tmp_path, SLEEPS, **LIMITED[limited]))
    assert "time limit of 0.3 s" in until(shared, job_id, "failed")["reason"]


def test_b15_a_named_sheet_is_limited_by_itself_or_by_its_instruments_profile(
    shared: Conductor, tmp_path: Path
) -> None:
    for sheet in ({"run": SLEEPS, **LIMIT}, {"prompt": SLEEPS, "instrument": "hasty"}):
        job_id = submit(shared, named(tmp_path, sheets=[sheet]))
        assert "time limit of 0.3 s" in until(shared, job_id, "failed")["reason"]


def test_b15_what_the_score_says_goes_before_the_profile(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, "sleep 0.4", instrument="hasty", backend={"timeout_seconds": 60}))
    assert until(shared, job_id, "completed", "failed")["status"] == "completed"


def test_b16_start_sheet_is_where_the_job_begins(shared: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared, numbered(tmp_path, "touch {{ sheet_num }}", 3), start_sheet=2)
    until(shared, job_id, "completed")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2", "3"]


@pytest.mark.parametrize("start", [0, -3, 99, "nowhere"])
def test_b16_a_start_sheet_that_does_not_exist_is_refused(shared: Conductor, tmp_path: Path, start: int | str) -> None:
    reply = refused(shared, numbered(tmp_path / "ws", "true", 3), start_sheet=start)
    assert reply["code"] == "INVALID_ARGUMENTS"
    assert not (tmp_path / "ws").exists()


def test_b16_a_fresh_submit_is_a_run_of_its_own(shared: Conductor, tmp_path: Path) -> None:
    path = tmp_path / "fresh.yaml"
    path.write_text(numbered(tmp_path / "ws", "echo x >> ran"))
    for fresh in (False, True):
        job_id = told(shared, "job.submit", config_path=str(path), fresh=fresh)["job_id"]
        until(shared, job_id, "completed")
    assert (tmp_path / "ws" / "ran").read_text() == "x\nx\n"


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_b16_max_retries_counts_the_attempts_after_the_first_and_each_waits(
    shared: Conductor, tmp_path: Path, retries: int
) -> None:
    retry = {"max_retries": retries, "base_delay_seconds": 0.2, "exponential_base": 1, "jitter": False}
    job_id = submit(shared, numbered(tmp_path, "date +%s%N >> at; false", retry=retry))
    until(shared, job_id, "failed")
    moments = [int(line) / 1e9 for line in (tmp_path / "at").read_text().split()]
    assert len(moments) == retries + 1
    assert all(later - earlier >= 0.2 for earlier, later in zip(moments, moments[1:], strict=False))


def test_b16_max_completion_attempts_is_refused_with_its_place(shared: Conductor, tmp_path: Path) -> None:
    reply = refused(shared, numbered(tmp_path, "true", retry={"max_completion_attempts": 2}))
    assert reply["problems"][0]["field"] == "retry.max_completion_attempts"


def test_b16_sheets_are_skipped_by_condition_and_by_command(shared: Conductor, tmp_path: Path) -> None:
    skips = {"skip_when": {"1": "sheet_num == 1"}, "skip_when_command": {"2": {"command": "true"}}}
    job_id = submit(shared, numbered(tmp_path, "touch {{ sheet_num }}", 3, sheet=skips))
    assert until(shared, job_id, "completed", "failed")["sheets_skipped"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["3"]


def test_b16_a_condition_sees_what_became_of_earlier_sheets(shared: Conductor, tmp_path: Path) -> None:
    sheets = [
        {"name": "a", "run": "touch a", "skip_when_command": {"command": "true"}},
        {"name": "b", "run": "touch b", "skip_when": 'statuses["a"] == "skipped"'},
        {"name": "c", "run": "touch c", "skip_when": 'statuses["b"] == "completed"'},
    ]
    job_id = submit(shared, named(tmp_path, sheets=sheets))
    until(shared, job_id, "completed", "failed")
    found = sheets_of(shared, job_id)
    assert {name: sheet["status"] for name, sheet in found.items()} == {"a": "skipped", "b": "skipped", "c": "completed"}
    assert [found[name]["reason"] for name in "ab"] == ["its skip command said so", "its skip_when holds"]
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_b16_no_more_sheets_run_at_once_than_parallel_says(shared: Conductor, tmp_path: Path) -> None:
    free = {"dependencies": {"5": [1, 2, 3, 4]}}  # 1 to 4 need nothing
    counted = "mkdir in-{{ sheet_num }}; ls -d in-* | wc -l >> seen; sleep 0.1; rmdir in-{{ sheet_num }}"
    for limit, parallel in ((1, {"enabled": False}), (2, {"enabled": True, "max_concurrent": 2})):
        workspace = tmp_path / str(limit)
        until(shared, submit(shared, numbered(workspace, counted, 5, sheet=free, parallel=parallel)), "completed")
        assert max(map(int, (workspace / "seen").read_text().split())) == limit


def test_b16_a_sheet_is_told_its_own_items(shared: Conductor, tmp_path: Path) -> None:
    score = numbered(tmp_path, "echo {{ start_item }}-{{ end_item }} >> items", 7, sheet={"size": 2, "start_item": 3})
    until(shared, submit(shared, score), "completed")
    assert (tmp_path / "items").read_text().split() == ["3-4", "5-6", "7-7"]


def test_b17_output_exit_code_and_validations_reach_the_state(shared: Conductor, tmp_path: Path) -> None:
    rules = [{"type": "file_exists", "path": "made", "retry_count": 0}]
    runs = "echo out; echo err >&2; {% if sheet_num == 1 %}touch other{% else %}exit 3{% endif %}"
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
    with pytest.raises(RuntimeError, match="-32601"):
        told(shared, "job.recover", job_id=job_id)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_b18_self_healing_that_is_not_there_is_refused_by_name(shared: Conductor, tmp_path: Path) -> None:
    reply = refused(shared, numbered(tmp_path / "ws", "false"), self_healing=True)
    assert reply["code"] == "INVALID_ARGUMENTS"
    assert "self_healing" in reply["message"]
    assert not (tmp_path / "ws").exists()


def test_b19_what_waits_says_until_when_and_limits_that_are_not_kept_are_not_reported(
    shared: Conductor, tmp_path: Path
) -> None:
    retry = {"max_retries": 1, "base_delay_seconds": 600, "jitter": False}
    job_id = submit(shared, numbered(tmp_path, "echo 'rate limit exceeded' >&2; exit 1", retry=retry))
    holds(lambda: sheets_of(shared, job_id)["1"]["status"] == "waiting")
    view = told(shared, "job.status", job_id=job_id)["podium"]
    assert view["waiting"] == ["1"]
    assert "retry 1 of 1" in view["reason"]
    for method in ("daemon.rate_limits", "daemon.clear_rate_limits"):
        with pytest.raises(RuntimeError, match="-32601"):
            told(shared, method)
    assert told(shared, "job.cancel", job_id=job_id)["cancelled"]


def test_b20_failures_of_some_jobs_hold_up_no_other_job(narrow: Conductor, tmp_path: Path) -> None:
    retry = {"max_retries": 1, "base_delay_seconds": 600, "jitter": False}
    waiting = [submit(narrow, numbered(tmp_path, "false", retry=retry)) for _ in range(3)]
    failing = [submit(narrow, numbered(tmp_path, "false")) for _ in range(6)]
    for job_id in failing:
        until(narrow, job_id, "failed")
    other = submit(narrow, numbered(tmp_path, "true", 2))
    assert until(narrow, other, "completed", "failed")["status"] == "completed"
    for job_id in waiting:
        assert until(narrow, job_id, "running")["waiting"] == ["1"]
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


def test_the_shared_conductors_end_with_nothing_running(shared: Conductor, narrow: Conductor) -> None:
    for conductor in (shared, narrow):
        assert told(conductor, "daemon.status")["running_sheets"] == 0
