"""Records of jobs for tests of what is drawn: a small one with all kinds of marks, a wide one, and hostile names."""

from collections.abc import Iterable, Sequence
from typing import Any

from podium.contract.models import (
    EventView,
    JobView,
    LogLine,
    LogView,
    PlanSheetView,
    PlanView,
    SheetView,
    ValidationView,
)
from podium.contract.record import AttemptView, JobRecord
from podium.times import iso

BEGAN = 1_767_323_045.0  # 2026-01-02T03:04:05Z
HOSTILE = "</title><script>alert(1)</script>\"' onload=alert(1) javascript:alert(2) \x1b[31mred\x1b[0m \u202eback\u202c \0 &amp; ]]>"


def at(seconds: float) -> str:
    """Return the time so many seconds after the beginning."""
    return iso(BEGAN + seconds)


def attempt(
    sheet: int, number: int, start: float, end: float | None, outcome: Any = "completed", **more: Any
) -> AttemptView:
    """Return an attempt between two seconds after the beginning."""
    facts = {"instrument": "cli", "end_reason": "exited" if end is not None else "", **more}
    finished = None if end is None else at(end)
    return AttemptView(
        sheet=sheet, attempt=number, outcome=outcome, started_at=at(start), finished_at=finished, **facts
    )


class Events:
    """Makes the events of a job in their order."""

    def __init__(self, job_id: str) -> None:
        self._job_id = job_id
        self.made: list[EventView] = []

    def add(self, kind: str, seconds: float, **data: Any) -> None:
        """Add an event so many seconds after the beginning."""
        seq = len(self.made) + 1
        self.made.append(EventView(seq=seq, job_id=self._job_id, job_seq=seq, type=kind, at=at(seconds), data=data))


def job_view(status: Any, sheets: Sequence[SheetView], took: float | None, **more: Any) -> JobView:
    """Return the short view of a job with these sheets."""
    counts = {kind: sum(each.status == kind for each in sheets) for kind in ("completed", "failed", "skipped")}
    facts: dict[str, Any] = {
        "job_id": "nightly-x7k2q",
        "job_name": "nightly",
        "status": status,
        "sheets_total": len(sheets),
        "sheets_completed": counts["completed"],
        "sheets_failed": counts["failed"],
        "sheets_skipped": counts["skipped"],
        "workspace": "/srv/nightly",
        "config_path": "/srv/nightly.yaml",
        "submitted_at": at(0),
        "started_at": at(1),
        "finished_at": None if took is None else at(took),
        "cursor": "h1:99",
        **more,
    }
    return JobView.model_validate(facts)


