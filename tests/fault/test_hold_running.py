"""A pause that suspends what runs, with a real conductor: nothing is lost or begun again, whoever dies, and whatever comes next."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.jobs import check_history, events_of, sheets_of, submit, until, wait_for_file
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as until_so
from tests.support.ticking import TICK, goes_on, stands_still

COUNTS = f"echo $$ >>pids; while [ ! -e go ]; do {TICK}; done"


@pytest.fixture
def home(short_tmp: Path) -> Settings:
    """Return a home whose pauses suspend, with one slot."""
    return make_home(short_tmp, hold_running=True, max_sheets=1)


@pytest.fixture
def stopped(home: Settings) -> Iterator[Conductor]:
    """A conductor that a test starts itself, several times."""
    conductor = Conductor(home)
    yield conductor
    conductor.end()


def score(workspace: Path, *more: str, run: str = COUNTS) -> str:
    lines = [
        "name: counting",
        f"workspace: {workspace}",
        "sheets:",
        f'  - {{name: count, needs: [], run: "{run}"}}',
        *more,
    ]
    return "\n".join(lines) + "\n"


def begun(conductor: Conductor, workspace: Path, text: str) -> str:
    """Submit a score, and return the job's id when it counts."""
    job_id = submit(conductor, text)
    goes_on(workspace)
    return job_id


def pause(conductor: Conductor, job_id: str) -> None:
    reply = ask(conductor.settings.socket, "job.pause", {"job_id": job_id})
    assert reply["paused"]
    assert "are suspended" in reply["message"]


def resume(conductor: Conductor, job_id: str) -> None:
    assert ask(conductor.settings.socket, "job.resume", {"job_id": job_id})["status"] == "accepted"


def finish(conductor: Conductor, workspace: Path, job_id: str) -> None:
    """Let the job end, and see that its counter was one process all the time."""
    (workspace / "go").touch()
    assert until(conductor, job_id, "completed", "failed")["status"] == "completed"
    assert len((workspace / "pids").read_text().split()) == 1
    assert sheets_of(conductor, job_id)["count"]["attempts"] == 1
    check_history(conductor, job_id)


def test_a_pause_stops_what_runs_and_a_resume_lets_the_same_process_go_on(conductor: Conductor, tmp_path: Path) -> None:
    job_id = begun(conductor, tmp_path, score(tmp_path))
    pause(conductor, job_id)
    view = until(conductor, job_id, "paused")
    stands_still(tmp_path)
    assert (view["running"], view["suspended"], view["pause_requested"]) == ([], ["count"], False)
    assert view["reason"] == "paused on request; sheet count is suspended and goes on with resume_job"
    sheet = sheets_of(conductor, job_id)["count"]
    assert (sheet["status"], sheet["reason"]) == ("running", "suspended by the pause")
    other = submit(conductor, "name: other\nsheets:\n  - {name: one, run: 'true'}\n")
    until(conductor, other, "completed")  # in the only slot, which is free
    resume(conductor, job_id)
    goes_on(tmp_path)
    assert ask(conductor.settings.socket, "job.status", {"job_id": job_id})["podium"]["running"] == ["count"]
    told = {event["type"]: event["data"] for event in events_of(conductor, job_id)}
    assert told["job.paused"]["suspended"] == told["job.resumed"]["continued"] == ["count"]
    finish(conductor, tmp_path, job_id)


def test_the_end_of_a_time_limit_that_is_told_is_later_by_the_pause(conductor: Conductor, tmp_path: Path) -> None:
    job_id = begun(conductor, tmp_path, score(tmp_path).replace("needs: []", "needs: [], timeout_seconds: 1000"))
    before = _ends_at(conductor, job_id)
    pause(conductor, job_id)
    until(conductor, job_id, "paused")
    assert ask(conductor.settings.socket, "job.explain", {"job_id": job_id})["waits_until"] == ""
    stands_still(tmp_path)
    resume(conductor, job_id)
    goes_on(tmp_path)
    after = _ends_at(conductor, job_id)
    assert timedelta(0) < after - before < timedelta(seconds=500)
    finish(conductor, tmp_path, job_id)


