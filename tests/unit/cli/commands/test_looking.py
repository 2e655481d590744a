"""The commands that show jobs and wait for them, each at a real conductor: words, `--json`, filters, errors and exit codes."""

import io
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.cli import main
from podium.cli.commands import list as list_command
from podium.cli.commands import wait as wait_command
from podium.cli.terminal import details
from podium.cli.terminal.live import Live
from podium.contract.waits import WaitView
from podium.settings import Settings
from tests.support.answers import answer
from tests.support.commands import podium
from tests.support.job_views import EVERY_STATE, job
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask
from tests.support.screens import Terminal, in_pipe, in_terminal

FAILED = """
name: nightly
sheets:
  - {name: tests, run: "echo all is well; printf '\\\\033[31mbroken\\\\033[0m' >&2; exit 3"}
  - {name: report, needs: [tests], run: 'true'}
"""
HELD = "name: held\nsheets: [{name: deploy, hold: 'Deploy to production?', run: 'true'}]\n"
DONE = "name: done\nsheets: [{name: a, run: echo listening on 80}, {name: b, run: 'true'}, {run: 'true'}]\n"


class Jobs:
    """Jobs of a conductor, one in each state that matters here; `slow` runs until its gate is opened."""

    def __init__(self, conductor: Conductor, folder: Path) -> None:
        self.home = conductor.settings
        self.conductor = conductor
        self.gate = folder / "gate"
        os.mkfifo(self.gate)
        self.slow = submit(conductor, f"name: slow\nsheets: [{{name: waits, run: 'echo ready; cat {self.gate}'}}]\n")
        self.done = submit(conductor, DONE)
        self.failed = submit(conductor, FAILED)
        self.held = submit(conductor, HELD)
        self.cancelled = submit(conductor, HELD.replace("held", "dropped"))
        self.twins = [submit(conductor, DONE.replace("done", "twin")) for _ in range(2)]
        until(conductor, self.cancelled, "paused")
        ask(self.home.socket, "job.cancel", {"job_id": self.cancelled})
        states = {
            "completed": [self.done, *self.twins],
            "failed": [self.failed],
            "paused": [self.held],
            "cancelled": [self.cancelled],
        }
        for status, ids in states.items():
            for job_id in ids:
                until(conductor, job_id, status)
        self.newest = [*self.twins[::-1], self.cancelled, self.held, self.failed, self.done, self.slow]


