"""Keeps the output of attempts within limits: of one stream, and of all attempts of a job together.

The same looks tell for how long an attempt has written nothing. That is counted by a clock that cannot be set, from the last
change that was seen; at the first look at an attempt, from the time of its files, so that a silence goes on over a restart. It
begins anew when an attempt goes on that was suspended.

A log that holds more than its limit keeps its first 64 kB and its last part; the middle is freed on the disk, and offsets stay
as they are. Between two looks a stream may exceed its limit by what it writes in that time: looks come every quarter of a second,
and up to fifty times a second if a limit is near at the rate seen last. If the file system cannot free the middle of a file, the
attempt has to be ended instead.

Attempts whose folders lie in one folder belong to one job. Everything here blocks on the disk, and only one thread at a time may
be in it.
"""

import errno
import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Set
from dataclasses import dataclass, replace
from pathlib import Path

from podium.conductor.engines.local.folder import SUSPENDED
from podium.conductor.engines.local.limits.holes import punch
from podium.privacy.files import NOT_A_LINK

HEAD_BYTES = 64 * 1024  # of every log, never cut
STREAMS = ("stdout.log", "stderr.log")
LEAST_SECONDS, MOST_SECONDS = 0.02, 0.25  # between two looks
JOBS_REMEMBERED = 1000  # for which the output of ended attempts is known without asking the disk


@dataclass(frozen=True)
class OutputLimits:
    """The most bytes on the disk: of one stream of an attempt, and of all attempts of a job."""

    stream_bytes: int = 1024**3
    job_bytes: int = 4 * 1024**3


@dataclass(frozen=True)
class Look:
    """What a look found: the attempts that cannot be kept within a limit, each with the reason, and when to look again."""

    beyond: dict[Path, str]
    seconds: float


@dataclass(frozen=True)
class _Level:
    """A log, or all running logs of a job, at one moment: `size` bytes were written, `held` of them are on the disk."""

    size: int
    held: int
    limit: int
    at: float
    since: float = 0.0  # when it was seen to have this size; monotonic, as `at`

    def seconds_left(self, before: "_Level | None") -> float:
        """Return the seconds until the limit at the rate since `before`, or as if all had come within a usual pause."""
        written = self.size - (before.size if before else 0)
        passed = self.at - before.at if before else MOST_SECONDS
        return max(0, self.limit - self.held) * passed / written if written > 0 else 2 * MOST_SECONDS


