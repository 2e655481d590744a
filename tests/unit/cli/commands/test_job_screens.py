"""What the commands that show jobs look like, at both widths: every state, few and many sheets, long and wide names."""

import re
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from podium.cli.commands.explain import show_explained
from podium.cli.commands.list import Asked, show_page
from podium.cli.commands.status import show_status
from podium.cli.commands.wait import show_waited, waiting_line
from podium.cli.terminal.details import show_detail
from podium.cli.terminal.door import line
from podium.conductor.views.explain import kind_of
from podium.contract.conductors import ConductorView, ProcessView
from podium.contract.models import ExplainView, JobDetail, JobPage, LogLine, LogView, ValidationView
from podium.contract.states import SUSPENDED
from podium.contract.waits import MatchView, WaitView
from podium.settings import Settings
from tests.support.job_views import EVERY_STATE, LONG, WIDE, before, detail, job, sheet
from tests.support.screens import WIDTHS, check_screen, drawn, in_terminal, time_stands_still

LONG_NAMES = [
    job(f"{LONG[:30].strip('-')}-x5rqa", "running", job_name=LONG, running=[LONG], sheets_total=300),
    job("nightly-7kq2a", "failed", job_name=WIDE, reason=f"sheet {WIDE} failed: exit code 3"),
    job("nightly-8lr3b"),
]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with time_stands_still(monkeypatch):
        yield


def check(name: str, *draws: Callable[[int], object]) -> None:
    """Compare what is drawn at both widths, one after another, with the golden files."""

    def draw(columns: int) -> None:
        for each in draws:
            each(columns)

    for columns in WIDTHS:
        check_screen(name, drawn(partial(draw, columns), columns))


def test_a_list_shows_every_state() -> None:
    check("list-states", lambda _: show_page(JobPage(jobs=EVERY_STATE, total=11), Asked()))


def test_a_list_of_long_and_wide_names_keeps_ids_whole() -> None:
    check("list-names", lambda _: show_page(JobPage(jobs=LONG_NAMES, total=3), Asked()))
    screen = drawn(lambda: show_page(JobPage(jobs=LONG_NAMES, total=3), Asked()), 80)
    assert all(each.job_id in screen.text for each in LONG_NAMES)
    assert len(screen.lines) == 4


def test_a_list_says_how_many_more_there_are_and_what_it_says_without_any() -> None:
    page = JobPage(jobs=[job()], next_cursor="c", total=312)
    check("list-more", lambda _: show_page(page, Asked(status="ended", name="night")))
    check("list-empty", lambda _: show_page(JobPage(), Asked()), lambda _: show_page(JobPage(), Asked(status="failed")))


@pytest.mark.parametrize("count", [3, 30, 300])
def test_a_job_is_shown_with_few_and_with_many_sheets(count: int) -> None:
    found = (
        detail(count)
        if count > 3
        else JobDetail(job=job(sheets_total=3, sheets_completed=3), sheets=[sheet(n) for n in (1, 2, 3)])
    )
    check(f"show-{count}", lambda columns: show_detail(found, columns, every=False))


def test_300_finished_sheets_are_one_line_unless_all_are_asked_for() -> None:
    done = JobDetail(
        job=job(sheets_total=300, sheets_completed=300), sheets=[sheet(number) for number in range(1, 301)]
    )
    check("show-300-done", lambda columns: show_detail(done, columns, every=False))
    folded = drawn(lambda: show_detail(done, 80, every=False), 80)
    assert "… 300 completed, 1.0 s to 5 min" in folded.text
    assert sum("✓ completed" in each for each in drawn(lambda: show_detail(done, 80, every=True), 80).lines) == 301


