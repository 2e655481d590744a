"""The output of one attempt: how much there is, for how long nothing has come, and the limit of what is kept.

A log that holds more than its limit keeps its first 64 kB and its last part; the middle is freed on the disk, and offsets stay
as they are. Where the file system cannot do that, the attempt has to be ended.
"""

from __future__ import annotations

import os
from contextlib import suppress

from . import place
from .libc import punch

HEAD_BYTES = 64 * 1024  # of every log, never cut
LEAST_SECONDS, MOST_SECONDS = 0.02, 0.25  # between two looks


class Streams:
    """The logs of an attempt, open for writing. `quiet_seconds` is for how long nothing has been written."""

    def __init__(self, limit: int) -> None:
        self.descriptors: list[int] = []
        self.limit = limit
        self._written = 0
        self.quiet_seconds = 0.0
        self.next_look = MOST_SECONDS

    def open(self, attempt: str) -> None:
        """Open the logs of an attempt. Raises OSError."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        for name in (place.STDOUT, place.STDERR):
            self.descriptors.append(os.open(os.path.join(attempt, name), flags, 0o600))

    def look(self, passed: float) -> bool:
        """Cut what holds too much; return False if that cannot be. `passed` seconds have gone since the last look."""
        written, nearest, kept = 0, self.limit, True
        for descriptor in self.descriptors:
            size, held = _measure(descriptor)
            if held > self.limit:
                kept = self._cut(descriptor, size) and kept
                held = _measure(descriptor)[1]
            written += size
            nearest = min(nearest, self.limit - held)
        grown = written - self._written
        self._written = written
        self.quiet_seconds = 0.0 if grown else self.quiet_seconds + passed
        # By the next look the fastest writer has used half of what it has left.
        left = max(0, nearest) * max(passed, LEAST_SECONDS) / grown / 2 if grown > 0 else MOST_SECONDS
        self.next_look = min(MOST_SECONDS, max(LEAST_SECONDS, left))
        return kept

    def close(self) -> None:
        """Bring the logs within their limit for good."""
        for descriptor in self.descriptors:
            size, held = _measure(descriptor)
            with suppress(OSError):  # as below; a network file system may also tell of a late failure here
                if held > self.limit and not self._cut(descriptor, size):
                    os.ftruncate(descriptor, self.limit)
            with suppress(OSError):
                os.close(descriptor)
        self.descriptors = []

    def _cut(self, descriptor: int, size: int) -> bool:
        """Free the middle of a log, so that half of the limit is left."""
        return punch(descriptor, HEAD_BYTES, size - max(0, self.limit // 2 - HEAD_BYTES))


def _measure(descriptor: int) -> tuple[int, int]:
    """Return a log's size, and the bytes that it holds on the disk; zeros if the file system does not tell now."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return 0, 0
    # A small file may hold no block of its own; blocks reserved beyond the end are freed by the file system itself.
    return found.st_size, min(found.st_size, found.st_blocks * 512) if found.st_blocks else found.st_size