def nightly() -> JobRecord:
    """Return a job with retries, a rate limit, an approval, a pause, a lost attempt, a failure and what that blocks."""
    check = ValidationView(
        type="content_contains", passed=False, expected="report.md contains '## Summary'",
        found="a file of 12 bytes without it", output="'All is well.'", seconds=0.01,
    )  # fmt: skip
    good = ValidationView(type="file_exists", passed=True, expected="junit.xml exists", found="a file", seconds=0.001)
    why = "validation content_contains failed: report.md contains '## Summary'; found a file of 12 bytes without it"
    sheets = [
        _sheet(1, "fetch", "completed", (), 1, 13, description="Get the sources."),
        _sheet(2, "build", "completed", (1,), 13.1, 61),
        _sheet(3, "tests[3.11]", "completed", (2,), 75, 118, attempts=2, validations=[good]),
        _sheet(4, "tests[3.12]", "completed", (2,), 61.2, 96, validations=[good]),
        _sheet(5, "tests[3.13]", "completed", (2,), 96.4, 124, validations=[good]),
        _sheet(6, "review", "completed", (2,), 112, 150, attempts=2, instrument="claude-code"),
        _sheet(7, "deploy", "completed", (3, 4, 5), 171, 188, attempts=2),
        _sheet(8, "report", "failed", (6, 7), 226, 232, attempts=3, exit_code=0, reason=why, validations=[check]),
        _sheet(9, "announce", "skipped", (8,), None, None, skip_kind="blocked", reason="blocked by failed sheet report"),
        _sheet(10, "notes", "skipped", (1,), None, 13.2, skip_kind="condition", reason="its condition is false"),
    ]  # fmt: skip
    attempts = [
        attempt(1, 1, 1, 13), attempt(2, 1, 13.1, 61),
        attempt(3, 1, 61.1, 70, "failed", exit_code=1, reason="exit code 1"), attempt(4, 1, 61.2, 96),
        attempt(6, 1, 61.3, 66, "failed", exit_code=1, reason="rate limited", instrument="claude-code"),
        attempt(3, 2, 75, 118), attempt(5, 1, 96.4, 124), attempt(6, 2, 112, 150, instrument="claude-code"),
        attempt(7, 1, 160, 168, "failed", end_reason="lost", reason="lost with the machine"), attempt(7, 2, 171, 188),
        attempt(8, 1, 188.2, 196, "failed", exit_code=2, reason="exit code 2"),
        attempt(8, 2, 206, 216, "failed", end_reason="timed_out", reason="timed out after 10 s"),
        attempt(8, 3, 226, 232, "failed", exit_code=0, reason=why),
    ]  # fmt: skip
    events = Events("nightly-x7k2q")
    events.add("job.submitted", 0)
    events.add(
        "sheet.rate_limited", 66, name="review", attempt=1, delay_seconds=46, reason="claude-code is rate limited"
    )
    events.add("sheet.retrying", 70, name="tests[3.11]", attempt=1, delay_seconds=5, reason="exit code 1")
    events.add("sheet.held", 124, name="deploy", text="Deploy to production?")
    events.add("job.paused", 150, holding=["deploy"])
    events.add("sheet.released", 160, name="deploy")
    events.add("job.resumed", 160, released=["deploy"])
    events.add("sheet.retrying", 168, name="deploy", attempt=1, delay_seconds=3, reason="lost with the machine")
    events.add("sheet.retrying", 196, name="report", attempt=1, delay_seconds=10, reason="exit code 2")
    events.add("sheet.retrying", 216, name="report", attempt=2, delay_seconds=10, reason="timed out after 10 s")
    events.add("job.failed", 232, reason=why)
    output = [
        LogView(job_id="nightly-x7k2q", sheet=8, sheet_name="report", attempt=3, stream="stdout", earlier=True,
                lines=[LogLine(text="reading 3 results"), LogLine(text="writing report.md")]),
        LogView(job_id="nightly-x7k2q", sheet=8, sheet_name="report", attempt=3, stream="stderr",
                lines=[LogLine(text="warning: no summary")]),
    ]  # fmt: skip
    commands = [
        "git clone --depth 1 https://example.org/app.git src", "make -C src -j4", *["python -m pytest -q"] * 3,
        "Review the change and write review.md.", "./deploy.sh production", "python make_report.py",
        "./announce.sh", "test -f notes.md",
    ]  # fmt: skip
    job = job_view("failed", sheets, 232, reason=f"sheet report failed: {why}", sheets_blocked=1)
    return JobRecord(
        job=job, description="Every night.", sheets=sheets, attempts=attempts, events=events.made, commands=commands,
        outputs=output,
    )  # fmt: skip


def going_on(now: float = 40) -> JobRecord:
    """Return a job that runs, of which a sheet waits for its retry, one for an approval and one for its turn."""
    sheets = [
        _sheet(1, "fetch", "completed", (), 1, 10),
        _sheet(2, "train", "running", (1,), 10.5, None, duration_seconds=now - 10.5),
        _sheet(3, "upload", "waiting", (1,), 10.6, 20, reason="retry 1 of 2 after: exit code 7", waiting_until=at(60)),
        _sheet(4, "publish", "pending", (1,), None, None, reason="holds: Publish now?", attempts=0),
        _sheet(5, "extra", "pending", (1,), None, None, attempts=0),
        _sheet(6, "end", "pending", (2, 3, 4, 5), None, None, attempts=0),
    ]
    attempts = [
        attempt(1, 1, 1, 10), attempt(2, 1, 10.5, None, "running"),
        attempt(3, 1, 10.6, 20, "failed", exit_code=7, reason="exit code 7"),
    ]  # fmt: skip
    events = Events("nightly-x7k2q")
    events.add("job.submitted", 0)
    events.add("sheet.held", 10, name="publish", text="Publish now?")
    events.add("sheet.retrying", 20, name="upload", attempt=1, delay_seconds=40, reason="exit code 7")
    return JobRecord(job=job_view("running", sheets, None), sheets=sheets, attempts=attempts, events=events.made)


def crowd(shards: int = 300) -> JobRecord:
    """Return a job with a wide fan, one of whose sheets failed, which was repaired after a night."""
    night = 40_000.0
    sheets = [_sheet(1, "split", "completed", (), 1, 20)]
    attempts = [attempt(1, 1, 1, 20)]
    for number in range(shards):
        start = 20 + number // 16 * 9 + number % 7
        sheets.append(_sheet(number + 2, f"shard[{number}]", "completed", (1,), start, start + 8))
        attempts.append(attempt(number + 2, 1, start, start + 8))
    last = shards + 2
    sheets.append(_sheet(last, "merge", "completed", tuple(range(2, last)), night + 260, night + 300, attempts=2))
    attempts.append(attempt(last, 1, 250, 260, "failed", exit_code=1, reason="exit code 1"))
    attempts.append(attempt(last, 2, night + 260, night + 300))
    events = Events("nightly-x7k2q")
    events.add("job.submitted", 0)
    events.add("job.failed", 260)
    events.add("job.resumed", night + 259)
    events.add("job.completed", night + 300)
    job = job_view("completed", sheets, night + 300)
    return JobRecord(job=job, sheets=sheets, attempts=attempts, events=events.made)


