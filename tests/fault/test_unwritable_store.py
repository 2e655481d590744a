"""While the conductor's store cannot be written, callers are told what is so, and a cancel still ends processes."""

import os
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from podium.cli.commands.stop import stop
from podium.home import DATABASE
from podium.settings import Settings
from tests.support import podium_home
from tests.support.jobs import check_history, submit, until, wait_for_file
from tests.support.podium_home import Conductor, ask


@pytest.fixture
def running(home: Settings) -> Iterator[Conductor]:
    """A conductor whose disk a test takes away."""
    conductor = Conductor(home)
    conductor.start()
    yield conductor
    conductor.end()


@contextmanager
def no_room(conductor: Conductor) -> Iterator[None]:
    """Let no file of the conductor grow any more, as on a full disk; its running sheets are not affected."""
    before = resource.prlimit(conductor.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(conductor.pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.prlimit(conductor.pid, resource.RLIMIT_FSIZE, before)


def call(conductor: Conductor, method: str, **params: Any) -> Any:
    return ask(conductor.settings.socket, method, params, seconds=30)


def answer_of(conductor: Conductor, method: str, **params: Any) -> str:
    """Return the whole answer, or the whole error."""
    try:
        return str(call(conductor, method, **params))
    except RuntimeError as error:
        return str(error)


def view_of(conductor: Conductor, job_id: str) -> dict[str, Any]:
    view: dict[str, Any] = call(conductor, "job.status", job_id=job_id, sheets=False)["podium"]
    return view


def trouble_of(conductor: Conductor) -> str | None:
    """Return what the conductor says of its store; None while its socket is away, which comes back within seconds."""
    try:
        return str(call(conductor, "daemon.status")["store_trouble"])
    except OSError:
        return None


def test_a_sheet_that_ends_on_a_full_disk_is_shown_as_ended_and_not_yet_stored(
    running: Conductor, tmp_path: Path
) -> None:
    score = "name: ends\nsheets:\n  - {name: one, run: 'touch begun; until [ -e go ]; do sleep 0.1; done'}\n"
    job_id = submit(running, score, workspace=str(tmp_path))
    wait_for_file(tmp_path / "begun")
    with no_room(running):
        (tmp_path / "go").touch()
        podium_home.until(lambda: "has ended" in view_of(running, job_id)["reason"])
        view = view_of(running, job_id)
        assert view["running"] == []
        assert view["reason"].startswith("sheet one has ended (successfully); not stored yet: The conductor's disk ")
        [listed] = call(running, "job.list", limit=5)["jobs"]
        assert "not stored yet" in listed["podium"]["reason"]
        page = call(running, "job.status", job_id=job_id, sheets=False, sheets_limit=5)
        [sheet] = page["podium_sheets"]
        assert (sheet["status"], sheet["exit_code"]) == ("completed", 0)
        assert "not stored yet" in sheet["reason"]
        explained = call(running, "job.explain", job_id=job_id)
        assert "not stored yet" in explained["job"]["reason"]
        assert explained["kind"] != "running"
        assert call(running, "job.health", job_id=job_id)["process_exists"] is False
        trouble = call(running, "daemon.status")["store_trouble"]
        assert "disk" in trouble
        assert "(since 20" in trouble
    assert until(running, job_id, "completed", "failed")["status"] == "completed"
    podium_home.until(lambda: call(running, "daemon.status")["store_trouble"] == "")
    check_history(running, job_id)


def test_a_cancel_ends_the_job_that_fills_the_disk_and_is_stored_when_there_is_room(
    running: Conductor, tmp_path: Path
) -> None:
    score = "name: fills\nsheets:\n  - {name: one, run: 'touch begun; sleep 600'}\n  - {name: two, run: touch second}\n"
    job_id = submit(running, score, workspace=str(tmp_path))
    wait_for_file(tmp_path / "begun")
    with no_room(running):
        reply = call(running, "job.cancel", job_id=job_id)
        assert (reply["cancelled"], reply["pending"], reply["unstored"]) == (True, True, True)
        assert "are being terminated (one), but the cancel is not stored yet" in reply["message"]
        podium_home.until(lambda: view_of(running, job_id)["running"] == [])
        view = view_of(running, job_id)
        assert view["cancel_requested"] is True
        assert "sheet one has ended (ended because the job was cancelled); cancelled; not stored yet" in view["reason"]
    assert until(running, job_id, "completed", "failed", "cancelled")["status"] == "cancelled"
    assert not (tmp_path / "second").exists()
    check_history(running, job_id)


FAILING_DISK = """\
import os, sqlite3, sys
if "podium" in sys.orig_argv:
    class Failing(sqlite3.Connection):
        def execute(self, statement, *values):
            if os.path.exists({file!r}) and statement.split()[0] in open({file!r}).read().split():
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode, error.sqlite_errorname = 778, "SQLITE_IOERR_WRITE"
                raise error
            return super().execute(statement, *values)
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **given: connect(*args, factory=Failing, **given)
"""


@pytest.mark.parametrize("failing", ["COMMIT", "COMMIT ROLLBACK", "COMMIT ROLLBACK SELECT"])
def test_a_disk_that_fails_while_a_failed_commit_is_undone_is_trouble_that_may_pass(
    home: Settings, tmp_path: Path, failing: str
) -> None:
    file = tmp_path / "failing"
    (tmp_path / "sitecustomize.py").write_text(FAILING_DISK.format(file=str(file)))
    running = Conductor(home).start(PYTHONPATH=str(tmp_path))
    try:
        score = "name: ends\nsheets:\n  - {name: one, run: 'touch begun; until [ -e go ]; do sleep 0.1; done'}\n"
        job_id = submit(running, score, workspace=str(tmp_path))
        wait_for_file(tmp_path / "begun")
        (tmp_path / "new").write_text(failing)
        (tmp_path / "new").rename(file)
        for _ in range(2):
            assert "STORAGE_FULL" in answer_of(running, "job.pause", job_id=job_id)
        (tmp_path / "go").touch()
        podium_home.until(lambda: "reports an error: disk I/O error" in call(running, "daemon.health")["store_trouble"])
        assert "STORAGE_FULL" in answer_of(running, "job.pause", job_id=job_id)
        assert running.process is not None
        assert running.process.poll() is None
        file.unlink()
        podium_home.until(lambda: trouble_of(running) == "")
        assert until(running, job_id, "completed", "failed")["status"] == "completed"
        check_history(running, job_id)
        assert "Traceback" not in running.log.read_text()
    finally:
        running.end()


def test_trouble_that_only_a_refused_call_has_met_ends_by_itself(running: Conductor) -> None:
    with no_room(running):
        refused = call(running, "job.submit", config_content="name: refused\nsheets: [{run: 'true'}]\n")
        assert refused["code"] == "STORAGE_FULL"
        assert call(running, "daemon.health")["store_trouble"]
    podium_home.until(lambda: call(running, "daemon.health")["store_trouble"] == "")


@pytest.mark.parametrize("change", ["removed", "replaced", "home moved"])
def test_a_database_that_leaves_its_place_is_noticed_and_nothing_more_is_acknowledged(
    running: Conductor, tmp_path: Path, change: str
) -> None:
    script = "touch begun; until [ -e over ]; do sleep 0.1; done"
    job_id = submit(running, f"name: goes-on\nsheets: [{{run: '{script}'}}]\n", workspace=str(tmp_path))
    wait_for_file(tmp_path / "begun")
    database, home = running.settings.home / DATABASE, running.settings.home
    if change == "removed":
        database.unlink()
    elif change == "replaced":
        shutil.copy(database, tmp_path / "copy")
        (tmp_path / "copy").replace(database)
    else:
        home.rename(home.with_name("elsewhere"))
    podium_home.until(lambda: "while the conductor was using it" in (trouble_of(running) or ""))
    for method in ("job.status", "job.cancel", "job.pause", "job.explain"):
        with pytest.raises(RuntimeError, match=r"STORE_GONE.*podium stop"):
            call(running, method, job_id=job_id)
    with pytest.raises(RuntimeError, match="STORE_GONE"):
        call(running, "job.submit", config_content="name: refused\nsheets: [{run: 'true'}]\n")
    (tmp_path / "over").touch()  # no conductor is left that could end it


def test_a_home_that_is_put_back_is_used_again(running: Conductor) -> None:
    home, away = running.settings.home, running.settings.home.with_name("away")
    home.rename(away)
    podium_home.until(lambda: trouble_of(running))
    os.kill(running.pid, signal.SIGSTOP)  # it may just be making its socket there
    shutil.rmtree(home)
    away.rename(home)
    os.kill(running.pid, signal.SIGCONT)
    podium_home.until(lambda: trouble_of(running) == "")
    assert until(running, submit(running, "name: goes-on\nsheets: [{run: 'true'}]\n"), "completed")


def test_a_stop_that_cannot_record_what_it_ended_says_so(running: Conductor, tmp_path: Path) -> None:
    job_id = submit(
        running, "name: ends\nsheets: [{name: one, run: 'touch begun; sleep 600'}]\n", workspace=str(tmp_path)
    )
    wait_for_file(tmp_path / "begun")
    with no_room(running):
        stopped = stop(running.settings, cancel=True)
    assert stopped.running == 1
    assert stopped.unstored == [f"sheet one of {job_id} (ended because the job was cancelled)"]
    assert "disk" in stopped.trouble
    running.end()
    running.start()
    assert until(running, job_id, "completed", "failed", "cancelled", "running", "queued")
