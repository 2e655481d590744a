"""kill -9 of the conductor at every named point of its write path, then a start: nothing acknowledged is lost, nothing runs twice."""

import os
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from podium.conductor.faults import POINTS
from podium.settings import Settings
from podium.times import iso
from tests.support.commands import podium
from tests.support.jobs import check_history, until, wait_for_file
from tests.support.podium_home import Conductor, ask
from tests.support.podium_home import until as wait_until
from tests.support.scarce import ROOM, fill_before, limited
from tests.support.scores import token_score, tokens

LIMIT = 90.0  # seconds for what must come at all


@pytest.fixture
def stopped(home: Settings) -> Iterator[Conductor]:
    """A conductor that a test starts itself, perhaps several times."""
    running = Conductor(home)
    yield running
    running.end()


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("name", [point for point in POINTS if point != "before_removal"])
def test_a_job_survives_a_crash_at_every_point_and_each_sheet_runs_once(stopped: Conductor, tmp_path: Path, name: str,
                                                                        times: int) -> None:  # fmt: skip
    stopped.start(PODIUM_FAULT=f"{name}:{times}")
    submit = {"config_content": token_score(tmp_path), "idempotency_key": "only-once", "client_cwd": str(tmp_path)}
    acknowledged = None
    with suppress(OSError):  # it may die before it answers: whether the job is there is what the key is for
        acknowledged = ask(stopped.settings.socket, "job.submit", submit)["job_id"]
    stopped.await_death()
    stopped.start()
    job_id = ask(stopped.settings.socket, "job.submit", submit)["job_id"]
    assert acknowledged in {None, job_id}
    assert until(stopped, job_id, "completed", "failed")["status"] == "completed"
    ran = tokens(tmp_path)
    assert set(ran.values()) == {1}
    assert {token.split()[1] for token in ran} == {"s1", "s2", "s3"}
    assert len(ran) == 3
    check_history(stopped, job_id)


def test_a_sheet_that_runs_through_a_crash_is_taken_up_again_and_reports_its_real_exit_code(
    stopped: Conductor, tmp_path: Path
) -> None:
    score = f"name: long\nworkspace: {tmp_path}\nsheets:\n  - run: 'touch begun; while [ ! -e go ]; do sleep 0.1; done; exit 7'\n"
    stopped.start()
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": score})["job_id"]
    wait_for_file(tmp_path / "begun")
    stopped.kill()
    stopped.start()
    assert ask(stopped.settings.socket, "job.health", {"job_id": job_id})["is_alive"] is True
    (tmp_path / "go").touch()
    view = until(stopped, job_id, "completed", "failed")
    assert (view["status"], view["reason"]) == ("failed", "sheet 1 failed: exit code 7")
    check_history(stopped, job_id)


def test_a_sheet_that_ends_while_no_conductor_runs_reports_its_real_exit_code(
    stopped: Conductor, tmp_path: Path
) -> None:
    score = f"name: long\nworkspace: {tmp_path}\nsheets:\n  - run: 'touch begun; while [ ! -e go ]; do sleep 0.1; done; touch done; exit 9'\n"
    stopped.start()
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": score})["job_id"]
    wait_for_file(tmp_path / "begun")
    stopped.kill()
    (tmp_path / "go").touch()
    wait_for_file(tmp_path / "done")
    stopped.start()
    assert until(stopped, job_id, "completed", "failed")["reason"] == "sheet 1 failed: exit code 9"
    check_history(stopped, job_id)


