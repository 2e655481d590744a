"""A job's end is told: once in the ordinary case, at least once whoever dies, and never in the way of anything else."""

import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.jobs import check_history, events_of, submit, types_of, until, wait_for_file
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as until_true

Made = Callable[..., Conductor]
SECRET = "s3cret-value"
TELL = 'echo "$PODIUM_NOTIFICATION_ID $PODIUM_JOB_STATUS" >> told'
HANG = f"{TELL}; echo $$ >> pids; until [ -e go ]; do sleep 0.1; done; echo over >> told"


@pytest.fixture
def make(short_tmp: Path) -> Iterator[Made]:
    """Make conductors with these settings, each on a home of its own, that a test starts itself."""
    made: list[Conductor] = []

    def new(**settings: Any) -> Conductor:
        made.append(Conductor(make_home(short_tmp / str(len(made)), **settings)))
        made[-1].settings.home.parent.mkdir()
        return made[-1]

    yield new
    for each in made:
        each.end()


def score(workspace: Path, on_end: str = TELL, run: str = "true", more: str = "") -> str:
    return f"name: demo\nworkspace: {workspace}\n{more}on_end: {{run: {json.dumps(on_end)}}}\nsheets: [{{run: {json.dumps(run)}}}]\n"


def told(workspace: Path, lines: int = 1) -> list[str]:
    """Return what was told, as soon as it is so much."""
    file = workspace / "told"
    until_true(lambda: file.exists() and len(file.read_text().splitlines()) >= lines)
    return file.read_text().splitlines()


def settled(conductor: Conductor, job_id: str) -> dict[str, Any]:
    """Return a job's view when nothing is left to tell: the next end, of another job, was told after it."""
    folder = conductor.settings.home.parent / f"after-{time.monotonic_ns()}"
    submit(conductor, score(folder))
    told(folder)
    view: dict[str, Any] = ask(conductor.settings.socket, "job.status", {"job_id": job_id, "sheets": False})["podium"]
    return view


def failed_for(conductor: Conductor, job_id: str) -> dict[str, Any]:
    """Return the job's view when it says that telling of it failed."""
    until_true(lambda: "job.notification_failed" in types_of(conductor, job_id))
    view: dict[str, Any] = ask(conductor.settings.socket, "job.status", {"job_id": job_id, "sheets": False})["podium"]
    return view


@pytest.mark.parametrize(("run", "status"), [("true", "completed"), ("exit 3", "failed"), ("sleep 600", "cancelled")])
def test_each_end_is_told_once_by_both_commands_with_the_facts_in_the_environment_and_on_stdin(
    make: Made, tmp_path: Path, run: str, status: str
) -> None:
    facts = '"$PODIUM_NOTIFICATION_ID|$PODIUM_JOB_ID|$PODIUM_JOB_NAME|$PODIUM_JOB_STATUS|$PODIUM_JOB_REASON|$PODIUM_WORKSPACE|$PWD|$OWN|$TOKEN"'
    notify = f"cat > {tmp_path}/$PODIUM_NOTIFICATION_ID.json; echo {facts} >> {tmp_path}/all"
    conductor = make(notify=notify).start(SECRET=SECRET)
    own = f"cat >> facts.json; echo {facts} >> told"
    workspace = tmp_path / "w"
    job_id = submit(conductor, score(workspace, own, run, "env: {OWN: mine, TOKEN: {from_env: SECRET}}\n"))
    if status == "cancelled":
        until(conductor, job_id, "running")
        ask(conductor.settings.socket, "job.cancel", {"job_id": job_id})
    view = until(conductor, job_id, status)
    end = next(event for event in events_of(conductor, job_id) if event["type"] == f"job.{status}")
    assert settled(conductor, job_id)["warnings"] == []
    told_id = f"{job_id}.{end['job_seq']}"
    common = f"{told_id}|{job_id}|demo|{status}|{view['reason']}|{workspace}"
    assert told(workspace) == [f"{common}|{workspace}|mine|{SECRET}"]
    until_true(lambda: told_id in (tmp_path / "all").read_text())
    lines = [line for line in (tmp_path / "all").read_text().splitlines() if line.startswith(told_id)]
    assert lines == [f"{common}|{conductor.settings.home}||"]
    expected = {**view, "cursor": f"{view['cursor'].partition(':')[0]}:{end['seq']}", "notification_id": told_id}
    assert json.loads((workspace / "facts.json").read_text()) == expected
    assert json.loads((tmp_path / f"{told_id}.json").read_text()) == expected
    assert "notification" not in " ".join(types_of(conductor, job_id))
    check_history(conductor, job_id)


