"""A score that is given on the command line, as the path of a file or - for stdin; and the one that a job runs."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from podium.client.job_control import JobControlService
from podium.contract.score_text import MOST_LINES, JobScore, JobScoreParams
from podium.cwd import absolute, expanded
from podium.errors import InvalidArguments

STDIN = "-"
MOST_CHARS = 64 * 1024 * 1024  # read of stdin; a conductor takes far less


class Given(NamedTuple):
    """A score as a call takes it: one of `config_path` and `config_content`."""

    path: str | None = None
    content: str | None = None


def given_score(score: str) -> Given:
    """Return the absolute path of a score, or what stdin has.

    Raises:
        InvalidArguments: stdin is no text, or the path is relative to a folder that was removed.
    """
    if score != STDIN:
        path = absolute(expanded(Path(score)), "The score path")
        with suppress(ValueError):  # a NUL in it: there is no such file
            return Given(path=os.path.realpath(path))  # of a link to itself a Path raises
        return Given(path=str(path))
    if sys.stdin is None:
        raise InvalidArguments("stdin is closed.", fix="Give the score as a file.")
    try:
        return Given(content=sys.stdin.read(MOST_CHARS))
    except UnicodeDecodeError:
        raise InvalidArguments("What came on stdin is not text.", fix="Give a score in UTF-8.") from None


async def whole_score(control: JobControlService, job_id: str) -> JobScore:
    """Return a job's score with all lines of its text."""
    lines = list[str]()
    while True:
        ask = JobScoreParams(job_id, offset=len(lines) + 1, max_lines=MOST_LINES, copies=True)
        found = await control.score(ask)
        lines += found.text.lines
        if not found.text.lines or len(lines) >= found.text.lines_total:
            return found.model_copy(update={"text": found.text.model_copy(update={"lines": lines, "first_line": 1})})