def test_a_job_of_long_and_wide_names_is_shown_within_the_width() -> None:
    sheets = [
        sheet(1, name=LONG * 2),
        sheet(2, "failed", name=WIDE, reason="exit code 3: " + "very long reason " * 9),
        sheet(3, name=""),
    ]
    found = JobDetail(
        job=LONG_NAMES[1], description="Builds all that there is to build, every night. " * 3, sheets=sheets
    )
    check("show-names", lambda columns: show_detail(found, columns, every=False))


def test_a_job_is_shown_in_every_state() -> None:
    check("show-states", *(partial(show_detail, JobDetail(job=each), every=False) for each in EVERY_STATE))


FAILED = ExplainView(
    job=next(each for each in EVERY_STATE if each.status == "failed"),
    kind="failed",
    cause=f"3 sheets failed, tests first. Sheet tests had 2 attempts. It was started at {before(100)}. 3 sheets are blocked.",
    sheet=sheet(
        4,
        "failed",
        name="tests",
        attempts=2,
        exit_code=3,
        validations=[
            ValidationView(
                type="file_exists", passed=False, expected="report.xml exists", found="no such file", seconds=0.1
            ),
            ValidationView(
                type="command",
                passed=False,
                expected="exit code 0",
                found="exit code 1",
                output="2 tests failed",
                seconds=0.1,
                description="no test fails",
            ),
            ValidationView(type="file_exists", passed=True, expected="x", found="x", seconds=0.1),
        ],
    ),
    earlier_attempts=["attempt 1 failed: exit code 3"],
    failed=["tests: exit code 3", "lint: exit code 1", "docs: timed out after 10 min"],
    output=LogView(
        job_id="failed-ddddd",
        sheet=4,
        sheet_name="tests",
        attempt=2,
        stream="stderr",
        lines=[LogLine(text=f"\x1b[31mE\x1b[0m  assert {number} == 42, {WIDE}") for number in range(30)]
        + [LogLine(text="next: podium rm", unfinished=True)],
        truncated=True,
    ),
    blocked=["report", "publish", "announce", "clean"],
    blocked_total=44,
    can_edit=True,
)


def test_a_failed_job_is_explained_with_what_it_wrote_set_off() -> None:
    check("explain-failed", lambda columns: show_explained(FAILED, columns))
    lines = drawn(lambda: show_explained(FAILED, 80), 80).lines
    assert "   | next: podium rm…" in lines
    assert [each for each in lines if each.startswith("next: ")] == ["next: podium logs failed-ddddd 4 --stderr"]


def test_every_other_state_is_explained() -> None:
    views = [
        ExplainView(
            job=each,
            kind=kind_of(each),
            waits_until=each.waiting_until or "",
            cause=f"Sheet train has been running since {before(4000)}." if each.stuck else "",
            sheet=sheet(1, "running", name="train", duration_seconds=4000.0) if each.stuck else None,
            can_edit=True,
        )
        for each in EVERY_STATE
        if each.status != "failed"
    ]
    check("explain-states", *(partial(show_explained, view) for view in views))


IN_QUEUE = f"in Slurm's queue as job 512, partition main: Resources; expected to start at {before(-600)}"


def test_the_sheets_of_a_job_on_a_cluster_say_where_they_are() -> None:
    found = JobDetail(
        job=job(status="running", running=["a", "b", "c"], sheets_total=5),
        sheets=[
            sheet(1, "running", name="a", place="on node f2 as Slurm job 512, partition main"),
            sheet(2, "running", name="b", duration_seconds=None, place=IN_QUEUE),
            sheet(3, "running", name="c", place=f"Slurm does not answer since {before(30)}: Unable to contact it"),
            sheet(4, "completed", name="d", place="Slurm job 509 on node f1", attempts=2, never_began=1),
            sheet(5, "running", name="e", reason=SUSPENDED, place="suspended on node f3 as Slurm job 84_4"),
        ],
    )
    check("show-cluster", lambda columns: show_detail(found, columns, every=False))


