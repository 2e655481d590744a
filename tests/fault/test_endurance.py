"""What users, their files and other programs do beside a conductor ends neither it nor the jobs that have no part in it."""

import json
import os
import resource
import signal
import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from podium.home import DATABASE
from podium.privacy.leftovers import OF_OURS
from podium.settings import Settings
from tests.support import podium_home
from tests.support.fault_jobs import named
from tests.support.jobs import check_history, submit, types_of, until, wait_for_file
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.scarce import limited

WAIT_FOR_GO = "touch begun; until [ -e go ]; do sleep 0.1; done"
OPEN_FILES = 256
FULL = Path("/dev/full")


@pytest.fixture
def stopped(home: Settings) -> Iterator[Conductor]:
    """A conductor that a test starts itself, perhaps several times."""
    running = Conductor(home)
    yield running
    running.end()


def has_run_on(conductor: Conductor, pid: int) -> bool:
    """Whether the conductor is the process that it was, and answers."""
    return bool(ask(conductor.settings.socket, "daemon.health")["pid"] == pid)


@pytest.mark.parametrize(
    "sheet",
    [
        {"run": "true", "validate": [{"file_exists": f"{'a' * 300}/x"}]},
        {"run": f"echo 'cat: /{'b' * 290}/x: No such file or directory'; exit 1"},
    ],
    ids=["validated", "printed"],
)
def test_a_path_that_no_file_can_have_fails_its_sheet_only(
    stopped: Conductor, tmp_path: Path, sheet: dict[str, object]
) -> None:
    stopped.start()
    pid = stopped.pid
    score = json.dumps({"name": "long", "workspace": str(tmp_path), "sheets": [sheet]})
    job_id = submit(stopped, score, self_healing=True)
    reason = until(stopped, job_id, "failed")["reason"]
    assert "the script itself failed" in reason
    assert has_run_on(stopped, pid)
    stopped.kill()
    stopped.start()
    assert until(stopped, job_id, "failed")["reason"] == reason
    check_history(stopped, job_id)


def test_a_removed_log_of_an_earlier_sheet_is_an_empty_text_to_a_later_one(stopped: Conductor, tmp_path: Path) -> None:
    third = "printf '%s' '[{{ previous_outputs[1] }}][{{ previous_outputs[2] }}]' >seen"
    score = named(tmp_path, "echo one", f"{WAIT_FOR_GO}; echo two", third, cross_sheet={"auto_capture_stdout": True})
    stopped.start()
    job_id = submit(stopped, score)
    wait_for_file(tmp_path / "begun")
    (stopped.settings.home / "jobs" / job_id / "1" / "stdout.log").unlink()
    (tmp_path / "go").touch()
    assert until(stopped, job_id, "completed", "failed")["status"] == "completed"
    assert (tmp_path / "seen").read_text() == "[][two]"


def test_a_stop_that_cancels_ends_every_job_though_some_end_by_themselves_meanwhile(short_tmp: Path) -> None:
    conductor = Conductor(make_home(short_tmp, max_sheets=200)).start()
    try:
        lengths = [1.2 + 0.9 * number / 79 for number in range(80)]
        with ThreadPoolExecutor(8) as threads:
            jobs = list(threads.map(lambda length: submit(conductor, _sleep(short_tmp, length)), lengths))
        until(conductor, jobs[0], "completed")
        assert conductor.stop(cancel=True, seconds=60) == 0
        conductor.start()
        for job_id in jobs:
            until(conductor, job_id, "completed", "cancelled")
    finally:
        conductor.end()


def _sleep(folder: Path, seconds: float) -> str:
    return named(folder / "ws", f"sleep {seconds:.2f}")


