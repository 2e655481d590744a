"""The end of an attempt's output: enough to explain how the attempt ended, and to judge why it failed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from podium.contract.models import LogView, Stream
from podium.contract.secrets.masks import Masker
from podium.logs.page import LogLimits
from podium.logs.read import NO_SECRETS, LogQuery, LogTarget, read_log

_LIMITS = LogLimits(page_bytes=8_000, line_bytes=1_000, page_tokens=2_500)


class TargetOf(Protocol):
    """Makes the target of one stream of an attempt."""

    def __call__(self, *, stream: Stream) -> LogTarget:
        """Return the target."""


def end_of_output(folder: Path, target: TargetOf, streams: Sequence[Stream], masker: Masker) -> LogView:
    """Return the end of the first of these streams that has output, else of the last one. Blocks: it reads files."""
    query = LogQuery("tail", max_lines=40)
    for stream in streams:
        view = read_log(folder, target(stream=stream), query, _LIMITS, masker)
        if view.total_bytes:
            break
    return view


def end_as_text(folder: Path, stream: Stream, limit: int, masker: Masker = NO_SECRETS) -> str:
    """Return the last lines of a stream, up to `limit` bytes, as they are shown. Blocks: it reads a file.

    Raises:
        OSError: it cannot be read.
    """
    target = LogTarget(job_id="", sheet=0, attempt=0, stream=stream)
    limits = LogLimits(page_bytes=limit, line_bytes=limit, page_tokens=10 * limit, count_bytes=0)
    view = read_log(folder, target, LogQuery("tail", max_lines=limit), limits, masker)
    return "".join(f"{line.text}\n" for line in view.lines)