def test_a_job_that_waits_in_the_queue_of_a_cluster_is_explained() -> None:
    waits = f"sheet a waits in Slurm's queue: Resources; expected to start at {before(-600)}"
    view = ExplainView(
        job=job(status="running", running=["a"], reason=waits),
        kind="running",
        cause="Sheet a is in Slurm's queue as job 512, partition main. Resources means: it is next, and waits until enough "
        "of the cluster is free.",
        sheet=sheet(1, "running", name="a", duration_seconds=None, place=IN_QUEUE),
    )
    check("explain-cluster", partial(show_explained, view))


def test_where_a_sheet_ran_is_said_once_where_its_reason_says_it() -> None:
    where = "Slurm job 512 on node f2"
    ended = sheet(1, "failed", name="a", place=where, reason=f"cancelled on the cluster, and not by Podium ({where})")
    view = ExplainView(job=job(status="failed", reason=f"sheet a failed: {ended.reason}"), kind="failed", sheet=ended)
    told = " ".join(drawn(lambda: show_explained(view, 200), 200).lines)
    assert told.count(where) == 1
    elsewhere = view.model_copy(update={"sheet": ended.model_copy(update={"reason": "exit code 1"})})
    assert any("place" in each and where in each for each in drawn(lambda: show_explained(elsewhere, 200), 200).lines)


def test_a_wait_shows_how_the_jobs_are_and_how_they_ended() -> None:
    jobs = [EVERY_STATE[1], EVERY_STATE[-1], LONG_NAMES[0]]
    view = WaitView(woke_for="timeout", jobs=jobs, after="", waited_seconds=90.2)
    match = MatchView(
        job_id="server-x5rqa", sheet=1, attempt=1, stream="stdout", line=LogLine(text=f"listening on {WIDE}")
    )
    found = view.model_copy(update={"woke_for": "pattern", "match": match})

    def draw(columns: int) -> None:
        line(waiting_line([], 0.2, columns))
        line(waiting_line(jobs[:1], 135.9, columns))
        line(waiting_line(jobs, 4000.0, columns))
        show_waited(view, columns)
        show_waited(found, columns)

    check("wait", draw)


def test_the_status_shows_the_conductor_its_load_and_jobs() -> None:
    conductor = ConductorView(
        product="podium",
        version="1.2.3",
        pid=4711,
        uptime_seconds=190_000.0,
        running_jobs=2,
        queued_jobs=1,
        running_sheets=10,
        max_sheets=16,
        resources="6 of 8 CPUs, 12 GiB of 16 GiB of memory, 1 of 2 GPUs",
        socket="/run/user/1000/podium/podium.sock",
        processes=[
            ProcessView(role="keeper", pid=4712, version="3"),
            ProcessView(
                role="reader",
                version="1.2.3",
                restarts=1,
                last_death=f"{before(50)}: signal 9, at a score of 1,234,567 bytes that it read",
            ),
        ],
        store_trouble=f"the disk is full since {before(30)}",
        engines=["local: 4 attempts", f"slurm: 6 attempts; does not answer since {before(20)}"],
    )
    jobs = [job(sheets_total=174, sheets_completed=10, status="running", running=["tests"]), *EVERY_STATE[:2]]
    check("status", lambda columns: show_status(conductor, JobPage(jobs=jobs, total=312), columns))
    idle = conductor.model_copy(
        update={
            "store_trouble": "",
            "processes": [],
            "resources": "",
            "engines": ["local: 0 attempts"],
            "accepting_work": False,
        }
    )
    check("status-empty", lambda columns: show_status(idle, JobPage(), columns))


@pytest.mark.parametrize("words", [("list",), ("show", "x"), ("explain", "x"), ("wait", "x"), ("status",)])
def test_without_a_conductor_each_of_them_says_how_to_start_one(home: Settings, words: tuple[str, ...]) -> None:
    shown = in_terminal(home, *words)
    assert shown.code == 5
    check_screen("no-conductor", shown.screen, {re.escape(str(home.home)): "/home/ada/x"})
