"""`podium logs JOB [SHEET]`: what the sheets of a job wrote, and with -f what they write."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from podium.cli.calling.options import AsJson, Home, Job, Sheet, Socket, settings_for
from podium.cli.commands.logs.reading import Part, Reading, Wanted
from podium.cli.jobs.bridge import LostSight
from podium.cli.jobs.finding import find
from podium.cli.shared.exits import Code
from podium.cli.shared.session import wait_for
from podium.cli.signals import interrupted
from podium.cli.streams import Output, OutputLost, data_on_stderr
from podium.cli.terminal.door import clean, data, in_line, line, print_error, print_json
from podium.client.job_control import job_control
from podium.contract.models import JobView, LogLine, OutputLine
from podium.settings import Settings
from podium.texts.widths import cut_middle, padded, width

LABEL = 24  # columns of a sheet's name before its lines, at most
DATA, BESIDE = "|", "!"  # between a name and what its sheet wrote to stdout, and to stderr


def command(
    job: Job,
    sheet: Sheet = "",
    follow: Annotated[bool, typer.Option("-f", "--follow", help="go on until the job has ended")] = False,
    lines: Annotated[
        int | None, typer.Option("-n", "--lines", min=0, metavar="N", help="only the last N lines of each output")
    ] = None,
    stderr: Annotated[bool, typer.Option("--stderr", help="only what went to stderr, on stdout")] = False,
    grep: Annotated[str, typer.Option("--grep", metavar="RE", help="only lines that match")] = "",
    attempt: Annotated[int, typer.Option("--attempt", min=0, metavar="N", help="not the last attempt")] = 0,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Show what the sheets of a job wrote, in the order of their starts; of each its last attempt.

    What went to stdout comes on stdout, and what went to stderr on stderr. Without SHEET, and with several sheets, each line
    begins with its sheet's name, and | for stdout or ! for stderr. With -f it goes on over retries and restarts of the conductor,
    and ends with code 0 when the job has ended; Ctrl-C ends the watching only. With --grep the exit code is 1 if no
    line matched. With --json each line is an object.
    """
    settings = settings_for(home, socket)
    wanted = Wanted(("stderr",) if stderr else ("stdout", "stderr"), sheet, attempt, lines, grep, follow)
    printer = _Printer(as_json=as_json, apart=not stderr)
    try:
        wait_for(lambda: _read(settings, job, wanted, printer))
    except BaseException as end:
        why = end.message if isinstance(end, LostSight) else "\nStopped watching" if interrupted() else None
        if isinstance(end, OutputLost) and printer.lost is not None:
            why = f"Cannot write the output ({printer.lost.reason})"
        if why is None:
            raise
        if as_json and isinstance(end, LostSight):
            print_error(end.error)
        line(f"{why}{'; the job is not touched by that' if interrupted() else ''}.", stderr=True)
        raise typer.Exit(interrupted() or Code.LOST_SIGHT) from None
    if grep and not printer.has_printed:
        raise typer.Exit(Code.FAILED)


async def _read(settings: Settings, word: str, wanted: Wanted, printer: "_Printer") -> None:
    async with job_control(settings) as control:
        job = await find(control, word)
        printer.job = job
        printer.named = not wanted.sheet and job.sheets_total > 1
        reading = printer.reading = Reading(control, job, wanted, put=printer.put, say=printer.say)
        await (reading.follow() if wanted.follow else reading.whole())


class _Printer:
    """Prints lines of output; with `apart` those of stderr on stderr, which waits for its reader as stdout does."""

    def __init__(self, *, as_json: bool, apart: bool) -> None:
        self._as_json, self._apart = as_json, apart
        self._stderr: Output | None = None
        self.named = self.has_printed = False
        self.reading: Reading
        self.job: JobView

    @property
    def lost(self) -> OutputLost | None:
        """Why stderr cannot be written, None if it can."""
        return self._stderr.lost if self._stderr else None

    def put(self, part: Part, lines: Sequence[LogLine]) -> None:
        """Print lines of one part at once."""
        self.has_printed = True
        if self._as_json:
            for each in lines:
                self._put_object(part, each)
        elif part.stream == "stderr" and self._apart:
            self._stderr = self._stderr or data_on_stderr()
            self._stderr.write("".join(f"{clean(self._shown(part, each))}\n" for each in lines))
            self._stderr.flush()
        else:
            data("\n".join(self._shown(part, each) for each in lines))
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Say something that no sheet wrote, on stderr."""
        line(f"podium: {in_line(text)}", stderr=True)

    def _shown(self, part: Part, each: LogLine) -> str:
        if not self.named:
            return each.text
        most = min(LABEL, max(width(in_line(label)) for label in self.reading.labels))
        mark = DATA if part.stream == "stdout" else BESIDE
        return f"{padded(cut_middle(in_line(part.label), most), most)} {mark} {in_line(each.text)}"

    def _put_object(self, part: Part, each: LogLine) -> None:
        place = {"sheet": part.sheet, "sheet_name": part.name, "attempt": part.attempt, "stream": part.stream}
        made = OutputLine(job_id=self.job.job_id, **place, **each.model_dump())
        print_json(made.model_dump(), in_a_line=True)
