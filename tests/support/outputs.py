"""An output file as the conductor and the reader together read it."""

import os
from dataclasses import dataclass
from pathlib import Path

from podium.contract.models import LogView, Stream
from podium.contract.secrets.masks import Masker
from podium.logs.page import LogLimits
from podium.logs.read import NO_SECRETS, LogQuery, read_open
from podium.logs.read import LogTarget as Target
from podium.reader.match import matcher_for

__all__ = ["LogLimits", "LogQuery", "LogTarget", "read_log"]


@dataclass
class LogTarget:
    """An output file and what it belongs to."""

    path: Path
    job_id: str
    sheet: int
    attempt: int
    stream: Stream
    sheet_name: str = ""
    running: bool = False


def read_log(
    target: LogTarget, query: LogQuery, limits: LogLimits | None = None, masker: Masker = NO_SECRETS
) -> LogView:
    """Read one part of the file, with a pattern too."""
    facts = Target(
        target.job_id, target.sheet, target.attempt, target.stream, sheet_name=target.sheet_name, running=target.running
    )
    try:
        fd = os.open(target.path, os.O_RDONLY)
    except FileNotFoundError:
        return read_open(None, facts, query, limits, masker=masker)
    try:
        return read_open(fd, facts, query, limits, matcher_for if query.pattern else None, masker)
    finally:
        os.close(fd)
