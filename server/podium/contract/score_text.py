"""A score's text as callers see it: a page of its lines, where it comes from, and the variables in force."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from podium.contract.methods import JobParams, ScoreParams
from podium.contract.models import JobView, PlanView
from podium.contract.view import View

LINES = 200  # of a page, unless another number is asked for
MOST_LINES = 1000

FileState = Literal["same", "differs", "gone", "unreadable", "inline", "not_kept"]
"""The file that a job's score came from, and its text. `not_kept`: the conductor keeps no texts, this is the file as it is."""
Offset = Annotated[int, Field(ge=1)]  # one beyond the end finds nothing, however large


@dataclass(frozen=True)
class JobScoreParams(JobParams):
    """Parameters of `job.score`: which of its lines, counted from 1.

    `copies` is for a program that wants the whole text: most scores are one page then, `max_lines` does not count, and lines stay
    whole. An older conductor does not know it: its pages are of the usual size.
    """

    offset: Offset = 1
    max_lines: Annotated[int, Field(ge=1, le=MOST_LINES)] = LINES
    copies: bool = False


@dataclass(frozen=True)
class CheckParams(ScoreParams):
    """Parameters of `job.validate`. `max_lines` 0 asks for no text; there is none for an inline score, which the caller has."""

    offset: Offset = 1
    max_lines: Annotated[int, Field(ge=0, le=MOST_LINES)] = 0


class ScoreText(View):
    """Lines of a score as they are written, without secrets and letters that nobody sees; a long one is cut with a mark.

    `is_score` is false for a file that is not taken for a score: nothing of it is shown.
    """

    lines: list[str] = Field(default_factory=list)  # as they are written
    first_line: int = 1  # number of the first one of them
    lines_total: int = 0  # of the whole score
    is_score: bool = True  # false: the file is not taken for a score, and not shown


class JobScore(View):
    """The score that a job runs; with `pending` the changed one that it takes when its running sheets have ended.

    Variables are those in force, by where they come from: values as text, long ones cut, secrets replaced.
    """

    job: JobView  # the job in short
    text: ScoreText  # the score itself
    path: str = ""  # of the file that it came from, "" for an inline one
    file: FileState  # what has become of `path` since
    pending: bool = False  # it is a changed score that is not in effect yet
    start_variables: dict[str, str] = Field(default_factory=dict)  # given at the start
    variables: dict[str, str] = Field(default_factory=dict)  # of the score
    variables_total: int = 0  # of both together


class CheckedScore(View):
    """A checked plan, and the text if it was asked for and the score came by its path."""

    plan: PlanView
    text: ScoreText | None = None


class CheckReply(CheckedScore):
    """`job.validate`: the score can run. A refusal has the text among its facts."""

    valid: Literal[True]
