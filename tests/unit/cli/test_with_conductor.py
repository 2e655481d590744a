"""The commands that talk to a conductor, each as a real process against a real one."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from podium.cli import main
from podium.cli.commands import stop
from podium.cli.jobs import follow
from podium.settings import Settings
from podium_tools import ALL_TOOLS
from tests.support import nursed
from tests.support.podium_home import Conductor, ask, make_home, until


def podium(home: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a home."""
    line = nursed.command("commands", *words, "--home", str(home.home))
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=50)


def score(folder: Path, *commands: str) -> Path:
    """Write a score whose sheets run these commands one after another."""
    sheets = [{"name": f"s{number}", "run": command} for number, command in enumerate(commands, 1)]
    path = folder / "score.yaml"
    path.write_text(json.dumps({"name": "short", "workspace": str(folder / "out"), "sheets": sheets}))
    return path


def jobs(home: Settings) -> dict[str, str]:
    """Return the statuses of the conductor's jobs by their id."""
    return {job["job_id"]: job["status"] for job in ask(home.socket, "job.list")}


@pytest.fixture
def common(shared_conductor: Conductor) -> Settings:
    """Return the home of a conductor that the tests of this module share: they look only at their own jobs."""
    return shared_conductor.settings


def test_run_follows_to_the_end_and_exits_0_when_the_job_completes(common: Settings, short_tmp: Path) -> None:
    done = podium(common, "run", str(score(short_tmp, "echo a", "echo b")))
    assert done.returncode == 0, done.stderr
    assert "✓ s1" in done.stdout
    assert "completed: 2 of 2 sheets in " in done.stdout


def test_run_exits_1_when_the_job_fails_and_says_where_to_look(common: Settings, short_tmp: Path) -> None:
    done = podium(common, "run", str(score(short_tmp, "exit 3", "echo never")))
    assert done.returncode == 1
    assert "exit code 3" in done.stdout
    assert "podium explain short-" in done.stdout


def test_run_counts_blocked_sheets_and_those_before_the_first_apart(common: Settings, short_tmp: Path) -> None:
    done = podium(common, "run", str(score(short_tmp, "true", "exit 3", "true")), "--start-sheet", "2")
    assert "failed: 0 of 2 sheets completed, 1 failed, 1 blocked, 1 before start_sheet (" in done.stdout


def test_run_tells_of_every_sheet_of_a_job_with_many(
    common: Settings, short_tmp: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "SHEETS_PAGE", 2)
    path = score(short_tmp, *["true"] * 5)
    assert main(["run", str(path), "--home", str(common.home)]) == 0
    shown = capsys.readouterr().out
    assert [f"✓ s{number}" in shown for number in range(1, 6)] == [True] * 5


def test_run_of_one_sheet_says_so(common: Settings, short_tmp: Path) -> None:
    shown = podium(common, "run", str(score(short_tmp, "true"))).stdout
    assert ": 1 sheet in " in shown
    assert "completed: 1 of 1 sheet in " in shown


def test_run_with_json_prints_one_object_and_nothing_else(common: Settings, short_tmp: Path) -> None:
    done = podium(common, "run", "--json", str(score(short_tmp, "true")))
    assert json.loads(done.stdout)["status"] == "completed"


def test_start_does_not_take_the_conductor_of_another_home_for_its_own(common: Settings, short_tmp: Path) -> None:
    other = make_home(short_tmp, socket=common.socket)
    done = podium(other, "start", "--socket", str(common.socket))
    assert done.returncode == 5
    assert f"No conductor is running for {other.home}" in done.stderr
    assert "belongs to another home" in done.stderr
    own = podium(common, "start")
    assert (own.returncode, "is already running" in own.stdout) == (0, True), own.stderr


def test_run_detached_returns_with_the_job_accepted(common: Settings, short_tmp: Path) -> None:
    gate = short_tmp / "gate"
    os.mkfifo(gate)
    done = podium(common, "run", "--detach", "--json", str(score(short_tmp, f"cat {gate}")))
    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] in {"queued", "running"}
    gate.write_text("go")


def test_run_refuses_a_bad_score_with_every_problem(common: Settings, short_tmp: Path) -> None:
    path = score(short_tmp)
    path.write_text("name: x\nsheets:\n  - run: [1]\n    nonsense: 1\n")
    before = set(jobs(common))
    done = podium(common, "run", str(path))
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert set(jobs(common)) == before


