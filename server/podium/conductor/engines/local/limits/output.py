"""Keeps the output of attempts within limits: of one stream, and of all attempts of a job together.

A log that holds more than its limit keeps its first 64 kB and its last part; the middle goes back to the disk, and offsets stay
as they are. Between two looks a stream may pass its limit by what it writes in that time: looks come every quarter of a second,
and up to fifty times a second when at the rate of the last look a limit is near. Where the file system cannot give a middle
back, the attempt has to be ended instead.

Attempts belong to one job when their folders lie in one folder. Everything here blocks on the disk, and one thread at a time
may be in it.
"""

import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from podium.conductor.engines.local.limits.holes import punch

HEAD_BYTES = 64 * 1024  # of every log, never cut
LEAST_BYTES = 2 * HEAD_BYTES  # what a cut leaves at least
STREAMS = ("stdout.log", "stderr.log")
LEAST_SECONDS, MOST_SECONDS = 0.02, 0.25  # between two looks
JOBS_REMEMBERED = 1000  # for which the output of ended attempts is known without asking the disk


@dataclass(frozen=True)
class OutputLimits:
    """Bytes on the disk: of one stream of an attempt, and of all attempts of a job."""

    stream_bytes: int = 1024**3
    job_bytes: int = 4 * 1024**3


@dataclass(frozen=True)
class Look:
    """What a look found: the attempts that cannot be kept within a limit, each with a sentence, and when to look again."""

    beyond: dict[Path, str]
    seconds: float


@dataclass(frozen=True)
class _Level:
    """A log, or all running ones of a job, at one moment: `size` counts what was written, `held` what the disk has of it."""

    size: int
    held: int
    limit: int
    at: float

    def seconds_left(self, before: "_Level | None") -> float:
        """Return when the limit is reached at the rate since `before`; without it, as if all had come since a usual look."""
        written = self.size - (before.size if before else 0)
        passed = self.at - before.at if before else MOST_SECONDS
        return max(0, self.limit - self.held) * passed / written if written > 0 else 2 * MOST_SECONDS


class Output:
    """The output of the attempts of one engine."""

    def __init__(self, limits: OutputLimits) -> None:
        self._limits = limits
        self._levels: dict[Path, _Level] = {}  # of running attempts' logs and of their jobs, at the last look
        self._ended: dict[Path, int] = {}  # job's folder -> bytes that its ended attempts hold

    def look(self, running: Collection[Path], ended: Iterable[Path]) -> Look:
        """Cut what holds too much, given the folders of all running attempts and of those that ended since the last look."""
        for folder in ended:
            self._close(folder)
        before, self._levels = self._levels, {}
        beyond: dict[Path, str] = {}
        jobs: dict[Path, list[Path]] = defaultdict(list)
        for folder in running:
            jobs[folder.parent].append(folder)
            if not self._keep(folder):
                beyond[folder] = f"a stream holds more than {self._limits.stream_bytes} bytes"
        for job, folders in jobs.items():
            if not self._keep_job(job, folders):
                text = f"the output of the job holds more than {self._limits.job_bytes} bytes"
                beyond |= dict.fromkeys(folders, text)
        return Look(beyond, self._pause(before))

    def _close(self, folder: Path) -> None:
        """Leave an ended attempt within its limit for good, and count it. A job that is not known yet is counted when it is."""
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

    def _keep(self, folder: Path) -> bool:
        """Note the levels of a running attempt, its logs cut where they hold too much; False where that cannot be done."""
        limit = self._limits.stream_bytes
        kept = True
        for path in _logs([folder]):
            if _held(path) > limit:
                kept = cut(path, limit // 2) and kept
            self._note(path)
        return kept

    def _keep_job(self, job: Path, running: list[Path]) -> bool:
        """Note the level of a job, all its logs cut where together they hold too much; False where that does not help."""
        if self._note_job(job, running) <= self._limits.job_bytes:
            return True
        folders = _attempts(job)
        share = max(LEAST_BYTES, self._limits.job_bytes // (4 * max(1, len(folders))))
        for path in _logs(folders):
            if _held(path) > share:
                cut(path, share)
        del self._ended[job]
        for path in _logs(running):
            self._note(path)
        return self._note_job(job, running) <= self._limits.job_bytes

    def _note(self, path: Path) -> None:
        size, held = _measure(path)
        self._levels[path] = _Level(size, held, self._limits.stream_bytes, time.monotonic())

    def _note_job(self, job: Path, running: list[Path]) -> int:
        """Note a job's level and return what it holds. Its ended attempts are measured once and from then on counted."""
        if job not in self._ended:
            if len(self._ended) >= JOBS_REMEMBERED:
                self._ended.clear()
            self._ended[job] = sum(map(_held, _logs(set(_attempts(job)).difference(running))))
        levels = [self._levels[path] for path in _logs(running)]
        held = self._ended[job] + sum(level.held for level in levels)
        size = sum(level.size for level in levels)
        self._levels[job] = _Level(size, held, self._limits.job_bytes, time.monotonic())
        return held

    def _pause(self, before: dict[Path, _Level]) -> float:
        """Return when to look again: when the fastest writer would have used up half of what it has left."""
        left = (level.seconds_left(before.get(path)) for path, level in self._levels.items())
        return min(MOST_SECONDS, max(LEAST_SECONDS, min(left, default=2 * MOST_SECONDS) / 2))


def cut(path: Path, keep_bytes: int) -> bool:
    """Give back the middle of a log: its first 64 kB and its last part stay, together so many bytes.

    Returns False where the file system cannot. A log that is gone needs no cut.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
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


def _held(path: Path) -> int:
    return _measure(path)[1]


def _measure(path: Path) -> tuple[int, int]:
    """Return a log's size, and what it holds of the disk; zeros where it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    # A small file may hold no block of its own; blocks that are reserved beyond the end come back by themselves.
    return found.st_size, min(found.st_size, found.st_blocks * 512) if found.st_blocks else found.st_size
