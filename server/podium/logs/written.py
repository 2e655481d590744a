"""When an attempt last wrote output."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import get_args

from podium.contract.models import Stream


def logs_of(folder: Path) -> dict[Stream, os.stat_result]:
    """Return the file status of an attempt's logs; one that does not exist (yet) is left out. Blocks."""
    found: dict[Stream, os.stat_result] = {}
    for stream in get_args(Stream):
        with suppress(FileNotFoundError):
            found[stream] = (folder / f"{stream}.log").stat()
    return found


def last_write(logs: Iterable[os.stat_result]) -> float | None:
    """Return when one of these logs was last written to, in seconds since the epoch; None if none holds anything."""
    return max((log.st_mtime for log in logs if log.st_size), default=None)