def hostile() -> JobRecord:
    """Return a job in which every text is an attack."""
    check = ValidationView(type="file_exists", passed=False, expected=HOSTILE, found=HOSTILE, output=HOSTILE, seconds=0)
    sheets = [
        _sheet(1, HOSTILE, "failed", (), 1, 2, reason=HOSTILE, instrument=HOSTILE, description=HOSTILE, validations=[check]),
        _sheet(2, f"two {HOSTILE}", "skipped", (1,), None, None, reason=HOSTILE),
    ]  # fmt: skip
    job = job_view(
        "failed",
        sheets,
        3,
        job_name=HOSTILE,
        reason=HOSTILE,
        workspace=HOSTILE,
        config_path=HOSTILE,
        warnings=[HOSTILE],
    )
    lines = [LogLine(text=HOSTILE), LogLine(text="</pre><img src=x onerror=alert(3)>")]
    output = LogView(job_id=job.job_id, sheet=1, sheet_name=HOSTILE, attempt=1, stream="stdout", lines=lines)
    return JobRecord(
        job=job,
        description=HOSTILE,
        sheets=sheets,
        attempts=[attempt(1, 1, 1, 2, "failed", reason=HOSTILE, exit_code=1)],
        commands=[HOSTILE, HOSTILE],
        outputs=[output],
    )


def plan() -> PlanView:
    """Return a plan with levels, a missing instrument, an approval, and names that each language has to escape."""
    rows: Iterable[tuple[str, str, bool, list[int], dict[str, Any]]] = [
        ("fetch", "cli", True, [], {"command": "git clone --depth 1 https://example.org/app.git src"}),
        ("build", "cli", True, [1], {"command": "make -C src -j4", "validations": 1, "max_retries": 2}),
        ("tests[3.11]", "cli", True, [2], {"command": "python -m pytest -q"}),
        ("tests[3.12]", "cli", True, [2], {"command": "python -m pytest -q"}),
        ('say "hi" & <b>#1;</b>', "claude-code", False, [2], {"command": "Review it.", "fallbacks": ["codex-cli"]}),
        ("deploy", "cli", True, [3, 4, 5], {"command": "./deploy.sh", "hold": "Deploy to production?"}),
        ("end \\N style x:#0;", "cli", True, [1, 6], {"command": "true"}),
    ]
    sheets = [
        PlanSheetView(sheet=number, name=name, instrument=player, instrument_found=found, needs=needs, **more)
        for number, (name, player, found, needs, more) in enumerate(rows, 1)
    ]
    return PlanView(
        job_name="nightly", workspace="/srv/nightly", sheets_total=len(sheets), max_concurrent=4, sheets=sheets,
        warnings=["claude-code was not found on PATH: sheet 5 will fail."],
    )  # fmt: skip


def wide_plan(items: int = 200) -> PlanView:
    """Return a plan with two fans, of which the second needs the first item by item."""
    sheets = [PlanSheetView(sheet=1, name="start", instrument="cli", command="true")]
    sheets += [
        PlanSheetView(sheet=2 + number, name=f"train[{number}]", instrument="cli", needs=[1], command="train")
        for number in range(items)
    ]
    sheets += [
        PlanSheetView(sheet=2 + items + number, name=f"score[{number}]", instrument="cli", needs=[2 + number])
        for number in range(items)
    ]
    whole = list(range(2 + items, 2 + 2 * items))
    sheets.append(PlanSheetView(sheet=2 + 2 * items, name="best", instrument="cli", needs=whole, command="pick"))
    return PlanView(
        job_name="sweep", workspace="/srv/sweep", sheets_total=len(sheets), max_concurrent=16, sheets=sheets
    )


def _sheet(
    number: int, name: str, status: Any, needs: Sequence[int], start: float | None, end: float | None, **more: Any
) -> SheetView:
    facts: dict[str, Any] = {
        "instrument": "cli",
        "attempts": 0 if start is None else 1,
        "started_at": None if start is None else at(start),
        "finished_at": None if end is None else at(end),
        "duration_seconds": None if start is None or end is None else round(end - start, 3),
        **more,
    }
    return SheetView(sheet=number, name=name, status=status, needs=list(needs), **facts)
