"""What clients of the Marianne conductor watch: the events, as a list and as a stream, and the processes."""

import json
import os
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.fault_jobs import named
from tests.support.jobs import submit, types_of, until, wait_for_file
from tests.support.marianne_client import MarianneClient, connected, exchanged
from tests.support.podium_home import Conductor
from tests.support.podium_home import until as holds
from tests.unit.conductor.service.marianne_recorded import EVENTS, REPLIES, misfits

GATE = "touch begun; until [ -e go ]; do sleep 0.1; done"


def subscribed(peer: socket.socket, number: int | None) -> None:
    """Ask for the stream, and see by the reply to a call on the same connection that it has begun, and that it has no reply."""
    request = {"jsonrpc": "2.0", "method": "daemon.monitor.stream", "id": number}
    peer.sendall(json.dumps(request).encode() + b"\n")
    assert exchanged(peer, 2, "daemon.health", None)["result"]["status"] == "ok"


def notified(peer: socket.socket, job_id: str, last: str) -> list[dict[str, Any]]:
    """Return the events of a job up to the one with this name."""
    found: list[dict[str, Any]] = []
    with peer.makefile("rb") as lines:
        for line in lines:
            told = json.loads(line)
            assert told.keys() == {"jsonrpc", "method", "params"}
            assert told["method"] == "monitor.event"
            assert misfits(told["params"], EVENTS) == []
            found += [told["params"]] if told["params"]["job_id"] == job_id else []
            if found and found[-1]["event"] == last:
                return found
    raise AssertionError(f"the stream ended before {last}")


@pytest.mark.parametrize("number", [99, None])
def test_the_stream_has_no_reply_and_tells_every_event_of_a_job(
    shared_conductor: Conductor, tmp_path: Path, number: int | None
) -> None:
    with connected(shared_conductor.settings.socket) as peer:
        subscribed(peer, number)
        job_id = submit(shared_conductor, named(tmp_path, "true", "false"))
        events = notified(peer, job_id, "job.failed")
    assert [event["event"] for event in events] == types_of(shared_conductor, job_id)
    assert [(event["event"], event["sheet_num"]) for event in events if "sheet." in event["event"]] == [
        ("sheet.started", 1), ("sheet.completed", 1), ("sheet.started", 2), ("sheet.failed", 2),
    ]  # fmt: skip
    assert all(event["sheet_num"] == 0 for event in events if "job." in event["event"])
    with MarianneClient(shared_conductor.settings.socket) as client:
        listed = client.result("daemon.events", {"limit": 1000})["events"]
    assert [event for event in listed if event["job_id"] == job_id] == events


def test_a_resumed_job_is_told_by_its_name_there(shared_conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared_conductor, named(tmp_path, "[ -e made ]"))
    until(shared_conductor, job_id, "failed")
    (tmp_path / "made").touch()
    with (
        connected(shared_conductor.settings.socket) as peer,
        MarianneClient(shared_conductor.settings.socket) as client,
    ):
        subscribed(peer, 1)
        client.result("job.resume", {"job_id": job_id, "workspace": "", "config_path": None, "no_reload": False})
        assert notified(peer, job_id, "job.completed")[0]["event"] == "job.resuming"