def test_ctrl_c_leaves_the_job_running_and_says_so(common: Settings, short_tmp: Path) -> None:
    gate = short_tmp / "gate"
    os.mkfifo(gate)
    line = nursed.command("commands", "run", str(score(short_tmp, f"cat {gate}")), "--home", str(common.home))
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        job_id = watching.stdout.readline().partition(":")[0]
        assert job_id.startswith("short-")
        watching.send_signal(signal.SIGINT)
        _, told = watching.communicate(timeout=30)
    assert watching.returncode == 130
    assert "continues to run" in told
    assert jobs(common)[job_id] == "running"
    gate.write_text("go")


@pytest.mark.parametrize(("action", "code"), [("cancel", 3), ("pause", 4)])
def test_run_tells_by_its_exit_code_that_somebody_else_stopped_the_job(
    common: Settings, short_tmp: Path, action: str, code: int
) -> None:
    gate = short_tmp / "gate"
    os.mkfifo(gate)
    line = nursed.command("commands", "run", str(score(short_tmp, f"cat {gate}", "true")), "--home", str(common.home))
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        job_id = watching.stdout.readline().partition(":")[0]
        ask(common.socket, f"job.{action}", {"job_id": job_id})
        if action == "pause":
            gate.write_text("go")
        watching.communicate(timeout=30)
    assert watching.returncode == code


def test_call_prints_what_the_agent_would_get(common: Settings, short_tmp: Path) -> None:
    started = podium(common, "call", "start_job", f"config_path={score(short_tmp, 'true')}", "--json")
    job_id = json.loads(started.stdout)["job_id"]
    waited = podium(common, "call", "wait_for_job", f"job_ids={job_id}", "timeout_seconds=20", "--json")
    assert json.loads(waited.stdout)["jobs"][0]["status"] == "completed"
    shown = podium(common, "call", "get_job", f"job_id={job_id}", "detail=full")
    assert shown.stdout.startswith(job_id)
    assert "status: completed\n" in shown.stdout