def test_the_next_conductor_finds_a_killed_ones_job_paused_and_suspended(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start()
    job_id = begun(stopped, tmp_path, score(tmp_path))
    pause(stopped, job_id)
    until(stopped, job_id, "paused")
    stopped.kill()
    stands_still(tmp_path)
    stopped.start()
    assert until(stopped, job_id, "paused")["suspended"] == ["count"]
    stands_still(tmp_path)
    resume(stopped, job_id)
    goes_on(tmp_path)
    finish(stopped, tmp_path, job_id)


@pytest.mark.parametrize("point", ["before_suspension", "after_suspension", "before_commit", "after_commit"])
def test_a_pause_that_was_acknowledged_suspends_over_a_crash_at_any_moment(
    stopped: Conductor, tmp_path: Path, point: str
) -> None:
    stopped.start()
    job_id = begun(stopped, tmp_path, score(tmp_path))
    stopped.kill()
    # The first commit after the recovery is the one of the pause, the second one says that the sheet is suspended.
    stopped.start(PODIUM_FAULT=f"{point}:{2 if 'commit' in point else 1}")
    with suppress(OSError):
        ask(stopped.settings.socket, "job.pause", {"job_id": job_id})
    stopped.await_death()
    stopped.start()
    assert until(stopped, job_id, "paused")["suspended"] == ["count"]
    stands_still(tmp_path)
    resume(stopped, job_id)
    goes_on(tmp_path)
    finish(stopped, tmp_path, job_id)


@pytest.mark.parametrize("point", ["after_commit", "before_continuation", "after_continuation"])
def test_a_resume_that_was_acknowledged_lets_go_on_over_a_crash_at_any_moment(
    stopped: Conductor, tmp_path: Path, point: str
) -> None:
    stopped.start()
    job_id = begun(stopped, tmp_path, score(tmp_path))
    pause(stopped, job_id)
    until(stopped, job_id, "paused")
    stopped.kill()
    stopped.start(PODIUM_FAULT=f"{point}:1")
    with suppress(OSError):
        ask(stopped.settings.socket, "job.resume", {"job_id": job_id})
    stopped.await_death()
    stopped.start()
    assert until(stopped, job_id, "running")["suspended"] == []
    goes_on(tmp_path)
    finish(stopped, tmp_path, job_id)


def test_a_cancel_lets_the_trap_of_a_suspended_sheet_run(conductor: Conductor, tmp_path: Path) -> None:
    trapping = f"trap 'touch trapped; exit 1' TERM; while :; do {TICK}; done"
    job_id = begun(conductor, tmp_path, score(tmp_path, run=trapping))
    pause(conductor, job_id)
    until(conductor, job_id, "paused")
    assert ask(conductor.settings.socket, "job.cancel", {"job_id": job_id})["cancelled"]
    assert until(conductor, job_id, "cancelled")["suspended"] == []
    assert (tmp_path / "trapped").exists()
    assert sheets_of(conductor, job_id)["count"]["status"] == "cancelled"


def test_a_stop_with_cancel_ends_suspended_sheets_too(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start()
    job_id = begun(stopped, tmp_path, score(tmp_path))
    pause(stopped, job_id)
    until(stopped, job_id, "paused")
    pid = int((tmp_path / "pids").read_text())
    assert stopped.stop(cancel=True) == 0
    until_so(lambda: not Path(f"/proc/{pid}").exists())
    stopped.start()
    assert until(stopped, job_id, "cancelled")


def test_of_a_fan_what_cannot_be_suspended_is_let_end_and_the_rest_waits_with_it(
    short_tmp: Path, tmp_path: Path
) -> None:
    check = "{command_succeeds: 'touch judged; until [ -e pass ]; do sleep 0.01; done'}"
    judged = f'  - {{name: judged, needs: [], run: "true", validate: [{check}]}}'
    after = '  - {name: after, needs: [count, judged], run: "true"}'
    conductor = Conductor(make_home(short_tmp, hold_running=True)).start()
    try:
        job_id = begun(conductor, tmp_path, score(tmp_path, judged, after))
        wait_for_file(tmp_path / "judged")  # its processes have ended, so there is nothing to suspend
        pause(conductor, job_id)
        until_so(lambda: _view(conductor, job_id)["suspended"])
        view = _view(conductor, job_id)
        assert (view["status"], view["running"], view["suspended"]) == ("running", ["judged"], ["count"])
        assert view["reason"] == (
            "pause requested: waiting for judged to end; sheet count is suspended and goes on with resume_job"
        )
        stands_still(tmp_path)
        (tmp_path / "pass").touch()
        assert until(conductor, job_id, "paused")["suspended"] == ["count"]
        assert sheets_of(conductor, job_id)["judged"]["status"] == "completed"
        resume(conductor, job_id)
        finish(conductor, tmp_path, job_id)
    finally:
        conductor.end()


def test_a_suspended_sheet_that_somebody_kills_is_recorded_and_the_job_stays_paused(
    conductor: Conductor, tmp_path: Path
) -> None:
    after = '  - {name: after, needs: [], run: "true"}'
    job_id = begun(conductor, tmp_path, score(tmp_path, after))
    pause(conductor, job_id)
    until(conductor, job_id, "paused")
    os.kill(int((tmp_path / "pids").read_text()), signal.SIGKILL)
    until_so(lambda: not _view(conductor, job_id)["suspended"])
    sheet = sheets_of(conductor, job_id)["count"]
    assert (_view(conductor, job_id)["status"], sheet["status"], sheet["signal"]) == ("paused", "failed", 9)
    assert ask(conductor.settings.socket, "daemon.status")["running_sheets"] == 0
    resume(conductor, job_id)
    assert until(conductor, job_id, "failed")["sheets_completed"] == 1


def test_a_changed_score_lets_a_suspended_sheet_end_before_it_is_taken(conductor: Conductor, tmp_path: Path) -> None:
    job_id = begun(conductor, tmp_path, score(tmp_path))
    pause(conductor, job_id)
    until(conductor, job_id, "paused")
    changed = score(tmp_path, '  - {name: after, needs: [count], run: "true"}')
    reply = ask(conductor.settings.socket, "job.modify", {"job_id": job_id, "config_content": changed})
    assert (reply["status"], reply["pending"]) == ("accepted", True)
    goes_on(tmp_path)
    finish(conductor, tmp_path, job_id)
    assert sheets_of(conductor, job_id)["after"]["status"] == "completed"


def test_a_suspended_job_is_not_stuck_and_its_processes_are_not_stopped_by_somebody(
    short_tmp: Path, tmp_path: Path
) -> None:
    conductor = Conductor(make_home(short_tmp, hold_running=True, stuck_seconds=1.0)).start()
    try:
        job_id = begun(conductor, tmp_path, score(tmp_path))
        pause(conductor, job_id)
        until(conductor, job_id, "paused")
        idle = submit(conductor, "name: idle\nsheets:\n  - {name: one, run: 'sleep 1000'}\n")
        until_so(lambda: _view(conductor, idle)["stuck"])  # it has begun to be silent later
        assert not _view(conductor, job_id)["stuck"]
        health = ask(conductor.settings.socket, "job.health", {"job_id": job_id})
        assert (health["is_alive"], health["stopped_pids"]) == (True, [])
        resume(conductor, job_id)
        finish(conductor, tmp_path, job_id)
    finally:
        conductor.end()


def _ends_at(conductor: Conductor, job_id: str) -> datetime:
    found: str = ask(conductor.settings.socket, "job.explain", {"job_id": job_id})["waits_until"]
    return datetime.fromisoformat(found)


def _view(conductor: Conductor, job_id: str) -> dict[str, object]:
    view: dict[str, object] = ask(conductor.settings.socket, "job.status", {"job_id": job_id, "sheets": False})[
        "podium"
    ]
    return view
