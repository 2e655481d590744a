"""`podium timeline`, `plan` and `report` as real processes: what they print, and the files that they write."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from podium.cli.commands import plan, timeline
from podium.cli.terminal.states import MARKS as IN_LISTS
from podium.contract.models import PlanView
from podium.contract.record import JobRecord
from podium.plots.words import MARKS
from podium.settings import Settings
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor
from tests.support.records import crowd, nightly, wide_plan
from tests.support.records import plan as plan_view
from tests.support.screens import WIDTHS, check_screen, drawn, in_pipe, in_terminal, time_stands_still

SCORE = """
name: drawn
sheets:
  - {name: fetch, run: echo fetched}
  - {name: tests, needs: [fetch], foreach: {n: [1, 2]}, run: "echo {{ n }}", validate: [{command_succeeds: "true"}]}
  - {name: report, needs: [tests], run: "echo 'a <b> ]]>'; exit 4"}
  - {name: after, needs: [report], run: "true"}
"""


@pytest.fixture(scope="module")
def failed(shared_conductor: Conductor) -> str:
    """Return the id of a job that failed."""
    job_id = submit(shared_conductor, SCORE)
    until(shared_conductor, job_id, "failed")
    return job_id


@pytest.fixture
def home(shared_conductor: Conductor) -> Settings:
    return shared_conductor.settings


@pytest.fixture
def score(short_tmp: Path) -> str:
    path = short_tmp / "drawn.yaml"
    path.write_text(SCORE)
    return str(path)


@pytest.mark.parametrize("columns", [80, 120])
def test_a_timeline_fits_the_terminal_and_shows_the_path(home: Settings, failed: str, columns: int) -> None:
    shown = in_terminal(home, "timeline", failed, columns=columns)
    assert shown.code == 0
    lines = shown.screen.lines
    assert lines[0] == f"{failed}  ✗ failed"
    assert lines[1].startswith("  submitted ")
    assert lines[4].startswith(" ▸✓ fetch")
    assert any("✗ report" in line and "failed: exit code 4" in line for line in lines)
    assert any("critical path: fetch → tests[" in line for line in lines)
    assert any("red" in style for style in shown.screen.styles)


def test_a_timeline_in_a_pipe_is_plain_text(home: Settings, failed: str) -> None:
    shown = in_pipe(home, "timeline", failed)
    assert "✗ report" in shown.plain


def test_where_only_ascii_can_be_written_a_timeline_is_of_ascii(home: Settings, failed: str) -> None:
    line = [sys.executable, "-m", "podium", "timeline", failed, "--home", str(home.home)]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    text = subprocess.run(line, env=env, capture_output=True, check=True, timeout=45).stdout.decode("ascii")
    assert "x report" in text
    assert "====" in text
    assert "skipped: blocked by failed shee~" in text
    assert "\\u" not in text


def test_a_job_can_be_named_by_a_prefix_or_be_unknown(home: Settings, failed: str) -> None:
    assert in_pipe(home, "timeline", failed[:-2]).code == 0
    unknown = in_pipe(home, "timeline", "nobody")
    assert unknown.code == 1
    assert "'nobody' not found" in unknown.plain


def test_a_running_job_is_drawn_up_to_now(home: Settings, shared_conductor: Conductor, short_tmp: Path) -> None:
    gate = short_tmp / "gate"
    os.mkfifo(gate)
    job_id = submit(shared_conductor, f"name: goes\nsheets:\n  - {{name: waits, run: 'echo go >{gate}'}}\n")
    until(shared_conductor, job_id, "running")
    shown = in_pipe(home, "timeline", job_id).plain
    assert "so far" in shown
    assert "running for" in shown
    assert gate.read_text() == "go\n"
    until(shared_conductor, job_id, "completed")


def test_json_is_the_whole_record(home: Settings, failed: str) -> None:
    told = json.loads(in_pipe(home, "timeline", failed, "--json").plain)
    record = JobRecord.model_validate(told)
    assert [each.outcome for each in record.attempts] == ["completed", "completed", "completed", "failed"]
    with_output = JobRecord.model_validate(json.loads(in_pipe(home, "report", failed, "--json").plain))
    assert [line.text for output in with_output.outputs for line in output.lines if output.sheet == 4] == ["a <b> ]]>"]


def test_a_timeline_is_written_as_a_picture(home: Settings, failed: str, short_tmp: Path) -> None:
    path = short_tmp / "line.svg"
    shown = in_pipe(home, "timeline", failed, "--svg", str(path))
    assert (shown.code, shown.plain) == (0, f"wrote {path}\n")
    assert ElementTree.parse(path).getroot().tag.endswith("svg")  # noqa: S314 -- ours
    assert in_pipe(home, "timeline", failed, "--svg", "-").plain == path.read_text()
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_picture_that_cannot_be_written_leaves_nothing(home: Settings, failed: str, short_tmp: Path) -> None:
    shown = in_pipe(home, "timeline", failed, "--svg", str(short_tmp / "missing" / "line.svg"))
    assert shown.code == 2
    assert "No such file" in shown.plain
    (short_tmp / "taken.svg").mkdir()
    assert in_pipe(home, "timeline", failed, "--svg", str(short_tmp / "taken.svg")).code == 2
    assert [path.name for path in short_tmp.iterdir()] == ["taken.svg"]


def test_a_plan_has_levels_needs_and_what_is_run(home: Settings, score: str) -> None:
    text = in_pipe(home, "plan", score).plain
    assert text.startswith("drawn: 5 sheets in 4 levels")
    assert "    1  fetch" in text
    assert "tests[2]" in text
    assert "1 validation" in text
    assert "echo fetched" in text


def test_a_plan_comes_from_stdin_too(home: Settings) -> None:
    assert "4 levels" in in_pipe(home, "plan", "-", given=SCORE).plain


@pytest.mark.parametrize(
    ("option", "begin"), [("--mermaid", "flowchart LR\n"), ("--dot", 'digraph "drawn" {\n'), ("--svg=-", "<svg")]
)
def test_the_graph_of_a_plan_in_three_languages(home: Settings, score: str, option: str, begin: str) -> None:
    shown = in_pipe(home, "plan", score, option)
    assert shown.plain.startswith(begin)
    assert "report" in shown.plain


def test_a_plan_as_json_and_as_a_picture_at_once_is_refused(home: Settings, score: str) -> None:
    assert in_pipe(home, "plan", score, "--json", "--dot").code == 2
    assert PlanView.model_validate(json.loads(in_pipe(home, "plan", score, "--json").plain)).sheets_total == 5


def test_a_score_that_is_not_valid_has_no_plan(home: Settings) -> None:
    shown = in_pipe(home, "plan", "-", given="name: x\nsheets: [{run: true, nedes: [y]}]\n")
    assert shown.code == 2
    assert "nedes" in shown.plain


def test_a_report_is_one_page_with_all_that_is_known(home: Settings, failed: str, short_tmp: Path) -> None:
    page, xml = short_tmp / "r.html", short_tmp / "r.xml"
    shown = in_pipe(home, "report", failed, "-o", str(page), "--junit", str(xml))
    assert shown.plain == f"wrote {xml}\nwrote {page}\n"
    text = page.read_text()
    assert "a &lt;b&gt; ]]&gt;" in text
    assert "echo fetched" in text
    assert "command_succeeds" in text
    root = ElementTree.parse(xml).getroot()  # noqa: S314 -- ours
    assert root.attrib["failures"] == "1"
    assert [(case.get("name"), [each.tag for each in case]) for case in root.iter("testcase")] == [
        ("fetch", ["system-out"]),
        ("tests[1]", ["system-out"]),
        ("tests[2]", ["system-out"]),
        ("report", ["failure", "system-out"]),
        ("after", ["skipped"]),
    ]


def test_only_junit_is_written_if_only_that_is_asked_for(home: Settings, failed: str) -> None:
    shown = in_pipe(home, "report", failed, "--junit", "-")
    assert shown.plain.startswith("<?xml")
    assert "<!doctype" not in shown.plain


@pytest.mark.parametrize("columns", WIDTHS)
def test_timelines_and_plans_on_a_screen(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    with time_stands_still(monkeypatch):
        check_screen("timeline-nightly", drawn(lambda: timeline.draw(nightly(), None, everything=False), columns))
        check_screen("timeline-crowd", drawn(lambda: timeline.draw(crowd(), None, everything=False), columns))
        check_screen("plan-nightly", drawn(lambda: plan.draw_table(plan_view(), everything=False), columns))
    plain = drawn(lambda: timeline.draw(nightly(), None, everything=False), columns, NO_COLOR="1")
    assert plain.styles == []


def test_all_of_hundreds_of_sheets_have_rows_if_asked_for() -> None:
    assert len(drawn(lambda: timeline.draw(crowd(100), None, everything=False), 80).lines) < 15
    assert len(drawn(lambda: timeline.draw(crowd(100), None, everything=True), 80).lines) > 100
    assert len(drawn(lambda: plan.draw_table(wide_plan(), everything=False), 80).lines) < 10
    assert len(drawn(lambda: plan.draw_table(wide_plan(), everything=True), 80).lines) > 400


def test_marks_are_those_of_the_lists() -> None:
    theirs = {**IN_LISTS, "hold": IN_LISTS["holding"]}
    assert {state: theirs[state][0] for state in MARKS} == MARKS


@pytest.mark.parametrize("words", [("timeline", "--svg", "x.svg", "--json"), ("report", "-o", "-", "--junit", "-")])
def test_two_answers_for_one_place_are_refused(home: Settings, failed: str, words: tuple[str, ...]) -> None:
    command, *options = words
    done = in_pipe(home, command, failed, *options)
    assert done.code == 2
    assert "exclude each other" in done.plain or "cannot both go to stdout" in done.plain