def test_call_of_an_error_exits_1_with_the_fix(common: Settings) -> None:
    done = podium(common, "call", "get_job", "job_id=nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("JOB_NOT_FOUND: ")
    as_json = podium(common, "call", "get_job", "job_id=nobody", "--json")
    assert json.loads(as_json.stdout)["error"]["code"] == "JOB_NOT_FOUND"


def test_call_without_a_tool_lists_them_and_an_unknown_one_is_refused(home: Settings) -> None:
    assert "wait_for_job" in podium(home, "call").stdout
    as_json = json.loads(podium(home, "call", "--json").stdout)
    assert [tool["name"] for tool in as_json["tools"] if "inputSchema" in tool] == [tool.name for tool in ALL_TOOLS]
    unknown = podium(home, "call", "no_such_tool")
    assert unknown.returncode == 2
    assert "no_such_tool" in unknown.stderr


def test_a_command_without_a_conductor_says_how_to_start_one(home: Settings) -> None:
    for words in (("status",), ("call", "list_jobs")):
        done = podium(home, *words)
        assert done.returncode == 5
        assert "podium start" in done.stderr
    assert json.loads(podium(home, "status", "--json").stdout)["running"] is False


def test_status_shows_the_conductor_and_its_jobs(home: Settings, conductor: Conductor, short_tmp: Path) -> None:
    podium(home, "run", str(score(short_tmp, "true")))
    shown = podium(home, "status").stdout
    assert f"pid {conductor.pid}" in shown
    assert "completed" in shown


def test_status_shows_the_beginning_of_a_long_reason(home: Settings, conductor: Conductor, short_tmp: Path) -> None:
    held = short_tmp / "held.yaml"
    held.write_text(f"name: h\nsheets: [{{name: a, hold: 'Ship? {'x' * 900}', run: 'true'}}]\n")
    assert podium(home, "run", str(held)).returncode == 4
    shown = podium(home, "status").stdout
    assert "sheet a waits for approval: Ship?" in " ".join(shown.split())
    assert 50 < shown.count("x") < 200


def test_stop_lets_sheets_run_on_unless_told_to_end_them(home: Settings, conductor: Conductor, short_tmp: Path) -> None:
    gate = short_tmp / "gate"
    os.mkfifo(gate)
    podium(home, "run", "--detach", str(score(short_tmp, f"cat {gate}")))
    until(lambda: ask(home.socket, "daemon.status")["running_sheets"])
    stopped = podium(home, "stop")
    assert "1 sheet goes on without it" in stopped.stdout
    conductor.kill()
    conductor.start()
    assert list(jobs(home).values()) == ["running"]
    assert "1 sheet was cancelled" in podium(home, "stop", "--cancel").stdout


def test_stop_waits_as_long_as_the_conductor_says_that_it_may_take(
    home: Settings, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop, "SPARE_SECONDS", 0)
    monkeypatch.setattr(stop, "UNTOLD_SECONDS", 0)
    conductor = Conductor(home).start(PODIUM_GRACE_SECONDS="1")
    deaf = short_tmp / "deaf"
    podium(home, "run", "--detach", str(score(short_tmp, f"trap '' TERM; touch {deaf}; while :; do sleep 1; done")))
    until(deaf.exists)
    assert stop.stop(home, cancel=True) == (conductor.pid, 1, [], "", [])
    conductor.await_death()


def test_a_start_that_fails_shows_the_end_of_the_log(home: Settings) -> None:
    home.home.mkdir(mode=0o700)
    (home.home / "podium.db").write_bytes(b"not a database at all" * 100)
    done = podium(home, "start")
    assert done.returncode == 5
    assert "cannot_start" in done.stderr


def test_a_second_start_finds_the_first(shared_conductor: Conductor) -> None:
    done = podium(shared_conductor.settings, "start")
    assert done.returncode == 0
    assert f"is already running (pid {shared_conductor.pid})" in done.stdout


def test_a_second_start_in_the_foreground_is_told_that_the_first_runs(shared_conductor: Conductor) -> None:
    done = podium(shared_conductor.settings, "start", "--foreground")
    assert done.returncode == 1
    assert (
        f"A conductor (pid {shared_conductor.pid}) is already running for {shared_conductor.settings.home}"
        in done.stderr
    )
    assert "another home" not in done.stderr


def test_run_passes_on_variables_and_says_where_the_environment_of_sheets_comes_from(
    common: Settings, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "ours-1")
    monkeypatch.setenv("VIRTUAL_ENV", "/somewhere/.venv")
    path = score(short_tmp, 'test "$OURS $THEIRS" = "ours-1 a=b"')
    done = podium(common, "run", str(path), "--env", "OURS", "--env", "THEIRS=a=b")
    assert done.returncode == 0, done.stdout
    text = " ".join(done.stdout.split())
    assert "note: sheets run with the environment of the conductor" in text
    assert "podium run --env VIRTUAL_ENV, or env_pass: [VIRTUAL_ENV] in the score" in text
    assert "of this shell" not in podium(common, "run", str(path), "--env", "OURS", "--env", "VIRTUAL_ENV").stdout
    path.write_text('{"name": "p", "env_pass": ["VIRTUAL_ENV"], "sheets": [{"run": "test -n \\"$VIRTUAL_ENV\\""}]}')
    passed_on = podium(common, "run", str(path))
    assert (passed_on.returncode, "of this shell" in passed_on.stdout) == (0, False)
    started = podium(common, "start")
    assert "already running" in started.stdout
    assert "note: sheets run with the environment of the conductor" in started.stdout


def test_run_refuses_to_pass_on_a_variable_that_is_not_set(common: Settings, short_tmp: Path) -> None:
    done = podium(common, "run", str(score(short_tmp, "true")), "--env", "NOT_SET_ANYWHERE")
    assert done.returncode == 2
    assert "--env NOT_SET_ANYWHERE: there is no such variable here" in done.stderr


def test_call_passes_on_variables_with_a_start_only(
    common: Settings, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "ours-1")
    command = 'test "$OURS $THEIRS" = "ours-1 a=b"'
    path = f"config_path={score(short_tmp, command)}"
    started = podium(common, "call", "start_job", path, "--env", "OURS", "--env", "THEIRS=a=b", "--json")
    job_id = json.loads(started.stdout)["job_id"]
    ended = json.loads(podium(common, "call", "wait_for_job", f"job_ids={job_id}", "--json").stdout)
    assert [job["status"] for job in ended["jobs"]] == ["completed"]
    refused = podium(common, "call", "get_job", f"job_id={job_id}", "--env", "OURS")
    assert (refused.returncode, "get_job starts no job" in refused.stderr) == (2, True)