def test_paused_stays_paused_and_queued_stays_queued_over_a_crash(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start(PODIUM_MAX_SHEETS="1")
    socket = stopped.settings.socket
    block = (
        f"name: block\nworkspace: {tmp_path}\nsheets:\n  - run: 'touch begun; while [ ! -e go ]; do sleep 0.1; done'\n"
    )
    first = ask(socket, "job.submit", {"config_content": block})["job_id"]
    wait_for_file(tmp_path / "begun")
    paused = ask(socket, "job.submit", {"config_content": token_score(tmp_path / "p")})["job_id"]
    queued = ask(socket, "job.submit", {"config_content": token_score(tmp_path / "q")})["job_id"]
    assert ask(socket, "job.pause", {"job_id": paused})["job"]["status"] == "paused"
    stopped.kill()
    stopped.start(PODIUM_MAX_SHEETS="1")
    assert until(stopped, paused, "paused")
    assert until(stopped, queued, "queued")
    assert until(stopped, first, "running")
    (tmp_path / "go").touch()
    assert until(stopped, queued, "completed")
    assert until(stopped, paused, "paused")
    assert not tokens(tmp_path / "p")
    assert ask(socket, "job.resume", {"job_id": paused})["status"] == "accepted"
    assert until(stopped, paused, "completed")


def test_a_sheet_whose_skip_command_was_cut_off_by_a_crash_is_asked_again(stopped: Conductor, tmp_path: Path) -> None:
    asks = "touch asked; while [ ! -e go ]; do sleep 0.1; done"
    score = f"name: asked\nworkspace: {tmp_path}\nsheets:\n  - {{run: touch ran, skip_when_command: {{command: '{asks}', timeout_seconds: 60}}}}\n"
    stopped.start()
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": score})["job_id"]
    wait_for_file(tmp_path / "asked")
    stopped.kill()
    (tmp_path / "go").touch()
    stopped.start()
    assert until(stopped, job_id, "completed")["sheets_skipped"] == 1
    assert not (tmp_path / "ran").exists()
    check_history(stopped, job_id)


def test_a_pause_between_sheets_goes_on_after_a_crash(stopped: Conductor, tmp_path: Path) -> None:
    score = f"name: slow\nworkspace: {tmp_path}\nsheets: [{{run: 'true'}}, {{run: 'true'}}]\npause_between_sheets_seconds: 600\n"
    stopped.start()
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": score})["job_id"]
    while not until(stopped, job_id, "queued", "running")["sheets_completed"]:
        pass
    stopped.kill()
    stopped.start()
    explained = ask(stopped.settings.socket, "job.explain", {"job_id": job_id})
    assert explained["waits_until"] > iso(time.time() + 300), explained


def test_a_cancel_while_leftovers_of_a_good_sheet_are_ended_starts_no_validation(
    stopped: Conductor, tmp_path: Path
) -> None:
    # What is left ends when the cancel has been answered, however long that took.
    left = '(trap "" TERM; touch left; until [ -e go ]; do sleep 0.1; done)'
    leaves = f"{left} & while [ ! -e left ]; do sleep 0.1; done; echo $$ >new; mv new pid"
    score = (
        f"name: leaves\nworkspace: {tmp_path}\n"
        f"sheets:\n  - {{run: '{leaves}', validate: [{{command_succeeds: touch validated}}]}}\n"
    )
    stopped.start(PODIUM_GRACE_SECONDS="50")
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": score})["job_id"]
    wait_for_file(tmp_path / "pid")
    pid = (tmp_path / "pid").read_text().strip()
    wait_until(lambda: not Path("/proc", pid).exists())
    assert ask(stopped.settings.socket, "job.cancel", {"job_id": job_id})["cancelled"] is True
    (tmp_path / "go").touch()
    assert until(stopped, job_id, "cancelled", "completed")["status"] == "cancelled"
    assert not (tmp_path / "validated").exists()


def test_a_time_limit_that_was_being_enforced_is_told_after_a_crash(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start(PODIUM_FAULT="after_stop_noted")
    sheet = "run: 'echo $PPID $$ >pids; sleep 600', timeout_seconds: 0.3"
    score = f"name: slow\nworkspace: {tmp_path}\nsheets: [{{{sheet}}}]\n"
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": score})["job_id"]
    stopped.await_death()
    pids = tmp_path / "pids"
    wait_until(lambda: pids.exists() and pids.read_text())  # the limit may have come before the sheet began
    for pid in pids.read_text().split():  # as the conductor would have done, or an administrator
        os.kill(int(pid), signal.SIGKILL)
    stopped.start()
    assert until(stopped, job_id, "failed")["reason"] == "sheet 1 failed: time limit of 0.3 s reached"
    check_history(stopped, job_id)


def test_a_cancel_that_was_acknowledged_is_carried_out_after_a_crash(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start(PODIUM_GRACE_SECONDS="0.2")
    score = f"name: stubborn\nworkspace: {tmp_path}\nsheets:\n  - run: \"trap '' TERM; touch begun; sleep 600 & wait; sleep 600\"\n"
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": score})["job_id"]
    wait_for_file(tmp_path / "begun")
    assert ask(stopped.settings.socket, "job.cancel", {"job_id": job_id})["cancelled"] is True
    stopped.kill()
    stopped.start(PODIUM_GRACE_SECONDS="0.2")
    assert until(stopped, job_id, "cancelled")
    check_history(stopped, job_id)


def test_a_deleted_jobs_folder_goes_even_when_the_conductor_dies_in_between(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start(PODIUM_FAULT="before_removal")
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": token_score(tmp_path)})["job_id"]
    until(stopped, job_id, "completed")
    folder = stopped.settings.home / "jobs" / job_id
    assert folder.is_dir()
    with suppress(OSError):  # the point is passed at the moment of the answer
        ask(stopped.settings.socket, "job.clear", {"job_ids": [job_id]})
    stopped.await_death()
    stopped.start()
    wait_until(lambda: not folder.exists(), seconds=LIMIT)
    with pytest.raises(RuntimeError, match="JOB_DELETED"):
        ask(stopped.settings.socket, "job.status", {"job_id": job_id})


def test_a_deleted_jobs_folder_that_cannot_be_removed_is_tried_again_at_the_next_start(
    stopped: Conductor, tmp_path: Path
) -> None:
    stopped.start()
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": token_score(tmp_path)})["job_id"]
    until(stopped, job_id, "completed")
    folder = stopped.settings.home / "jobs" / job_id
    shutil.rmtree(folder)
    folder.touch()  # what rmtree does not remove
    ask(stopped.settings.socket, "job.clear", {"job_ids": [job_id]})
    wait_until(lambda: "job_folder_left" in stopped.log.read_text())
    stopped.stop()
    folder.unlink()
    folder.mkdir()
    stopped.start()
    wait_until(lambda: not folder.exists())


def test_a_submit_that_finds_no_space_leaves_nothing_behind(stopped: Conductor) -> None:
    stopped.start()
    stopped.stop()
    fill_before(stopped.settings, "INSERT ON jobs")
    with limited(resource.RLIMIT_FSIZE, ROOM):
        stopped.start()
    reply = ask(stopped.settings.socket, "job.submit", {"config_content": "name: x\nsheets: [{run: 'true'}]\n"})
    assert (reply["status"], reply["code"]) == ("rejected", "STORAGE_FULL")
    assert not list((stopped.settings.home / "workspaces").iterdir())
    assert not ask(stopped.settings.socket, "job.list")


def test_a_second_conductor_on_the_same_home_is_refused_and_harms_nothing(conductor: Conductor) -> None:
    second = Conductor(conductor.settings)
    second.launch()
    second.await_death()
    assert "is already running" in second.log.read_text()
    assert ask(conductor.settings.socket, "daemon.health")["status"] == "ok"


def test_the_socket_file_comes_back_when_somebody_removes_it(conductor: Conductor) -> None:
    conductor.settings.socket.unlink()
    deadline = time.monotonic() + LIMIT
    while not conductor.answers():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_term_stops_the_conductor_and_leaves_the_sheets_running(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start()
    score = (
        f"name: long\nworkspace: {tmp_path}\nsheets:\n  - run: 'touch begun; while [ ! -e go ]; do sleep 0.1; done'\n"
    )
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": score})["job_id"]
    wait_for_file(tmp_path / "begun")
    os.kill(stopped.pid, signal.SIGTERM)
    stopped.await_death()
    stopped.start()
    assert until(stopped, job_id, "running")
    (tmp_path / "go").touch()
    assert until(stopped, job_id, "completed")


def test_a_copy_of_a_home_takes_no_process_of_the_other_for_its_own(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start()
    stopped.stop()
    copy = copy_of(stopped)
    score = "name: same\nsheets: [{run: 'touch begun; until [ -e go ]; do sleep 0.1; done'}]\n"
    try:
        jobs = {}
        for each in (copy.start(), stopped.start()):  # the copy first: beside the other it would be refused
            workspace = each.settings.home.parent / "workspace"
            jobs[each] = ask(each.settings.socket, "job.submit", {"config_content": score, "workspace": str(workspace)})
            wait_for_file(workspace / "begun")
        assert jobs[stopped]["job_id"] == jobs[copy]["job_id"]
        job_id = jobs[copy]["job_id"]
        ask(copy.settings.socket, "job.cancel", {"job_id": job_id})
        until(copy, job_id, "cancelled")
        (stopped.settings.home.parent / "workspace" / "go").touch()
        assert until(stopped, job_id, "completed", "failed")["status"] == "completed"
    finally:
        copy.end()


def test_a_sheet_that_runs_while_its_home_is_copied_is_left_to_the_home_that_began_it(
    stopped: Conductor, tmp_path: Path
) -> None:
    score = f"name: ours\nworkspace: {tmp_path}\nsheets: [{{run: 'touch begun; until [ -e go ]; do sleep 0.1; done', retry: {{max_retries: 3}}}}]\n"
    stopped.start()
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": score})["job_id"]
    wait_for_file(tmp_path / "begun")
    stopped.stop()
    copy = copy_of(stopped)
    try:
        copy.start()
        view = until(copy, job_id, "failed")
        assert "started in the home that this one is a copy of" in view["reason"]
        stopped.start()
        (tmp_path / "go").touch()
        assert until(stopped, job_id, "completed", "failed")["status"] == "completed"
    finally:
        copy.end()


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_copy_of_a_home_is_not_started_beside_its_conductor_and_says_what_it_is(
    conductor: Conductor, state: str
) -> None:
    if state == "stopped":
        conductor.stop()
    copy = copy_of(conductor)
    if state == "stopped":
        conductor.start()
    for words in (["--foreground"], []):
        refused = podium(copy.settings, "start", *words)
        assert refused.returncode == 5, refused.stdout
    told = " ".join(refused.stderr.split())
    assert f"is a copy of the home of the conductor (pid {conductor.pid}) on {conductor.settings.socket}" in told
    assert f"`podium stop --home {conductor.settings.home}`" in told
    assert "is already running" in podium(conductor.settings, "start").stdout
    conductor.stop()
    try:
        taken = podium(copy.settings, "start")
        assert "The conductor is running" in taken.stdout, taken.stderr
    finally:
        assert podium(copy.settings, "stop").returncode == 0


def test_a_home_that_was_put_into_the_place_of_one_in_use_names_the_conductor_to_end(stopped: Conductor) -> None:
    home = stopped.settings.home
    outside = Conductor(stopped.settings.model_copy(update={"socket": home.with_name("s")})).start()
    try:
        copy = copy_of(outside)
        home.rename(home.with_name("before"))
        copy.settings.home.rename(home)
        refused = podium(outside.settings, "start")
        assert refused.returncode == 5, refused.stdout
        assert f"`kill {outside.pid}`" in " ".join(refused.stderr.split())
    finally:
        outside.end()


def copy_of(original: Conductor) -> Conductor:
    """Copy a conductor's home and return one for the copy."""
    folder = original.settings.home.parent / "copy"
    shutil.copytree(original.settings.home, folder / "home", ignore=shutil.ignore_patterns("socket", "*.sock"))
    return Conductor(original.settings.model_copy(update={"home": folder / "home", "socket": folder / "s"}))
