"""The progress of a job as lines: without a terminal there is no bar, and nothing is said twice."""

import io
from typing import Any

import anyio
import pytest

from podium.cli.commands.demo.story import ABSENT
from podium.cli.jobs.progress import JobProgress
from podium.contract.models import SheetView
from podium_tools.sheets import sheet_line


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


def lines_of(*snapshots: dict[str, Any], total: int = 1) -> list[str]:
    """Return what is printed for snapshots of sheets, one after another."""
    out = io.StringIO()

    async def show() -> None:
        async with JobProgress(out, "job") as view:
            for snapshot in snapshots:
                view.job(completed=0, total=total, doing="")
                view.sheets([snapshot])

    anyio.run(show)
    return out.getvalue().splitlines()


def test_a_sheet_is_shown_once_when_it_ends() -> None:
    assert lines_of(sheet("pending"), sheet("running"), sheet("completed"), sheet("completed")) == [
        "   ✓ tests              2.0 s"
    ]


def test_a_retry_and_its_end_are_both_shown() -> None:
    shown = lines_of(sheet("waiting", reason="retry 1 of 2 in 1 s"), sheet("completed", attempts=2))
    assert shown == ["   ↻ tests           waiting: retry 1 of 2 in 1 s", "   ✓ tests              2.0 s attempt 2"]


def test_a_failure_says_why_beside_the_word_for_it() -> None:
    assert lines_of(sheet("failed", reason="exit code 3")) == ["   ✗ tests           failed: exit code 3"]


def test_a_sheet_without_a_name_goes_by_its_number() -> None:
    assert lines_of(sheet("skipped", name="", reason="needs sheet 1")) == [
        "   - sheet 1         skipped: needs sheet 1"
    ]


def test_a_long_reason_keeps_what_comes_next() -> None:
    (line,) = lines_of(sheet("waiting", reason=f"retry 1 of 2 after: {'x' * 500}"))
    assert "retry 1 of 2 after: x" in line
    assert line.endswith("x…")
    assert len(line) < 150


def test_colours_that_are_forced_into_a_pipe_bring_no_bar_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    (line,) = lines_of(sheet("completed"))
    assert "\x1b[32m" in line
    assert "\x1b[?25" not in line


def test_of_a_job_with_many_sheets_the_first_have_lines_and_the_rest_is_counted_but_what_is_unusual_is_always_told() -> (
    None
):
    ends = [sheet("completed", sheet=number, name=f"s{number}") for number in range(1, 121)]
    ends[99] = sheet("failed", sheet=100, name="s100", reason="exit code 3")
    ends[109] = sheet("completed", sheet=110, name="s110", duration_seconds=30.0)
    shown = lines_of(*ends, total=120)
    assert [line.split()[1] for line in shown if "✓ s" in line] == [*(f"s{number}" for number in range(1, 51)), "s110"]
    assert [line.strip() for line in shown[50:] if "✓ s" not in line] == [
        "✗ s100            failed: exit code 3",
        "… 50 completed",
        "… 18 completed",
    ]


@pytest.mark.parametrize("status", ["skipped", "failed", "completed"])
def test_a_sheet_as_get_job_tells_it_is_shown_too(status: str) -> None:
    """A tool leaves out what a sheet has none of; the demo shows such sheets."""
    told = sheet_line(SheetView(sheet=1, name="tests", status=status, attempts=0)).model_dump(mode="json")
    (line,) = lines_of({**ABSENT, **told})
    assert "tests" in line
