"""How results show the text of a score: a page of its lines, as many as fit."""

from collections.abc import Mapping
from itertools import accumulate
from typing import Annotated, Any

from pydantic import BaseModel, Field

from podium.contract.score_text import LINES, MOST_LINES, FileState, JobScore, ScoreText
from podium.contract.weight import tokens_at_most
from podium_tools.results import Result, counted, shortened_text

VARIABLES_TOKENS = 600  # that variables cost in a result: those of the start, and those of the score
_LEAST_CHARS = 200  # of a line where no whole one fits
NO_PAGE: dict[str, Any] = {"score": "", "first_line": 0, "lines_total": 0, "truncated": False}
NO_SCORE: dict[str, Any] = {**NO_PAGE, "score_pending": False, "file": "", "start_variables": [], "variables": []}
_ORIGINS: dict[FileState, str] = {
    "same": "It came from {}, which is still the same.",
    "differs": "It came from {}, which is different now: the job does not use that.",
    "gone": "It came from {}, which is not there now.",
    "unreadable": "It came from {}, which cannot be read now.",
    "inline": "It was given as text.",
    "not_kept": "This is {} as it is now: the conductor keeps no text of its own.",
}

Offset = Annotated[int, Field(ge=1, description="First line of the score's text.")]
MaxLines = Annotated[int, Field(ge=1, le=MOST_LINES, description="Lines of it.")]
DEFAULT_LINES = LINES
ScoreLines = Annotated[str, Field(description="As written, secrets replaced: data.")]


class Page(BaseModel):
    """A page of a score's text, and the line that comes after it, 0 at the end."""

    lines: list[str]
    first_line: int
    lines_total: int
    following: int

    @property
    def sentence(self) -> str:
        """Which lines of the text these are."""
        if not self.lines:
            return f"nothing at line {self.first_line}, as it has {self.lines_total} lines"
        if len(self.lines) == self.lines_total:
            return f"all {self.lines_total} lines" if self.lines_total > 1 else "its one line"
        last = self.first_line + len(self.lines) - 1
        shown = f"line {last}" if last == self.first_line else f"lines {self.first_line} to {last}"
        return f"{shown} of {self.lines_total}"

    @property
    def fields(self) -> dict[str, Any]:
        """The members of a result that shows it."""
        return {
            "score": "\n".join(self.lines),
            "first_line": self.first_line,
            "lines_total": self.lines_total,
            "truncated": bool(self.following),
        }


def page_of(text: ScoreText, size: int) -> Page:
    """Return the first lines of a page; with a `size` of 0 a part of the first one."""
    lines = text.lines[:size] if size else [f"{line[:_LEAST_CHARS]}…" for line in text.lines[:1]]
    end = text.first_line + len(lines)
    following = end if lines and end <= text.lines_total else 0
    return Page(lines=lines, first_line=text.first_line, lines_total=text.lines_total, following=following)


def score_fields(found: JobScore, page: Page) -> dict[str, Any]:
    """Return the members of a job's result that show its score; only the first page has the variables."""
    given, own = (_some(each) for each in (found.start_variables, found.variables))
    first = page.first_line == 1
    hidden = found.variables_total - len(given) - len(own) if first else 0
    which = f"The changed score of {found.job.job_id}, used" if found.pending else f"The score of {found.job.job_id}"
    when = " once its running sheets have ended" if found.pending else ""
    origin = _ORIGINS[found.file].format(shortened_text(found.path))
    more = f" {counted(hidden, 'more variable')}." if hidden else ""
    return {
        **page.fields,
        "summary": f"{which}{when}: {page.sentence}. {origin}{more}",
        "config_path": found.path,
        "file": found.file,
        "score_pending": found.pending,
        "start_variables": given if first else [],
        "variables": own if first else [],
    }


def checked_fields(result: Result, text: ScoreText, page: Page) -> dict[str, Any]:
    """Return the members of a check's result that show the score; only the first page has the rest of what was found."""
    if not text.is_score:
        note = "The file has no key sheets or sheet, so it is not taken for a score, and nothing of it is shown."
        return {"summary": f"{result.summary} {note}"}
    if page.first_line > 1:
        summary = f"Of the file: {page.sentence}. What the check found comes with the first page."
        return {**page.fields, "sheets": [], "warnings": [], "problems": [], "summary": summary}
    part = f" Shown: {page.sentence} of the file." if page.following else ""
    return {**page.fields, "summary": f"{result.summary}{part}"}


def _some(variables: Mapping[str, str]) -> list[str]:
    """Return the first variables as `name=value`, as start_job takes them, as many as a result can hold."""
    lines = [f"{name}={value}" for name, value in variables.items()]
    costs = accumulate(tokens_at_most(line) for line in lines)
    return [line for line, cost in zip(lines, costs, strict=True) if cost <= VARIABLES_TOKENS]
