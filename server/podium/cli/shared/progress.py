"""A job's progress on the terminal: one line for each sheet that ends, and a live bar below them.

Without a terminal (a pipe, a log of a build) the lines are printed and the bar is left out.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from podium.cli.shared.door import in_line, short_reason

MARKS = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("-", "dim"),
    "cancelled": ("■", "yellow"),
    "waiting": ("↻", "yellow"),
}


class JobProgress:
    """Shows snapshots of one job. Use it as a context manager; the bar goes away at the end, the lines stay."""

    def __init__(self, console: Console, name: str) -> None:
        self._shown: dict[int, tuple[str, int]] = {}
        self._bar = Progress(
            SpinnerColumn("line" if console.options.ascii_only else "dots"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[doing]}", style="dim", markup=False),
            console=console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=not console.file.isatty(),  # FORCE_COLOR asks for colours in a pipe, not for a bar that is drawn again
        )
        self._task = self._bar.add_task(name, total=None, doing="")

    def __enter__(self) -> "JobProgress":
        try:
            self._bar.start()
        except BaseException:  # a signal: the cursor is hidden before the rest is drawn
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        with suppress(IndexError):  # of rich, if a signal ended it before it had begun
            self._bar.stop()
        if not self._bar.disable:
            self._bar.console.show_cursor()

    def job(self, *, completed: int, total: int, doing: str) -> None:
        """Move the bar; `doing` says what runs or why nothing does."""
        self._bar.update(self._task, completed=completed, total=total, doing=in_line(doing))

    def sheets(self, sheets: Iterable[Mapping[str, Any]]) -> None:
        """Print a line for each sheet (the members of `SheetView`) that ended or waits since the last snapshot."""
        for sheet in sheets:
            now = (str(sheet["status"]), int(sheet["attempts"]))
            if now[0] in MARKS and self._shown.get(sheet["sheet"]) != now:
                self._shown[sheet["sheet"]] = now
                self.line(sheet)

    def line(self, sheet: Mapping[str, Any]) -> None:
        """Print one sheet's line: mark, label, time, and what is unusual about it."""
        mark, style = MARKS[sheet["status"]]
        label = in_line(sheet["name"]) or f"sheet {sheet['sheet']}"
        facts = []
        if sheet["status"] == "completed" and sheet["duration_seconds"] is not None:
            facts.append(f"{sheet['duration_seconds']:6.1f} s")
        if sheet["attempts"] > 1:
            facts.append(f"attempt {sheet['attempts']}")
        if sheet["status"] != "completed" and sheet["reason"]:
            facts.append(short_reason(str(sheet["reason"])))
        line = Text.assemble((f"   {mark} ", style), f"{label:<16}", (" ".join(facts), "dim"))
        self._bar.console.print(line, soft_wrap=True)