@pytest.mark.parametrize(("point", "lines"), [("before_notification", 1), ("after_notification", 2)])
def test_an_end_is_told_again_with_the_same_id_by_the_conductor_after_one_that_died_before_or_after_the_command(
    make: Made, tmp_path: Path, point: str, lines: int
) -> None:
    conductor = make()
    conductor.start(PODIUM_FAULT=f"{point}:1")
    job_id = submit(conductor, score(tmp_path))
    conductor.await_death()
    conductor.start()
    assert until(conductor, job_id, "completed")
    found = told(tmp_path, lines)
    assert settled(conductor, job_id)["warnings"] == []
    assert told(tmp_path, lines) == found
    assert (len(found), len(set(found))) == (lines, 1)
    conductor.kill()
    conductor.start()
    settled(conductor, job_id)
    assert told(tmp_path, lines) == found


def test_a_command_that_ran_when_the_conductor_died_is_ended_before_it_runs_again(make: Made, tmp_path: Path) -> None:
    conductor = make().start()
    job_id = submit(conductor, score(tmp_path, HANG))
    first = told(tmp_path)
    conductor.kill()
    conductor.start()
    assert told(tmp_path, 2) == first * 2
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert [psutil.pid_exists(pid) for pid in pids] == [False, True]
    (tmp_path / "go").touch()
    assert told(tmp_path, 3) == [*first, *first, "over"]
    assert settled(conductor, job_id)["warnings"] == []


def test_a_stop_waits_for_no_command_and_the_next_conductor_runs_it(make: Made, tmp_path: Path) -> None:
    conductor = make().start()
    job_id = submit(conductor, score(tmp_path, HANG))
    first = told(tmp_path)
    began = time.monotonic()
    assert conductor.stop() == 0
    assert time.monotonic() - began < 15  # 2 s for the command to end, and the grace period of its tree
    assert not psutil.pid_exists(int((tmp_path / "pids").read_text()))
    (tmp_path / "go").touch()
    conductor.start()
    assert told(tmp_path, 3) == [*first, *first, "over"]
    assert settled(conductor, job_id)["warnings"] == []


def test_the_ends_that_a_stop_brings_about_are_told_before_it_is_over(make: Made, tmp_path: Path) -> None:
    conductor = make().start()
    job_id = submit(conductor, score(tmp_path, run="sleep 600"))
    until(conductor, job_id, "running")
    conductor.stop(cancel=True)
    assert (tmp_path / "told").read_text().split()[1:] == ["cancelled"]


def test_a_command_that_takes_too_long_is_ended_with_its_whole_tree_and_the_job_says_so(
    make: Made, tmp_path: Path
) -> None:
    conductor = make(notify_seconds=0.5).start()
    on_end = "echo nearly; setsid sleep 600 & echo $! > child; sleep 600"
    job_id = submit(conductor, score(tmp_path, on_end))
    view = failed_for(conductor, job_id)
    told_id = events_of(conductor, job_id)[-1]["data"]["id"]
    why = "still running after 0.5 s, so it was stopped; its output ends with 'nearly'"
    assert (view["status"], view["warnings"]) == ("completed", [f"on_end failed for {told_id}: {why}"])
    assert not psutil.pid_exists(int((tmp_path / "child").read_text()))


@pytest.mark.parametrize(
    ("on_end", "why"),
    [
        ("echo the end of $TOKEN; exit 3", "exit code 3; its output ends with 'the end of [value of SECRET]'"),
        ("kill -9 $$", "ended by signal 9"),
        ("no-such-program", "exit code 127: a command was not found"),
    ],
)
def test_why_a_command_failed_is_told_without_secrets_and_changes_nothing_else_in_the_job(
    make: Made, tmp_path: Path, on_end: str, why: str
) -> None:
    conductor = make().start(SECRET=SECRET)
    more = "env: {TOKEN: {from_env: SECRET}}\n"
    job_id = submit(conductor, score(tmp_path, on_end, "exit 1", more))
    ended = until(conductor, job_id, "failed")
    view = failed_for(conductor, job_id)
    event = events_of(conductor, job_id)[-1]
    assert event["data"]["command"] == "on_end"
    assert event["data"]["reason"].startswith(why)
    (warning,) = view["warnings"]
    assert warning == f"on_end failed for {event['data']['id']}: {event['data']['reason']}"
    assert {**view, "warnings": [], "cursor": ""} == {**ended, "warnings": [], "cursor": ""}
    explained = ask(conductor.settings.socket, "job.explain", {"job_id": job_id})
    assert f"Warning: {warning}" in explained["cause"]
    check_history(conductor, job_id)


