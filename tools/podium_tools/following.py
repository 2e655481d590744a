"""What follows from a job's state: the call that comes next, and of a failed job the end of its output, which spares a call."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from podium.contract.models import ExplainView, JobView, LogLine
from podium.contract.ports import JobControl
from podium.errors import PodiumError
from podium_tools.calls import TO_FILL_IN, call, next_call
from podium_tools.results import OUTPUT_NOTE, shortened_text, shown_line

LINES = 8  # of a failed sheet's output
LINE_CHARS = 200
FILES_LOOKED_AT = 50
REMEMBERED = 500  # completed jobs whose next call is known
CLOCK_SECONDS = 1.0  # by which a file's time may be behind the clock


@dataclass(frozen=True)
class Following:
    """The next call, and the end of the output of the sheet that failed, "" if there is none."""

    next: str
    output: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """The output as the fields of a result."""
        return {"job_output_note": OUTPUT_NOTE if self.output else "", "job_output": self.output}


NOTHING_FOLLOWS = Following("")


async def following(port: JobControl, job: JobView) -> Following:
    """Return what follows from a job's state. What cannot be looked at is left to the next call."""
    try:
        if job.status == "failed":
            return _after_failure(await port.explain(job.job_id))
        if job.status == "completed":
            return Following(await _to_results(port, job))
    except PodiumError:
        pass  # whoever makes the next call is told
    return Following(next_call(job))


async def next_step(port: JobControl, job: JobView) -> str:
    """Return the next call for a result that shows no output, so that a failed job leads to its explanation."""
    return next_call(job) if job.status == "failed" else (await following(port, job)).next


def _after_failure(view: ExplainView) -> Following:
    """Return the end of the output; the next call is to explain the job only if that has more to tell."""
    job, output = view.job, view.output
    lines = output.lines[-LINES:] if output else []
    cut = any(len(line.text) > LINE_CHARS for line in lines)
    rest = output is not None and (output.truncated or len(output.lines) > LINES or bool(view.other_bytes))
    more = cut or rest or job.sheets_failed > 1 or view.healing or view.earlier_attempts
    explain = call("explain_job", job_id=job.job_id)
    return Following(explain if more else mending(view) or explain, "\n".join(map(_line, lines)))


def mending(view: ExplainView) -> str:
    """Return the call that lets a failed job go on with a corrected score, or starts that anew where its conductor has none."""
    job = view.job
    if "resume" not in job.allowed_actions:
        return start_anew(job)
    if not job.sheets_failed:  # a Marianne conductor ended under it
        return call("resume_job", job_id=job.job_id)
    if view.can_edit:
        return call("resume_job", job_id=job.job_id, find=TO_FILL_IN, replace=TO_FILL_IN)
    return call("modify_job", job_id=job.job_id, config_path=TO_FILL_IN)


def start_anew(job: JobView) -> str:
    """Return the call that runs the score of a job from its first sheet, "" if its file is not known."""
    return call("start_job", config_path=job.config_path) if job.config_path else ""


def _line(line: LogLine) -> str:
    return shortened_text(shown_line(line), LINE_CHARS)


_to_results_of: OrderedDict[tuple[str, str], str] = OrderedDict()
"""Of completed jobs, by id and end: their workspaces are not looked at again whenever somebody asks for them."""


async def _to_results(port: JobControl, job: JobView) -> str:
    """Return the call that reads what a completed job made, looked up once while the end of the job is known."""
    key = job.job_id, job.finished_at or ""
    if key in _to_results_of:
        return _to_results_of[key]
    found = await _look_for_results(port, job)
    if job.finished_at:
        _to_results_of[key] = found
        while len(_to_results_of) > REMEMBERED:
            _to_results_of.popitem(last=False)
    return found


async def _look_for_results(port: JobControl, job: JobView) -> str:
    """Return the call: for its only file, the list of its files, or what it printed.

    A conductor without events keeps no output either.
    """
    page = await port.artifacts(job.job_id, path="", limit=FILES_LOOKED_AT, cursor="")
    since = _time(job.started_at) - timedelta(seconds=CLOCK_SECONDS)
    made = [entry.path for entry in page.entries if entry.type == "file" and _time(entry.modified_at) >= since]
    if len(made) > 1 or page.next_cursor or page.has_unopened:
        return call("list_artifacts", job_id=job.job_id)
    if made:
        return call("read_artifact", job_id=job.job_id, path=made[0])
    return call("read_job_log", job_id=job.job_id) if job.cursor else ""


def _time(text: str | None) -> datetime:
    """Return a time, the earliest of all if it is unknown."""
    return datetime.fromisoformat(text or "1970-01-02T00:00:00Z")