@pytest.fixture(scope="module")
def made(shared_conductor: Conductor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    jobs = Jobs(shared_conductor, tmp_path_factory.mktemp("gates"))
    yield jobs
    ask(jobs.home.socket, "job.cancel", {"job_id": jobs.slow})


def test_a_list_has_the_newest_jobs_first_and_can_be_narrowed(made: Jobs) -> None:
    def ids(*options: str) -> list[str]:
        return in_pipe(made.home, "list", "-q", *options).plain.split()

    assert ids() == made.newest
    assert ids("--status", "ended", "--name", "twin", "-n", "1") == made.newest[:1]
    assert ids("-s", "failed") == [made.failed]
    assert ids("--name", "nothing") == []
    few = in_pipe(made.home, "list", "-n", "2").plain
    assert f"2 of {len(made.newest)} jobs; `podium list --all` lists them all." in few
    shown = in_pipe(made.home, "list").plain.splitlines()
    assert [each.split()[0] for each in shown] == ["JOB", *made.newest]
    assert "✗ failed" in shown[5]
    assert "0 of 2" in shown[5]
    assert shown[5].endswith("sheet tests failed: exit code 3")


def test_all_jobs_are_listed_however_many_pages_that_takes(
    made: Jobs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(list_command, "MOST", 2)
    assert main(["list", "--all", "-q", "--home", str(made.home.home)]) == 0
    assert capsys.readouterr().out.split() == made.newest
    assert main(["list", "-n", "5", "--json", "--home", str(made.home.home)]) == 0
    page = answer("list", capsys.readouterr().out)
    assert [each.job_id for each in page.jobs] == made.newest[:5]
    assert page.total == len(made.newest)


def test_a_job_is_shown_by_id_beginning_and_name_with_what_comes_next(made: Jobs) -> None:
    by_name = in_pipe(made.home, "show", "nightly")
    assert by_name.code == 0
    text = by_name.plain
    assert text.startswith(f"{made.failed}  ✗ failed\n  0 of 2 sheets completed, 1 failed, 1 blocked\n")
    assert "✗ failed" in next(each for each in text.splitlines() if each.startswith("  tests "))
    assert f"next: podium explain {made.failed}\n" in text
    assert in_pipe(made.home, "show", made.failed[:-2]).plain.splitlines()[0] == text.splitlines()[0]
    assert f"next: podium resume {made.held}\n" in in_pipe(made.home, "show", "held").plain


def test_a_job_as_json_has_all_of_its_sheets(
    made: Jobs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(details, "PAGE", 2)
    assert main(["show", "done", "--json", "--home", str(made.home.home)]) == 0
    found = answer("show", capsys.readouterr().out)
    assert [each.sheet for each in found.sheets] == [1, 2, 3]
    assert (found.job.job_id, found.sheets_cursor) == (made.done, "")


def test_the_score_of_a_job_comes_as_it_was_given(made: Jobs, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "done", "--score", "--home", str(made.home.home)]) == 0
    shown = capfd.readouterr()
    assert shown.out == DONE
    assert f"# {made.done}: given as text" in shown.err
    as_json = answer("show --score", in_pipe(made.home, "show", "done", "--score", "--json").plain)
    assert as_json.text.lines == DONE.splitlines()
    assert in_pipe(made.home, "show", "done", "--score", "--all").code == 2


def test_a_failure_is_explained_with_the_end_of_the_output_and_what_to_do(made: Jobs) -> None:
    text = in_pipe(made.home, "explain", "nightly").plain
    assert "  the end of what tests wrote to stderr:\n   | broken\n" in text
    assert f"next: podium edit {made.failed}\n" in text
    assert f"podium resume {made.failed}" in text
    view = answer("explain", in_pipe(made.home, "explain", "nightly", "--json").plain)
    assert (view.kind, view.sheet.name, view.blocked) == ("failed", "tests", ["report"])


def test_the_status_counts_sheets_as_people_do_and_is_a_view_as_json(made: Jobs, home: Settings) -> None:
    text = in_pipe(made.home, "status").plain
    assert f"pid {made.conductor.pid}, up " in text
    assert "1 of 16 sheets running; jobs: 1 running, 0 queued, 7 in all" in text
    assert "3 of 3" in next(each for each in text.splitlines() if each.startswith(made.done))
    seen = answer("status", in_pipe(made.home, "status", "--json").plain)
    assert (seen.running, seen.conductor.pid, len(seen.jobs)) == (True, made.conductor.pid, 7)
    none = podium(home, "status", "--json")
    assert (none.returncode, answer("status", none.stdout).error.code) == (5, "CONDUCTOR_NOT_RUNNING")
    assert none.stderr.startswith("podium: No conductor is running")


@pytest.mark.parametrize("word", ["show", "explain", "wait"])
def test_a_job_that_is_unknown_and_a_name_of_several_are_errors(made: Jobs, word: str) -> None:
    unknown = in_pipe(made.home, word, "nobody")
    assert (unknown.code, "Job 'nobody' not found" in unknown.plain) == (1, True)
    several = in_pipe(made.home, word, "twin")
    assert several.code == 1
    assert all(f"{each} (completed)" in several.plain for each in made.twins)


def test_a_wrong_option_is_refused(made: Jobs) -> None:
    assert in_pipe(made.home, "list", "--status", "nonsense").code == 2
    assert in_pipe(made.home, "list", "-n", "0").code == 2
    without_unit = in_pipe(made.home, "wait", "slow", "--timeout", "10")
    assert (without_unit.code, "Write it as one of 10s, 10m, 10h, 10d." in without_unit.plain) == (2, True)
    assert in_pipe(made.home, "wait", "slow", "--timeout", "soon").code == 2
    assert in_pipe(made.home, "wait", "slow", "--pattern", "(").code == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["done"], 0),
        (["nightly"], 1),
        (["dropped"], 3),
        (["held"], 4),
        (["done", "held"], 4),
        (["held", "dropped"], 3),
        (["done", "nightly", "dropped"], 1),
        (["--any", "slow", "done"], 0),
        (["--any", "slow", "nightly"], 1),
        (["slow", "--timeout", "0"], 7),
        (["slow", "done", "--timeout", "100ms"], 7),
        (["slow", "--pattern", "^rea.y$"], 0),
        (["done", "--pattern", "listening on"], 0),
        (["done", "--pattern", "no such line"], 1),
        (["nobody"], 1),
    ],
)
def test_the_exit_code_of_a_wait_says_how_the_worst_job_ended(made: Jobs, words: list[str], code: int) -> None:
    shown = in_pipe(made.home, "wait", *words)
    assert shown.code == code, shown.plain
    assert "waiting for" not in shown.plain