class Output:
    """The output of the attempts of one engine."""

    def __init__(self, limits: OutputLimits) -> None:
        self._limits = limits
        self._levels: dict[Path, _Level] = {}  # of running attempts' logs and of their jobs, at the last look
        self._ended: dict[Path, int] = {}  # job's folder -> bytes that its ended attempts hold

    def look(self, running: Collection[Path], ended: Iterable[Path], suspended: Set[Path] = frozenset()) -> Look:
        """Cut logs that hold too much. `running` are all running attempts, `ended` those that ended since the last look.

        The silence of those that are `suspended` does not count.
        """
        for folder in ended:
            self._close(folder)
        before, self._levels = self._levels, {}
        limit = self._limits.stream_bytes
        beyond: dict[Path, str] = {}
        jobs: dict[Path, list[Path]] = defaultdict(list)
        for folder in running:
            jobs[folder.parent].append(folder)
            for path in _logs([folder]):
                if _held(path) > limit and not cut(path, limit // 2):
                    beyond[folder] = f"a stream exceeds {limit} bytes"
                self._note(path, before.get(path))
                if folder in suspended:
                    self._levels[path] = replace(self._levels[path], since=self._levels[path].at)
        for job, folders in jobs.items():
            if not self._keep_job(job, folders):
                text = f"the job's output exceeds {self._limits.job_bytes} bytes"
                beyond |= dict.fromkeys(folders, text)
        # By the next look the fastest writer has used half of what it has left.
        left = (level.seconds_left(before.get(path)) for path, level in self._levels.items())
        pause = min(left, default=2 * MOST_SECONDS) / 2
        return Look(beyond, min(MOST_SECONDS, max(LEAST_SECONDS, pause)))

    def _close(self, folder: Path) -> None:
        """Bring an ended attempt within its limit for good, and count it if its job is known; others are counted later."""
        limit, total = self._limits.stream_bytes, 0
        for path in _logs([folder]):
            held = _held(path)
            if held > limit:
                if not cut(path, limit // 2):
                    os.truncate(path, limit)
                held = _held(path)
            total += held
        if folder.parent in self._ended:
            self._ended[folder.parent] += total

    def _keep_job(self, job: Path, running: list[Path]) -> bool:
        """Note the level of a job, and cut all its logs if they hold too much together; return False if that does not help."""
        if self._note_job(job, running) <= self._limits.job_bytes:
            return True
        folders = _attempts(job)
        share = max(2 * HEAD_BYTES, self._limits.job_bytes // (4 * max(1, len(folders))))
        for path in _logs(folders):
            if _held(path) > share:
                cut(path, share)
        del self._ended[job]
        for path in _logs(running):
            self._note(path, self._levels.get(path))
        return self._note_job(job, running) <= self._limits.job_bytes

    def quiet_seconds(self, folder: Path) -> float:
        """Return for how long a running attempt had written nothing at the last look, 0 if it was not looked at."""
        levels = [level for path in _logs([folder]) if (level := self._levels.get(path))]
        return min((level.at - level.since for level in levels), default=0.0)

    def _note(self, path: Path, before: _Level | None) -> None:
        size, held, written_at = _measure(path)
        now = time.monotonic()
        if written_at is None:
            since = now
        elif before is None:
            since = now - max(0.0, time.time() - max(written_at, _went_on_at(path.parent)))
        else:
            since = before.since if before.size == size else now
        self._levels[path] = _Level(size, held, self._limits.stream_bytes, now, since)

    def _note_job(self, job: Path, running: list[Path]) -> int:
        """Note a job's level and return the bytes that it holds. Its ended attempts are measured once, then counted."""
        if job not in self._ended:
            if len(self._ended) >= JOBS_REMEMBERED:
                self._ended.clear()
            self._ended[job] = sum(map(_held, _logs(set(_attempts(job)).difference(running))))
        levels = [self._levels[path] for path in _logs(running)]
        held = self._ended[job] + sum(level.held for level in levels)
        size = sum(level.size for level in levels)
        self._levels[job] = _Level(size, held, self._limits.job_bytes, time.monotonic())
        return held


def cut(path: Path, keep_bytes: int) -> bool:
    """Free the middle of a log: its first 64 kB and its last part stay, together `keep_bytes` bytes.

    Returns False if the file system cannot. A log that is gone needs no cut, nor does a link in its place.
    """
    try:
        fd = os.open(path, os.O_RDWR | NOT_A_LINK)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP}:
            return True
        raise
    try:
        return punch(fd, HEAD_BYTES, os.fstat(fd).st_size - (keep_bytes - HEAD_BYTES))
    finally:
        os.close(fd)


def _logs(folders: Iterable[Path]) -> Iterator[Path]:
    return (folder / name for folder in folders for name in STREAMS)


def _attempts(job: Path) -> list[Path]:
    """Return the folders of all attempts of a job."""
    try:
        with os.scandir(job) as entries:
            return [job / entry.name for entry in entries if entry.is_dir()]
    except FileNotFoundError:
        return []


def _went_on_at(folder: Path) -> float:
    """Return when an attempt that was suspended went on, by the time of the note about it; 0 if it never was."""
    try:
        return (folder / SUSPENDED).lstat().st_mtime
    except OSError:
        return 0.0


def _held(path: Path) -> int:
    return _measure(path)[1]


def _measure(path: Path) -> tuple[int, int, float | None]:
    """Return a log's size, the bytes that it holds on the disk, and when it was written; zeros and None if it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0, None
    # A small file may hold no block of its own; blocks reserved beyond the end are freed by the file system itself.
    held = min(found.st_size, found.st_blocks * 512) if found.st_blocks else found.st_size
    return found.st_size, held, found.st_mtime
