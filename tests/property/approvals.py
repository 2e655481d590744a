"""A plain second description of approvals, told by a job's events: which sheets may run although they have a hold."""

from podium.conductor.rules.event import Event
from podium.conductor.rules.state import JobRun

Deed = tuple[object, ...]


class Approvals:
    """What was approved and not taken back. Sheets are matched by number: in these histories that is also their name."""

    def __init__(self) -> None:
        self._given: dict[str, dict[int, Deed]] = {}
        self._from: dict[str, int | None] = {}  # the sheet from which a pending change runs

    def ask(self, job: JobRun, from_sheet: int | None) -> None:
        """Note from which sheet a change is to run that the job is being asked to take."""
        self._from[job.job_id] = from_sheet

    def take(self, job: JobRun, event: Event) -> None:
        """Take the next event of a job."""
        given = self._given.setdefault(job.job_id, {})
        num = int(str(event.data.get("sheet") or 0))
        if event.type == "sheet.released":
            given[num] = _deed(job, num)
        elif event.type == "sheet.held":
            assert num not in given, f"sheet {num} was approved, and asks again"
        elif event.type == "sheet.started" and job.plan.sheet(num).hold:
            assert num in given, f"sheet {num} started, and nobody had approved it"
        elif event.type == "job.cancel_requested":
            given.clear()
        elif event.type == "job.resumed":
            self._run_again(job, event.data.get("from_sheet"))
        elif event.type == "job.modified":
            total = len(job.plan.sheets)
            for each in [each for each, deed in given.items() if each > total or deed != _deed(job, each)]:
                del given[each]
            self._run_again(job, self._from.pop(job.job_id))

    def _run_again(self, job: JobRun, from_sheet: object) -> None:
        if isinstance(from_sheet, int):
            for num in (from_sheet, *job.loaded.after([from_sheet])):
                self._given[job.job_id].pop(num, None)


def _deed(job: JobRun, num: int) -> Deed:
    """Return what somebody has approved: all in which the sheets of these histories differ."""
    sheet = job.plan.sheet(num)
    return sheet.instruments, sheet.hold