def test_a_wait_prints_how_jobs_ended_or_the_line_that_matched(made: Jobs) -> None:
    both = in_pipe(made.home, "wait", "done", "nightly").plain.splitlines()
    assert re.fullmatch(rf"{made.done} completed: 3 of 3 sheets in \d\.\d s", both[0])
    assert both[1].startswith(f"{made.failed} failed: 0 of 2 sheets completed, 1 failed, 1 blocked (sheet tests")
    assert in_pipe(made.home, "wait", "done", "--pattern", "listening").plain == f"{made.done} a: listening on 80\n"
    over = in_pipe(made.home, "wait", "slow", "-t", "0").plain.splitlines()
    assert over == [f"{made.slow} running: 0 of 1 sheet completed, running waits", "The time is over; the job goes on."]
    as_json = answer("wait", in_pipe(made.home, "wait", "slow", "-t", "0", "--json").plain)
    assert (as_json.woke_for, [each.job_id for each in as_json.jobs]) == ("timeout", [made.slow])


@pytest.mark.parametrize(
    "words", [("list",), ("show", "nightly"), ("explain", "nightly"), ("wait", "nightly"), ("status",)]
)
def test_colours_and_moves_are_only_on_terminals_that_have_them(made: Jobs, words: tuple[str, ...]) -> None:
    code = 1 if words[0] == "wait" else 0
    styled = in_terminal(made.home, *words)
    assert (styled.code, b"\x1b[" in styled.data) == (code, True)
    piped = in_pipe(made.home, *words)
    assert "failed" in piped.plain
    dumb = in_terminal(made.home, *words, TERM="dumb")
    assert (dumb.code, dumb.plain) == (code, dumb.data.decode().replace("\r\n", "\n"))
    assert in_terminal(made.home, *words, NO_COLOR="1").screen.styles == []


def test_a_wait_shows_on_a_terminal_how_the_jobs_are_and_outlasts_a_restart(
    revived_conductor: Conductor, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    job_id = submit(revived_conductor, f"name: long\nsheets: [{{name: build, run: 'cat {gate}'}}]\n")
    until(revived_conductor, job_id, "running")
    with Terminal(revived_conductor.settings, "wait", job_id) as terminal:
        terminal.until(f"{job_id} 0 of 1, running build")
        revived_conductor.kill()
        revived_conductor.start()
        gate.write_text("go")
        assert terminal.end() == 0
        [last] = terminal.screen.lines
        assert last.startswith(f"{job_id} completed: 1 of 1 sheet in ")


class _Control:
    """Stands in for the port: a wait for a stuck job is over at once, and it is stuck for two looks."""

    def __init__(self) -> None:
        stuck = EVERY_STATE[2]
        self.looks = [stuck, stuck, job(stuck.job_id)]

    async def wait(self, ids: Sequence[str], **asked: Any) -> WaitView:
        return WaitView(woke_for="settled", jobs=[self.looks.pop(0)], after="c", waited_seconds=0.0)


def test_a_job_that_is_stuck_has_not_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait_command, "STUCK_POLL_SECONDS", 0.0)
    control = _Control()
    asked = wait_command.Asked()
    waiter = wait_command.Waiter(control, ["stuck-44444"], asked, Live(io.StringIO()))  # type: ignore[arg-type]
    view = anyio.run(waiter.wait)
    assert (control.looks, wait_command.code_of_wait(view, asked)) == ([], 0)


def test_what_commands_print_as_json_is_refused_where_it_is_not_what_was_promised() -> None:
    page: dict[str, object] = {"jobs": [], "next_cursor": "", "total": 0, "total_at_least": False}
    assert answer("list", json.dumps(page)).total == 0
    wrongs: list[dict[str, object]] = [{**page, "more": 1}, {**page, "total": "0"}, {"jobs": []}]
    for wrong in wrongs:
        with pytest.raises((AssertionError, ValueError)):
            answer("list", json.dumps(wrong))