def test_streams_whose_client_is_gone_or_does_not_read_hold_up_nobody(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    """Five of them are as many as lock the other conductor for good."""
    with ExitStack() as open_ones:
        silent = [open_ones.enter_context(connected(shared_conductor.settings.socket)) for _ in range(10)]
        for peer in silent:
            subscribed(peer, 1)
        for peer in silent[:5]:
            peer.close()
        with connected(shared_conductor.settings.socket) as peer:
            subscribed(peer, 1)
            job_id = submit(shared_conductor, named(tmp_path, "true"))
            told = notified(peer, job_id, "job.completed")
        for peer in silent[5:]:
            assert notified(peer, job_id, "job.completed") == told


def test_the_list_of_events_ends_with_the_newest_and_has_fifty_of_them(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    for _ in range(12):
        job_id = submit(shared_conductor, named(tmp_path, "true"))
    until(shared_conductor, job_id, "completed")
    with MarianneClient(shared_conductor.settings.socket) as client:
        newest = client.result("daemon.events", {"limit": 1000})["events"]
        for limit, expected in ((None, newest[-50:]), (3, newest[-3:]), (1, newest[-1:]), (0, []), (-1, [])):
            assert client.result("daemon.events", {"limit": limit})["events"] == expected
        assert client.call("daemon.events", {"limit": "x"})["error"]["code"] == -32602
    assert newest == sorted(newest, key=lambda event: event["timestamp"])
    assert all(misfits(event, EVENTS) == [] for event in newest)


@pytest.mark.parametrize("params", [{}, {"job_id": None, "limit": None}, {"job_id": "nope", "limit": 2}, {"job_id": 7}])
def test_no_single_process_or_file_is_observed_and_that_is_said(
    shared_conductor: Conductor, params: dict[str, Any]
) -> None:
    with MarianneClient(shared_conductor.settings.socket) as client:
        assert client.result("daemon.observer_events", params) == {"events": [], "observed": False}


def test_the_snapshot_has_the_processes_of_running_sheets_and_how_far_their_jobs_are(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    job_id = submit(shared_conductor, named(tmp_path, "true", f"echo $$ > pid; {GATE}"))
    wait_for_file(tmp_path / "begun")
    pid = int((tmp_path / "pid").read_text())
    with MarianneClient(shared_conductor.settings.socket) as client:
        tops = []

        def has_it() -> bool:  # the sheet may have begun before the conductor was told its pid
            tops.append(client.result("daemon.top", {}))
            return pid in {each["pid"] for each in tops[-1]["processes"]}

        holds(has_it)
        top = tops[-1]
        (tmp_path / "go").touch()
        until(shared_conductor, job_id, "completed")
        after = client.result("daemon.top")
    assert misfits(top, [REPLIES["daemon.top"]]) == misfits(after, [REPLIES["daemon.top"]]) == []
    mine = {each["pid"]: each for each in top["processes"] if each["job_id"] == job_id}
    assert (mine[pid]["sheet_num"], "bash" in mine[pid]["command"]) == (2, True)
    assert mine[pid]["state"] in {psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING, psutil.STATUS_DISK_SLEEP}
    assert mine[pid]["rss_mb"] > 0
    assert mine[pid]["cpu_percent"] >= 0
    assert mine[pid]["ppid"] != os.getpid()
    progress = {"job_id": job_id, "status": "running", "progress_completed": 1, "progress_total": 2}
    assert progress in top["job_progress"]
    assert (top["running_jobs"], top["active_sheets"]) == (1, 1)
    assert (after["processes"], after["job_progress"], after["active_sheets"]) == ([], [], 0)
    assert top["daemon_pid"] == shared_conductor.pid


def test_the_command_of_a_process_is_shown_without_the_secrets_of_its_job(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    secret = "s3cr3t-" + "x" * 20
    command = f"bash -c '{GATE}' \"$API_TOKEN\""
    score = named(tmp_path, command, env={"API_TOKEN": secret})
    job_id = submit(shared_conductor, score)
    wait_for_file(tmp_path / "begun")
    with MarianneClient(shared_conductor.settings.socket) as client:
        shown = [each["command"] for each in client.result("daemon.top")["processes"] if each["job_id"] == job_id]
    (tmp_path / "go").touch()
    until(shared_conductor, job_id, "completed")
    assert any("sleep" in command or "begun" in command for command in shown)
    assert not any(secret in command for command in shown)


def test_the_command_of_a_process_is_shown_in_one_line(shared_conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared_conductor, named(tmp_path, f"bash -c $'true\\n: \\e[2J\\n{GATE}'"))
    wait_for_file(tmp_path / "begun")
    with MarianneClient(shared_conductor.settings.socket) as client:
        shown = [each["command"] for each in client.result("daemon.top")["processes"] if each["job_id"] == job_id]
    (tmp_path / "go").touch()
    until(shared_conductor, job_id, "completed")
    assert any(command.startswith("bash -c true :  [2J ") for command in shown)


def test_no_file_of_snapshots_is_named_since_there_is_none(shared_conductor: Conductor) -> None:
    with MarianneClient(shared_conductor.settings.socket) as client:
        reply = client.result("daemon.top.stream")
    assert reply.keys() == {"error"}
    assert "daemon.top" in reply["error"]
