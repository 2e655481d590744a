"""Jobs as a user has them, on a real conductor with real processes."""

import json
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.jobs import check_history, events_of, sheets_of, submit, types_of, until, wait_for_file
from tests.support.podium_home import Conductor, ask
from tests.support.podium_home import until as until_holds


@pytest.fixture
def conductor(shared_conductor: Conductor) -> Conductor:
    """Every test here looks only at its own jobs."""
    return shared_conductor


GATE = "while [ ! -e {name} ]; do sleep 0.1; done"


def named(workspace: Path, body: str) -> str:
    return f"name: demo\nworkspace: {workspace}\n{body}"


def test_independent_sheets_run_at_once_and_a_dependent_one_waits_for_all(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, named(tmp_path, """
sheets:
  - {name: left, run: "touch left; while [ ! -e right ]; do sleep 0.01; done"}
  - {name: right, run: "touch right; while [ ! -e left ]; do sleep 0.01; done"}
  - {name: both, needs: [left, right], run: "ls left right > both"}
"""))  # fmt: skip
    assert until(conductor, job_id, "completed", "failed")["status"] == "completed"
    assert (tmp_path / "both").read_text() == "left\nright\n"
    check_history(conductor, job_id)


def test_no_more_sheets_of_a_job_run_at_once_than_max_concurrent(conductor: Conductor, tmp_path: Path) -> None:
    step = "mkdir lock && sleep 0.02 && rmdir lock"
    sheets = "\n".join(f"  - {{name: s{num}, needs: [], run: '{step}'}}" for num in range(6))
    job_id = submit(conductor, named(tmp_path, f"parallel: {{max_concurrent: 1}}\nsheets:\n{sheets}"))
    assert until(conductor, job_id, "completed", "failed")["status"] == "completed"


def test_a_pause_takes_effect_at_the_sheet_boundary_and_a_resume_goes_on(conductor: Conductor, tmp_path: Path) -> None:
    socket = conductor.settings.socket
    job_id = submit(
        conductor, named(tmp_path, f"sheets:\n  - run: touch begun; {GATE.format(name='go')}\n  - run: touch second")
    )
    wait_for_file(tmp_path / "begun")
    paused = ask(socket, "job.pause", {"job_id": job_id})
    assert (paused["paused"], paused["pending"], paused["job"]["status"]) == (True, True, "running")
    assert paused["job"]["pause_requested"] is True
    again = ask(socket, "job.pause", {"job_id": job_id})
    assert (again["paused"], again["code"]) == (False, "WRONG_STATE")
    (tmp_path / "go").touch()
    assert until(conductor, job_id, "paused")["sheets_completed"] == 1
    assert not (tmp_path / "second").exists()
    assert ask(socket, "job.resume", {"job_id": job_id})["status"] == "accepted"
    until(conductor, job_id, "completed")
    assert (tmp_path / "second").exists()
    check_history(conductor, job_id)