def test_a_database_that_another_program_holds_is_waited_for_and_nothing_is_lost(
    stopped: Conductor, tmp_path: Path
) -> None:
    stopped.start()
    pid, home = stopped.pid, stopped.settings.home
    job_id = submit(stopped, named(tmp_path, WAIT_FOR_GO, "true"))
    wait_for_file(tmp_path / "begun")
    with closing(sqlite3.connect(home / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (tmp_path / "go").touch()
        refused = ask(stopped.settings.socket, "job.submit", {"config_content": named(tmp_path, "true")}, seconds=30)
        assert refused["status"] == "rejected"
        assert refused["code"] == "STORAGE_FULL"
        assert "cannot be written to right now: database is locked" in refused["message"]
        other.execute("ROLLBACK")
    assert until(stopped, job_id, "completed", "failed")["status"] == "completed"
    check_history(stopped, job_id)
    assert has_run_on(stopped, pid)
    assert until(stopped, submit(stopped, named(tmp_path, "true")), "completed")


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")
def test_a_log_that_cannot_be_written_ends_nothing(stopped: Conductor, tmp_path: Path) -> None:
    stopped.log = FULL
    stopped.start(PODIUM_LOG_LEVEL="debug")
    assert until(stopped, submit(stopped, named(tmp_path, "true")), "completed")
    assert stopped.stop() == 0


def test_a_crowd_that_wants_every_descriptor_leaves_enough_for_the_jobs(short_tmp: Path) -> None:
    conductor = Conductor(make_home(short_tmp, stuck_seconds=1))
    with limited(resource.RLIMIT_NOFILE, OPEN_FILES):
        conductor.launch()
    try:
        podium_home.until(conductor.answers)
        pid = conductor.pid
        job_id = submit(conductor, named(short_tmp / "ws", WAIT_FOR_GO, *["true"] * 5))
        wait_for_file(short_tmp / "ws" / "begun")
        with ExitStack() as crowd:
            for _ in range(OPEN_FILES + 60):
                crowd.enter_context(_idle(conductor.settings.socket))
            podium_home.until(lambda: "connection_turned_away" in conductor.log.read_text())
            (short_tmp / "ws" / "go").touch()
            podium_home.until(lambda: _stored_status(conductor, job_id) == "completed")
        podium_home.until(lambda: _serves(conductor))
        assert has_run_on(conductor, pid)
        assert "sheet.failed" not in types_of(conductor, job_id)
    finally:
        conductor.end()


def _idle(path: Path) -> socket.socket:
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(str(path))
    return peer


def _serves(conductor: Conductor) -> bool:
    """Whether a new connection is answered, rather than turned away."""
    try:
        return conductor.answers()
    except RuntimeError:
        return False


def _stored_status(conductor: Conductor, job_id: str) -> str:
    """Return a job's status from the disk: no connection is to be had."""
    with closing(sqlite3.connect(f"file:{conductor.settings.home / DATABASE}?mode=ro", uri=True)) as db:
        return str(db.execute("SELECT status FROM jobs WHERE job_id = ?", (job_id,)).fetchone()[0])


def test_a_socket_that_cannot_be_made_again_is_tried_until_it_can(short_tmp: Path, tmp_path: Path) -> None:
    place = short_tmp / "place"
    conductor = Conductor(make_home(short_tmp, socket=place / "s")).start()
    try:
        pid = conductor.pid
        job_id = submit(conductor, named(tmp_path, WAIT_FOR_GO, "true"))
        wait_for_file(tmp_path / "begun")
        os.kill(pid, signal.SIGSTOP)  # it would make the socket again between two of these
        (place / "s").unlink()
        place.rmdir()
        place.write_text("mine")
        os.kill(pid, signal.SIGCONT)
        podium_home.until(lambda: "socket_cannot_be_made" in conductor.log.read_text())
        (tmp_path / "go").touch()
        podium_home.until(lambda: _stored_status(conductor, job_id) == "completed")
        assert place.read_text() == "mine"
        place.unlink()
        podium_home.until(conductor.answers)
        assert has_run_on(conductor, pid)
        assert conductor.log.read_text().count("socket_cannot_be_made") == 1
    finally:
        conductor.end()


def test_another_conductor_on_the_lost_socket_is_left_there(short_tmp: Path) -> None:
    path = short_tmp / "s"
    conductor = Conductor(make_home(short_tmp, socket=path)).start()
    try:
        pid = conductor.pid
        path.unlink()
        # Bound before the first one looks: its name is moved to the place of the socket in one step.
        with closing(socket.socket(socket.AF_UNIX)) as stand_in:
            stand_in.bind(str(short_tmp / "other"))
            (short_tmp / "other").chmod(OF_OURS)
            stand_in.listen()
            (short_tmp / "other").rename(path)
            podium_home.until(lambda: f"another conductor is listening on {path}" in conductor.log.read_text())
        podium_home.until(conductor.answers)
        assert has_run_on(conductor, pid)
    finally:
        conductor.end()


def test_a_file_in_the_place_of_the_socket_is_kept_and_the_start_refused(stopped: Conductor) -> None:
    stopped.settings.socket.parent.mkdir(parents=True)
    stopped.settings.socket.write_text("precious")
    stopped.launch()
    stopped.await_death()
    log = stopped.log.read_text()
    assert f"{stopped.settings.socket} exists but is not a socket" in log
    assert "conductor_ready" not in log
    assert stopped.settings.socket.read_text() == "precious"


def test_a_start_that_cannot_listen_runs_nothing(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start(PODIUM_MAX_SHEETS="1")
    first = submit(stopped, named(tmp_path, WAIT_FOR_GO))
    queued = submit(stopped, named(tmp_path, "touch ran"))
    wait_for_file(tmp_path / "begun")
    stopped.kill()
    stopped.settings.socket.unlink()
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(stopped.settings.socket))
        stopped.settings.socket.chmod(OF_OURS)
        other.listen()
        (tmp_path / "go").touch()
        stopped.launch()
        stopped.await_death()
    log = stopped.log.read_text()
    assert f"listens on {stopped.settings.socket} and does not say who it is" in log
    assert log.count("conductor_ready") == 1
    assert not (tmp_path / "ran").exists()
    stopped.start()
    assert until(stopped, first, "completed")
    assert until(stopped, queued, "completed")
