"""The progress of a job on a terminal, as golden screens: few and many sheets, long and wide names, at both widths."""

import io
import re
from collections.abc import Sequence

import anyio
import pytest

from podium.cli.jobs.progress import JobProgress
from podium.cli.terminal.live import Live
from podium.contract.models import SheetView
from tests.support.job_views import LONG, WIDE, sheet
from tests.support.screens import WIDTHS, Screen, check_screen

LINES = 60


class Window(io.StringIO):
    """A terminal of so many columns, as a stream, and the screen that it shows."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns = columns

    def isatty(self) -> bool:
        """Return that it is one."""
        return True

    def fileno(self) -> int:
        """Return no descriptor: its width is what COLUMNS says."""
        raise OSError

    @property
    def screen(self) -> Screen:
        """What it shows now."""
        return Screen(self.columns, LINES, self.getvalue().replace("\n", "\r\n").encode())


@pytest.fixture(params=WIDTHS)
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Window:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", str(request.param))
    return Window(request.param)


def screens_of(
    window: Window, name: str, total: int, snapshots: Sequence[Sequence[SheetView]], doing: str
) -> list[Screen]:
    """Return what is shown after the snapshots of a job, and at its end."""
    found: list[Screen] = []

    async def show() -> None:
        async with JobProgress(window, name) as view:
            for sheets in snapshots:
                done = sum(each.status == "completed" for each in sheets)
                view.job(completed=done, total=total, doing=doing, elapsed=3723.2)
                view.sheets(each.model_dump() for each in sheets)
            found.append(window.screen)

    anyio.run(show)
    return [*found, window.screen]


def test_three_sheets_have_a_line_each_above_the_bar(window: Window) -> None:
    sheets = [sheet(1), sheet(2, "waiting", attempts=1, reason="retry 1 of 2 after: exit code 1"), sheet(3, "running")]
    during, after = screens_of(window, "nightly", 3, [sheets], "running step-3")
    check_screen("progress-3", during)
    assert after.lines == during.lines[:-1]


def test_thirty_sheets_fold_all_but_the_unusual_and_the_last_ones(window: Window) -> None:
    sheets = [sheet(each, duration_seconds=1.5) for each in range(1, 31)]
    sheets[4] = sheet(5, "failed", reason="exit code 3")
    sheets[9] = sheet(10, attempts=2, duration_seconds=2.0)
    sheets[14] = sheet(15, duration_seconds=64.0)
    during, _ = screens_of(window, "nightly", 30, [sheets[:8], sheets[:20]], "running step-21, step-22")
    check_screen("progress-30", during)


def test_three_hundred_finished_sheets_fold_into_a_line_that_stays(window: Window) -> None:
    sheets = [sheet(each, duration_seconds=1.5) for each in range(1, 301)]
    during, after = screens_of(window, "nightly", 300, [sheets[:150], sheets], "")
    check_screen("progress-300", during)
    assert [line.strip() for line in after.lines] == [
        "… 297 completed",
        *(f"✓ step-{number}           1.5 s" for number in (298, 299, 300)),
    ]
    assert not after.cursor_hidden


def test_long_and_wide_names_leave_the_bar_the_counter_and_the_clock_whole(window: Window) -> None:
    sheets = [sheet(1, name=LONG), sheet(2, "failed", name=WIDE, reason=LONG * 2), sheet(3, name=LONG * 3)]
    during, _ = screens_of(window, LONG, 174, [sheets], f"running {LONG}, {WIDE}")
    check_screen("progress-names", during)
    assert "1 of 174 1:02:03" in during.lines[-1] or "2 of 174 1:02:03" in during.lines[-1]
    assert "━" in during.lines[-1] or "─" in during.lines[-1]


def test_a_terminal_that_got_narrower_keeps_nothing_of_the_old_bar(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Live(window)
    live.show([[("x" * 70, "")]])
    monkeypatch.setenv("COLUMNS", "40")
    begun = len(window.getvalue())
    live.show([[("y" * 70, "")]])
    assert window.getvalue()[begun:].startswith("\r\x1b[1A\x1b[J")  # the terminal has wrapped it into two rows
    assert window.getvalue().endswith(f"{'y' * 38}…")


def test_without_movement_there_are_only_plain_lines(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screens_of(window, "nightly", 3, [[sheet(1), sheet(2)]], "running step-3")
    assert window.getvalue() == "   ✓ step-1             1.0 s\n   ✓ step-2             2.0 s\n"


def test_without_colours_the_bar_the_counter_and_the_clock_stay(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    during, _ = screens_of(window, "nightly", 3, [[sheet(1), sheet(2)]], "running step-3")
    assert "2 of 3" in during.lines[-1]
    assert re.search(r"\d:\d\d", during.lines[-1])
    assert during.styles == []
    assert not re.search(r"\x1b\[[\d;]*m", window.getvalue())