def test_a_command_that_cannot_be_started_is_told_and_another_end_replaces_the_warning(
    make: Made, tmp_path: Path
) -> None:
    env_file = tmp_path / "env"
    env_file.write_text("SECRET=x")
    env_file.chmod(0o600)
    conductor = make(env_file=env_file).start()
    run = f"rm -f {env_file}; exit 1"
    job_id = submit(conductor, score(tmp_path / "w", run=run, more="env: {TOKEN: {from_env: SECRET}}\n"))
    (first,) = failed_for(conductor, job_id)["warnings"]
    assert "env TOKEN: {from_env: SECRET}: the conductor's environment has no variable SECRET" in first
    ask(conductor.settings.socket, "job.resume", {"job_id": job_id})
    until_true(lambda: types_of(conductor, job_id).count("job.notification_failed") == 2)
    (second,) = until(conductor, job_id, "failed")["warnings"]
    assert second != first


def test_what_no_file_can_be_opened_for_is_told_as_soon_as_it_can(make: Made, tmp_path: Path) -> None:
    conductor = make().start()
    job_id = submit(conductor, score(tmp_path, run="touch begun; until [ -e go ]; do sleep 0.1; done"))
    wait_for_file(tmp_path / "begun")
    before = resource.prlimit(conductor.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(conductor.pid, resource.RLIMIT_NOFILE, (1, before[1]))
    (tmp_path / "go").touch()
    until_true(lambda: "tree_unknown" in conductor.log.read_text())  # whether the sheet left anything is not known yet
    resource.prlimit(conductor.pid, resource.RLIMIT_NOFILE, before)
    assert len(told(tmp_path)) == 1
    assert (settled(conductor, job_id)["warnings"], len(told(tmp_path))) == ([], 1)


def test_a_command_whose_workspace_may_not_be_looked_at_runs_in_the_home(
    make: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conductor = make()
    monkeypatch.setattr(conductor, "plain", True)
    conductor.start()
    shut, out = tmp_path / "shut", tmp_path / "out"
    try:
        job_id = submit(conductor, score(shut / "w", f"pwd > {out}", f"chmod 0 {shut}"))
        wait_for_file(out)
        assert settled(conductor, job_id)["warnings"] == []
        assert out.read_text().strip() == str(conductor.settings.home)
    finally:
        shut.chmod(0o700)


def test_a_job_that_is_resumed_and_ends_again_is_told_of_again_with_another_id(make: Made, tmp_path: Path) -> None:
    conductor = make().start()
    job_id = submit(conductor, score(tmp_path, run="test -e fixed"))
    until(conductor, job_id, "failed")
    told(tmp_path)
    (tmp_path / "fixed").touch()
    ask(conductor.settings.socket, "job.resume", {"job_id": job_id})
    ids, statuses = zip(*map(str.split, told(tmp_path, 2)), strict=True)
    assert statuses == ("failed", "completed")
    assert len(set(ids)) == 2


def test_the_jobs_of_two_homes_are_told_of_by_their_own_commands(make: Made, tmp_path: Path) -> None:
    homes = [make(notify=f"echo $PODIUM_JOB_ID >> {tmp_path}/{name}").start() for name in ("one", "two")]
    jobs = [submit(each, score(tmp_path / str(number))) for number, each in enumerate(homes)]
    for number, each in enumerate(homes):
        told(tmp_path / str(number))
        wait_for_file(tmp_path / ("one", "two")[number])
        each.stop()
    assert [(tmp_path / name).read_text().split() for name in ("one", "two")] == [[job_id] for job_id in jobs]


def test_a_job_that_is_paused_at_a_hold_is_told_of_by_the_command_for_all_jobs_and_one_that_was_paused_is_not(
    make: Made, tmp_path: Path
) -> None:
    every = tmp_path / "all"
    notify = f'echo "$PODIUM_JOB_ID $PODIUM_JOB_STATUS $PODIUM_JOB_REASON" >> {every}'
    conductor = make(notify=notify).start()
    held = (
        f"name: held\nworkspace: {tmp_path}\non_end: {{run: '{TELL}'}}\nsheets: [{{name: deploy, hold: go?, run: x}}]\n"
    )
    wait = "until [ -e go ]; do sleep 0.1; done"
    two = f"name: two\nworkspace: {tmp_path / 'w'}\nsheets: [{{run: '{wait}'}}, {{run: 'true'}}]\n"
    running = submit(conductor, two)
    until(conductor, running, "running")
    ask(conductor.settings.socket, "job.pause", {"job_id": running})
    job_id = submit(conductor, held)
    until(conductor, job_id, "paused")
    wait_for_file(every)
    (tmp_path / "w" / "go").touch()
    until(conductor, running, "paused")
    settled(conductor, running)
    lines = every.read_text().splitlines()
    assert lines[0] == f"{job_id} paused sheet deploy waits for approval: go?"
    assert not (tmp_path / "told").exists()
    assert not [line for line in lines if line.startswith(running) and " paused " in line]


def test_commands_take_no_slot_and_keep_no_job_waiting_and_at_most_four_run_at_once(make: Made, tmp_path: Path) -> None:
    conductor = make(max_sheets=1).start()
    folders = [tmp_path / str(number) for number in range(6)]
    jobs = [submit(conductor, score(each, HANG)) for each in folders]
    for job_id in jobs:
        until(conductor, job_id, "completed")
    begun = folders[:4]
    for each in begun:
        told(each)
    assert [each for each in folders if (each / "told").exists()] == begun
    for each in folders:
        (each / "go").touch()
    for each in folders:
        assert told(each, 2)[1] == "over"


def test_a_job_that_is_deleted_before_it_was_told_of_is_told_of_all_the_same_and_its_folder_goes_then(
    make: Made, tmp_path: Path
) -> None:
    conductor = make().start()
    given = score(tmp_path, f"echo $PASSED >> told; {HANG}", more="env_pass: [PASSED]\n")
    job_id = submit(conductor, given, environment={"PASSED": "came-with-the-start"})
    until(conductor, job_id, "completed")
    wait_for_file(tmp_path / "pids")
    ask(conductor.settings.socket, "job.clear", {"job_ids": [job_id]})
    for lines_in_all in (4, 6):  # the second one finds what the house-keeping of the first one has left of the job
        conductor.kill()
        conductor.start()
        lines = told(tmp_path, lines_in_all)
    assert lines == lines[:2] * 3
    folder = conductor.settings.home / "jobs" / job_id
    assert folder.exists()
    (tmp_path / "go").touch()
    until_true(lambda: not folder.exists())
    assert lines[0] == "came-with-the-start"
    assert not list((conductor.settings.home / "passed-values").iterdir())


def test_the_end_of_the_output_is_kept_beside_the_logs_of_the_job(make: Made, tmp_path: Path) -> None:
    conductor = make().start()
    job_id = submit(conductor, score(tmp_path, "seq 100000; exit 1"))
    failed_for(conductor, job_id)
    told_id = events_of(conductor, job_id)[-1]["data"]["id"]
    folder = conductor.settings.home / "jobs" / job_id / f"on_end-{told_id.rpartition('.')[2]}"
    output = (folder / "output").read_text()
    assert len(output) == 64 * 1024
    assert output.endswith("99999\n100000\n")
    assert (folder / "script").read_text() == "seq 100000; exit 1"
    assert (os.stat(folder).st_mode & 0o777, (folder / "output").stat().st_mode & 0o777) == (0o700, 0o600)  # noqa: PTH116


def test_a_check_of_a_score_shows_what_would_run_at_the_end_without_secrets(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    on_end = "curl -H 'Authorization: Bearer abcdefghijklmnop1234' https://example.org\necho over"
    params = {"config_content": score(tmp_path, on_end), "client_cwd": str(tmp_path)}
    shown = ask(shared_conductor.settings.socket, "job.validate", params)["plan"]["on_end"]
    assert shown.startswith("curl -H")
    assert "\n" not in shown
    assert "abcdefghijklmnop1234" not in shown
