"""The progress of a job as lines: without a terminal there is no bar, and nothing is said twice."""

import io
from typing import Any

from rich.console import Console

from podium.cli.shared.progress import JobProgress


def sheet(status: str, **facts: Any) -> dict[str, Any]:
    """Return a sheet's view with the members that the progress reads."""
    return {
        "sheet": 1,
        "name": "tests",
        "attempts": 1,
        "duration_seconds": 2.04,
        "reason": "",
        "status": status,
    } | facts


def lines_of(*snapshots: dict[str, Any]) -> list[str]:
    """Return what is printed for snapshots of one sheet, one after another."""
    out = io.StringIO()
    with JobProgress(Console(file=out), "job") as view:
        for snapshot in snapshots:
            view.job(completed=0, total=1, doing="")
            view.sheets([snapshot])
    return out.getvalue().splitlines()


def test_a_sheet_is_shown_once_when_it_ends() -> None:
    assert lines_of(sheet("pending"), sheet("running"), sheet("completed"), sheet("completed")) == [
        "   ✓ tests              2.0 s"
    ]


def test_a_retry_and_its_end_are_both_shown() -> None:
    shown = lines_of(sheet("waiting", reason="retry 1 of 2 in 1 s"), sheet("completed", attempts=2))
    assert shown == ["   ↻ tests           retry 1 of 2 in 1 s", "   ✓ tests              2.0 s attempt 2"]


def test_a_failure_says_why() -> None:
    assert lines_of(sheet("failed", reason="exit code 3")) == ["   ✗ tests           exit code 3"]


def test_a_sheet_without_a_name_goes_by_its_number() -> None:
    assert lines_of(sheet("skipped", name="", reason="needs sheet 1")) == ["   - sheet 1         needs sheet 1"]


def test_a_long_reason_keeps_what_comes_next() -> None:
    (line,) = lines_of(sheet("waiting", reason=f"retry 1 of 2 after: {'x' * 500}"))
    assert "retry 1 of 2 after: x" in line
    assert line.endswith("x…")
    assert len(line) < 140


def test_colours_that_are_forced_into_a_pipe_bring_no_bar_along() -> None:
    out = io.StringIO()
    with JobProgress(Console(file=out, force_terminal=True, color_system="standard"), "job") as view:
        view.job(completed=0, total=1, doing="")
        view.sheets([sheet("completed")])
    assert "\x1b[32m" in out.getvalue()
    assert "\x1b[?25" not in out.getvalue()
    assert len(out.getvalue().splitlines()) == 1