def test_a_resume_withdraws_a_pause_that_has_not_taken_effect(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(
        conductor, named(tmp_path, f"sheets:\n  - run: touch begun; {GATE.format(name='go')}\n  - run: 'true'")
    )
    wait_for_file(tmp_path / "begun")
    ask(conductor.settings.socket, "job.pause", {"job_id": job_id})
    assert ask(conductor.settings.socket, "job.resume", {"job_id": job_id})["status"] == "accepted"
    (tmp_path / "go").touch()
    until(conductor, job_id, "completed")
    assert "job.paused" not in types_of(conductor, job_id)


def test_a_pause_during_the_last_sheet_ends_in_completed_and_says_so(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, named(tmp_path, f"sheets:\n  - run: touch begun; {GATE.format(name='go')}"))
    wait_for_file(tmp_path / "begun")
    ask(conductor.settings.socket, "job.pause", {"job_id": job_id})
    (tmp_path / "go").touch()
    assert "before the pause took effect" in until(conductor, job_id, "completed")["reason"]


def test_a_cancel_ends_the_whole_tree_with_children_that_left_the_session(conductor: Conductor, tmp_path: Path) -> None:
    script = "setsid sh -c 'echo $$ > a; exec sleep 600' & (setsid sh -c 'echo $$ > b; exec sleep 600' &) & touch begun; sleep 600"
    job_id = submit(conductor, named(tmp_path, f'sheets:\n  - run: "{script}"'))
    wait_for_file(tmp_path / "begun")
    until_holds(lambda: all(path.exists() and path.read_text() for path in (tmp_path / "a", tmp_path / "b")))
    reply = ask(conductor.settings.socket, "job.cancel", {"job_id": job_id})
    assert reply["cancelled"] is True
    assert until(conductor, job_id, "cancelled")["allowed_actions"] == ["resume", "modify", "delete"]
    for name in ("a", "b"):
        assert not psutil.pid_exists(int((tmp_path / name).read_text()))
    ended = [event for event in events_of(conductor, job_id) if event["type"] == "sheet.cancelled"]
    assert ended[0]["data"]["processes_ended"] >= 2


def test_what_a_good_sheet_leaves_running_is_ended_and_counted(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, named(tmp_path, "sheets:\n  - run: (setsid sleep 600 &) ; sleep 0.1; echo ok"))
    until(conductor, job_id, "completed")
    assert sheets_of(conductor, job_id)["1"]["processes_ended"] == 1


def test_a_resume_of_a_failed_job_keeps_finished_sheets_and_runs_the_others_again(
    conductor: Conductor, tmp_path: Path
) -> None:
    job_id = submit(
        conductor, named(tmp_path, "sheets:\n  - run: echo x >> first\n  - run: test -e cure\n  - run: touch third")
    )
    view = until(conductor, job_id, "failed")
    assert (view["sheets_skipped"], view["sheets_blocked"]) == (1, 1)
    assert [each["skip_kind"] for each in sheets_of(conductor, job_id).values()] == ["", "", "blocked"]
    (tmp_path / "cure").touch()
    ask(conductor.settings.socket, "job.resume", {"job_id": job_id})
    assert until(conductor, job_id, "completed")["sheets_completed"] == 3
    assert (tmp_path / "first").read_text() == "x\n"
    assert sheets_of(conductor, job_id)["2"]["attempts"] == 2


def test_a_resume_of_a_cancelled_job_runs_what_did_not_finish(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(
        conductor, named(tmp_path, f"sheets:\n  - run: echo x >> first\n  - run: touch begun; {GATE.format(name='go')}")
    )
    wait_for_file(tmp_path / "begun")
    ask(conductor.settings.socket, "job.cancel", {"job_id": job_id})
    until(conductor, job_id, "cancelled")
    (tmp_path / "go").touch()
    ask(conductor.settings.socket, "job.resume", {"job_id": job_id})
    until(conductor, job_id, "completed")
    assert (tmp_path / "first").read_text() == "x\n"


def test_from_sheet_runs_that_sheet_and_its_dependents_again(conductor: Conductor, tmp_path: Path) -> None:
    body = "sheets:\n  - {name: a, run: echo a >> ran}\n  - {name: b, needs: [a], run: echo b >> ran}\n  - {name: c, needs: [b], run: 'echo c >> ran; test -e cure'}"
    job_id = submit(conductor, named(tmp_path, body))
    until(conductor, job_id, "failed")
    (tmp_path / "cure").touch()
    ask(conductor.settings.socket, "job.resume", {"job_id": job_id, "from_sheet": "b"})
    until(conductor, job_id, "completed")
    assert (tmp_path / "ran").read_text().split() == ["a", "b", "c", "b", "c"]


def test_retries_wait_their_delay_and_are_counted(conductor: Conductor, tmp_path: Path) -> None:
    body = "sheets:\n  - run: date +%s%N >> at; test $(wc -l < at) -ge 3\n    retry: {max_retries: 2, base_delay_seconds: 0.3, jitter: false}"
    job_id = submit(conductor, named(tmp_path, body))
    until(conductor, job_id, "completed")
    moments = [int(line) / 1e9 for line in (tmp_path / "at").read_text().split()]
    assert len(moments) == 3
    assert moments[1] - moments[0] >= 0.3
    assert moments[2] - moments[1] >= 0.6
    assert types_of(conductor, job_id).count("sheet.retrying") == 2


def test_a_time_limit_ends_the_sheet_with_its_own_reason(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, named(tmp_path, "sheets:\n  - run: sleep 600\n    timeout_seconds: 0.3"))
    assert "time limit of 0.3 s" in until(conductor, job_id, "failed")["reason"]


@pytest.mark.parametrize(
    ("run", "rule", "good"),
    [
        ("touch there", "{file_exists: there}", True),
        ("true", "{file_exists: there}", False),
        ("touch old", "{file_modified: old}", True),
        ("cat old", "{file_modified: old}", False),
        ("echo abc > f", "{content_contains: {path: f, pattern: bc}}", True),
        ("echo abc > f", "{content_contains: {path: f, pattern: bd}}", False),
        ("echo a12 > f", '{content_regex: {path: f, pattern: "a[0-9]+"}}', True),
        ("echo abc > f", '{content_regex: {path: f, pattern: "a[0-9]+"}}', False),
        ("touch f", "{command_succeeds: test -e f}", True),
        ("true", "{command_succeeds: test -e f}", False),
    ],
)
def test_each_validation_type_decides(conductor: Conductor, tmp_path: Path, run: str, rule: str, good: bool) -> None:
    (tmp_path / "old").touch()
    time.sleep(0.02)  # so that the file is older than the attempt, by any file system's clock
    job_id = submit(conductor, named(tmp_path, f"sheets:\n  - run: '{run}'\n    validate: [{rule}]"))
    view = until(conductor, job_id, "completed", "failed")
    assert view["status"] == ("completed" if good else "failed")
    check = sheets_of(conductor, job_id)["1"]["validations"][0]
    assert check["passed"] is good
    assert check["expected"]
    assert check["found"]


def test_a_condition_sees_a_sheet_before_start_sheet_as_the_job_shows_it(conductor: Conductor, tmp_path: Path) -> None:
    body = """sheets:
  - {name: a, run: touch a}
  - {name: b, run: touch b, skip_when: 'statuses["a"] == "skipped"'}"""
    job_id = submit(conductor, named(tmp_path, body), start_sheet=2)
    view = until(conductor, job_id, "completed")
    assert (view["sheets_skipped"], view["sheets_before_start"], view["sheets_blocked"]) == (2, 1, 0)
    kinds = [each["skip_kind"] for each in sheets_of(conductor, job_id).values()]
    assert kinds == ["before_start", "condition"]
    assert not (tmp_path / "b").exists()


def test_start_sheet_counts_the_sheets_before_it_as_satisfied(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, named(tmp_path, "sheets:\n  - run: touch one\n  - run: touch two"), start_sheet=2)
    view = until(conductor, job_id, "completed")
    assert (view["sheets_completed"], view["sheets_skipped"]) == (1, 1)
    assert not (tmp_path / "one").exists()
    assert (tmp_path / "two").exists()


def test_a_dry_run_runs_and_stores_nothing(conductor: Conductor, tmp_path: Path) -> None:
    score = named(tmp_path / "ws", "sheets:\n  - run: touch one")
    reply = ask(conductor.settings.socket, "job.submit", {"config_content": score, "dry_run": True})
    assert reply["plan"]["sheets_total"] == 1
    assert not (tmp_path / "ws").exists()
    listed = ask(conductor.settings.socket, "job.list", {"limit": 500})["jobs"]
    assert all(job["workspace"] != str(tmp_path / "ws") for job in listed)


def test_a_numbered_score_runs_as_it_is_written(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, f"""
name: numbered
workspace: {tmp_path}
instrument: cli
sheet: {{size: 2, total_items: 4, dependencies: {{2: [1]}}}}
prompt:
  template: "echo {{{{ sheet_num }}}}/{{{{ total_sheets }}}} {{{{ start_item }}}}-{{{{ end_item }}}} {{{{ word }}}} >> out"
  variables: {{word: hello}}
pause_between_sheets_seconds: 0
validations:
  - {{type: file_exists, path: "{{workspace}}/out"}}
""")  # fmt: skip
    until(conductor, job_id, "completed")
    assert (tmp_path / "out").read_text() == "1/2 1-2 hello\n2/2 3-4 hello\n"


def test_a_later_sheet_sees_the_output_of_earlier_ones(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, f"""
name: cross
workspace: {tmp_path}
instrument: cli
sheet: {{size: 1, total_items: 2}}
prompt:
  template: "{{% if sheet_num == 1 %}}echo from-one{{% else %}}echo got {{{{ previous_outputs[1] }}}} > out{{% endif %}}"
cross_sheet: {{auto_capture_stdout: true}}
pause_between_sheets_seconds: 0
""")  # fmt: skip
    until(conductor, job_id, "completed", "failed")
    assert (tmp_path / "out").read_text() == "got from-one\n"


def test_a_condition_holds_again_when_its_sheet_is_asked_to_run_again(conductor: Conductor, tmp_path: Path) -> None:
    body = """sheets:
  - {name: a, run: echo a >> ran}
  - {name: b, run: echo b >> ran, skip_when: "statuses['a'] == 'completed'"}
  - {name: d, run: echo d >> ran; exit 1}"""
    job_id = submit(conductor, named(tmp_path, body))
    until(conductor, job_id, "failed")
    assert ask(conductor.settings.socket, "job.resume", {"job_id": job_id, "from_sheet": "a"})["status"] == "accepted"
    until(conductor, job_id, "failed")
    assert (tmp_path / "ran").read_text().split() == ["a", "d", "a", "d"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ('trap "exit 0" TERM; sleep 60 & wait', "still running after 0.5 s, so it was stopped"),
        ("no-such-command", "exit code 127: a command was not found"),
        ("/etc/passwd", "exit code 126: it could not be run"),
        ("kill -KILL $$", "ended by signal 9"),
        ('bash -c "kill -SEGV \\$\\$"; exit $?', "exit code 139: a command was ended by signal 11"),
    ],
)
def test_a_skip_command_without_an_answer_fails_the_sheet_instead_of_running_it(
    conductor: Conductor, tmp_path: Path, command: str, why: str
) -> None:
    skip = json.dumps({"command": command, "timeout_seconds": 0.5 if "after 0.5 s" in why else 50})
    body = f"sheets:\n  - {{run: touch ran, skip_when_command: {skip}, retry: {{max_retries: 2}}}}"
    view = until(conductor, submit(conductor, named(tmp_path, body)), "completed", "failed")
    assert (view["status"], view["sheets_failed"]) == ("failed", 1)
    assert f"skip_when_command cannot be judged: {why}" in view["reason"]
    assert not (tmp_path / "ran").exists()


def test_a_skip_command_runs_in_bash_with_the_environment_of_the_sheet(conductor: Conductor, tmp_path: Path) -> None:
    skip = json.dumps('[[ $GIVEN == yes && $PODIUM_SHEET == a && $PWD -ef "$PODIUM_WORKSPACE" ]]')
    body = f"sheets:\n  - {{name: a, run: touch ran, env: {{GIVEN: 'yes'}}, skip_when_command: {skip}}}"
    assert until(conductor, submit(conductor, named(tmp_path, body)), "completed", "failed")["sheets_skipped"] == 1
    assert not (tmp_path / "ran").exists()


def test_from_sheet_before_start_sheet_runs_only_what_depends_on_it(conductor: Conductor, tmp_path: Path) -> None:
    body = """sheets:
  - {name: a, run: echo a >> ran}
  - {name: b, run: echo b >> ran}
  - {name: c, needs: [a], run: echo c >> ran; exit 1}"""
    job_id = submit(conductor, named(tmp_path, body), start_sheet=3)
    until(conductor, job_id, "failed")
    assert ask(conductor.settings.socket, "job.resume", {"job_id": job_id, "from_sheet": "a"})["status"] == "accepted"
    view = until(conductor, job_id, "failed")
    assert (view["sheets_completed"], view["sheets_skipped"]) == (1, 1)
    assert (tmp_path / "ran").read_text().split() == ["c", "a", "c"]


def test_a_skip_command_skips_and_lets_dependents_run(conductor: Conductor, tmp_path: Path) -> None:
    body = "sheets:\n  - {name: a, run: touch a, skip_when_command: {command: 'true'}}\n  - {name: b, needs: [a], run: touch b}"
    job_id = submit(conductor, named(tmp_path, body))
    view = until(conductor, job_id, "completed", "failed")
    assert (view["status"], view["sheets_skipped"], view["sheets_completed"]) == ("completed", 1, 1)
    assert not (tmp_path / "a").exists()


def test_a_changed_score_is_taken_between_sheets_and_finished_ones_are_kept(
    conductor: Conductor, tmp_path: Path
) -> None:
    first = named(
        tmp_path,
        f"sheets:\n  - {{name: a, run: echo a >> ran}}\n  - {{name: b, needs: [a], run: 'touch begun; {GATE.format(name='go')}'}}\n  - {{name: c, needs: [b], run: echo old >> ran}}",
    )
    job_id = submit(conductor, first)
    wait_for_file(tmp_path / "begun")
    second = named(
        tmp_path,
        "sheets:\n  - {name: zero, needs: [], run: echo zero >> ran}\n  - {name: a, needs: [zero], run: echo again >> ran}\n  - {name: b, needs: [a], run: 'false'}\n  - {name: c, needs: [b, zero], run: echo new >> ran}",
    )
    reply = ask(conductor.settings.socket, "job.modify", {"job_id": job_id, "config_content": second})
    assert (reply["status"], reply["pending"]) == ("accepted", True)
    (tmp_path / "go").touch()
    view = until(conductor, job_id, "completed", "failed")
    assert (view["status"], view["sheets_total"], view["sheets_completed"]) == ("completed", 4, 4)
    assert (tmp_path / "ran").read_text().split() == ["a", "zero", "new"]
    assert sheets_of(conductor, job_id)["b"]["exit_code"] == 0
    check_history(conductor, job_id)


def test_the_log_of_a_running_sheet_shows_what_was_written_a_moment_ago(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(
        conductor, named(tmp_path, f"sheets:\n  - run: echo early; touch begun; {GATE.format(name='go')}; echo late")
    )
    wait_for_file(tmp_path / "begun")
    early = ask(conductor.settings.socket, "job.log", {"job_id": job_id})
    assert ([line["text"] for line in early["lines"]], early["running"]) == (["early"], True)
    (tmp_path / "go").touch()
    until(conductor, job_id, "completed")
    late = ask(conductor.settings.socket, "job.log", {"job_id": job_id, "mode": "range", "cursor": early["cursor"]})
    assert ([line["text"] for line in late["lines"]], late["running"]) == (["late"], False)


def test_health_is_that_of_the_running_tree(conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(conductor, named(tmp_path, "sheets:\n  - run: echo $$ > pid; touch begun; while true; do :; done"))
    wait_for_file(tmp_path / "begun")
    health: dict[str, Any] = {}

    def is_busy() -> bool:  # the processor may have been with others while it was measured
        health.update(ask(conductor.settings.socket, "job.health", {"job_id": job_id}))
        return bool(health["is_alive"] and health["cpu_percent"])

    until_holds(is_busy)
    assert psutil.pid_exists(health["pid"])
    assert health["cpu_percent"] > 0
    assert health["memory_mb"] > 0
    assert health["uptime_seconds"] >= 0
    ask(conductor.settings.socket, "job.cancel", {"job_id": job_id})
    until(conductor, job_id, "cancelled")


def test_two_jobs_in_one_workspace_are_warned_about(conductor: Conductor, tmp_path: Path) -> None:
    first = submit(conductor, named(tmp_path, f"sheets:\n  - run: {GATE.format(name='go')}"))
    reply = ask(
        conductor.settings.socket, "job.submit", {"config_content": named(tmp_path, "sheets:\n  - run: touch go")}
    )
    assert first in reply["job"]["warnings"][0]
    until(conductor, first, "completed")


def test_a_large_score_is_compiled_apart_with_the_same_answers(conductor: Conductor, tmp_path: Path) -> None:
    filler = "".join(f"  - {{name: s{num}, needs: [], run: 'true # {'x' * 50}'}}\n" for num in range(1500))
    good = named(tmp_path, f"sheets:\n{filler}")
    assert ask(conductor.settings.socket, "job.validate", {"config_content": good})["plan"]["sheets_total"] == 1500
    bad = ask(conductor.settings.socket, "job.validate", {"config_content": good + "  - {nam: wrong, run: 'true'}\n"})
    assert (bad["valid"], bad["code"]) == (False, "SCORE_INVALID")
    assert bad["problems"][0]["line"] == 1504
