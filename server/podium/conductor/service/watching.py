"""Watching the outputs of jobs for a pattern: which files are looked at, and when. The reader searches them.

Without a position all counts that the last attempt of each sheet has written: a caller begins to wait after the start, and the
line may be there already. An earlier attempt does not count: its "listening" is not true any more. With a position all counts
that any attempt has written since. Only files that have grown are searched.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync

from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.service.context import Context
from podium.conductor.views.positions import MOST_FILES, JobPlace, Key, decode, encode
from podium.contract.secrets.masks import Secret
from podium.contract.waits import MatchView
from podium.errors import ConductorBusy
from podium.logs.read import open_output
from podium.logs.watch import Place
from podium.reader import requests

QUIET_SECONDS = 0.25  # since a file was written to: its last line may be a prompt
LOOK_SECONDS = 1.0  # that one look may search
REFRESH_SECONDS = 1.0  # between two reads of which attempts there are, where nothing has happened
_LAST = "SELECT COALESCE(MAX(serial), 0) FROM attempts WHERE job = ?"
# The attempts that are watched, and the next ones: after ?2, and of those up to ?3 only the last one of each sheet.
_ATTEMPTS = """
SELECT serial, sheet, attempt, open FROM attempts AS a WHERE job = ?1 AND (serial > ?2 AND (serial > ?3 OR NOT EXISTS
(SELECT 1 FROM attempts AS b WHERE b.job = a.job AND b.sheet = a.sheet AND b.serial > a.serial AND b.serial <= ?3))
OR serial IN ({})) ORDER BY serial LIMIT {}
"""

Stat = tuple[int, float] | None
"""The size of a file in bytes, and the seconds since it was written to; None if it is not there."""


class _JobWatch:
    """One job that is watched. `attempts` has the sheet, the attempt's number and whether it runs, by serial number."""

    def __init__(self, job_id: str, place: JobPlace | None) -> None:
        self.job_id = job_id
        self.seq = 0
        self.is_new = place is None
        self.place = place or JobPlace()
        self.attempts: dict[int, tuple[int, int, bool]] = {}
        self.searched: dict[Key, tuple[int, bool]] = {}  # up to which size, and whether an unfinished line is left
        self.loaded: LoadedPlan | None = None
        self.secrets: tuple[Secret, ...] = ()

    def runs(self, key: Key) -> bool:
        return self.attempts[key[0]][2]

    def is_due(self, key: Key, stat: Stat) -> bool:
        """Return whether there is something new to search in a file."""
        if stat is None or not stat[0]:
            return False
        size, open_rest = self.searched.get(key, (-1, False))
        return stat[0] != size or not self.runs(key) or (open_rest and stat[1] >= QUIET_SECONDS)

    def forget(self, key: Key) -> None:
        """Be done with a file."""
        del self.place.files[key]
        self.searched.pop(key, None)


class Watch:
    """The watch of one call.

    `behind`: there is output that was not searched yet. `unsearched` are the bytes that could not be searched.
    """

    def __init__(self, context: Context, client: object, job_ids: Sequence[str], pattern: str, position: str) -> None:
        self._context = context
        self._client = client
        self._body = requests.encode(pattern)
        self._known = decode(position)
        self._ids = list(dict.fromkeys(job_ids))
        self._jobs: dict[str, _JobWatch] = {}
        self._refreshed: tuple[int, float] = (-1, 0.0)
        self._late = False
        self.behind = True
        self.unsearched = 0

    @property
    def files(self) -> int:
        """How many files are watched."""
        return sum(len(job.place.files) for job in self._jobs.values())

    @property
    def position(self) -> str:
        """How far all has been searched."""
        return encode({job.seq: job.place for job in self._jobs.values()})

    async def begin(self) -> None:
        """Check the pattern and the jobs.

        Raises:
            InvalidArguments: it is not a pattern.
            JobNotFound, JobDeleted: there is no such job.
        """
        await self._context.reader.ask(requests.Watch(), requests.Watched, body=self._body, client=self._client)
        await self._context.supervisor.flushed()
        for job_id in self._ids:
            row = await self._context.queries.job(job_id)
            job = self._jobs[job_id] = _JobWatch(job_id, self._known.get(row["seq"]))
            job.seq = row["seq"]
        order = {seq: number for number, seq in enumerate(self._known)}
        self._jobs = dict(sorted(self._jobs.items(), key=lambda item: order.get(item[1].seq, len(order))))

    async def look(self) -> MatchView | None:
        """Search what is new, for about `LOOK_SECONDS`, and return the first line that matches.

        Raises:
            InvalidArguments: the pattern is too slow for this output.
            JobNotFound, JobDeleted: a job was deleted meanwhile.
        """
        deadline = time.monotonic() + LOOK_SECONDS
        self.behind = await self._refresh()
        for job in list(self._jobs.values()):
            keys = list(job.place.files)
            paths = [self._context.home.attempt(job.job_id, serial) / f"{stream}.log" for serial, stream in keys]
            for key, stat in zip(keys, await run_sync(_stats, paths), strict=True):
                if job.is_due(key, stat):
                    try:
                        found = await self._search(job, key, stat or (0, 0.0), deadline)
                    except ConductorBusy:
                        self.behind = True
                        return None
                    if found is not None:
                        return found
                elif not job.runs(key):
                    job.forget(key)
        return None

    async def _search(self, job: _JobWatch, key: Key, stat: tuple[int, float], deadline: float) -> MatchView | None:
        """Search one file up to its end, the next match or the deadline."""
        serial, stream = key
        folder, runs = self._context.home.attempt(job.job_id, serial), job.runs(key)
        fd = await run_sync(open_output, folder, stream)
        if fd is None:
            return None
        try:
            while time.monotonic() < deadline:
                request = requests.Watch(
                    cursor=job.place.files[key],
                    running=runs,
                    quiet_size=stat[0] if stat[1] >= QUIET_SECONDS else -1,
                    secrets=job.secrets,
                )
                seen, _ = await self._context.reader.ask(
                    request, requests.Watched, body=self._body, files=[fd], client=self._client
                )
                job.place.files[key] = Place(*seen.cursor)
                self.unsearched += seen.unsearched
                if seen.found is not None:
                    self.behind = True
                    return self._matched(job, key, seen)
                if not seen.behind:
                    job.searched[key] = stat[0], seen.open_rest
                    if not runs:
                        job.forget(key)
                    return None
        finally:
            os.close(fd)
        self.behind = True
        return None

    def _matched(self, job: _JobWatch, key: Key, seen: requests.Watched) -> MatchView:
        """Return the match in a file; it and its job are searched last from now on."""
        job.place.files[key] = job.place.files.pop(key)
        self._jobs[job.job_id] = self._jobs.pop(job.job_id)
        num, attempt, _ = job.attempts[key[0]]
        name = job.loaded.plan.sheet(num).name if job.loaded else ""
        facts: dict[str, Any] = {"job_id": job.job_id, "sheet": num, "sheet_name": name, "attempt": attempt}
        return MatchView(**facts, stream=key[1], line=seen.found)

    async def _refresh(self) -> bool:
        """Learn which attempts there are, if something has happened; return whether some have to wait for room."""
        context, now = self._context, time.monotonic()
        is_fresh = self._refreshed[0] == context.supervisor.last_event and now - self._refreshed[1] < REFRESH_SECONDS
        if is_fresh and not self._late:
            return False
        self._refreshed, self._late = (context.supervisor.last_event, now), False
        for job in self._jobs.values():
            row = await context.queries.job(job.job_id)
            job.loaded = await context.loader.plan(row["plan_hash"])
            job.secrets = (await context.values.of(job.job_id, job.loaded)).masker.secrets
            if job.is_new:
                job.place.first, job.is_new = (await self._rows(_LAST, job.seq))[0][0], False
            self._late |= await self._take(job)
        return self._late

    async def _take(self, job: _JobWatch) -> bool:
        """Take attempts in the order of their starts, as far as there is room; learn what has become of those taken before.

        Each job has its share of the room, however much the others take. Returns whether some attempts have to wait.
        """
        held = sorted({serial for serial, _ in job.place.files})
        query = _ATTEMPTS.format(", ".join("?" * len(held)), len(held) + MOST_FILES)
        rows = await self._rows(query, job.seq, job.place.ceiling, job.place.first, *held)
        job.attempts = {row["serial"]: (row["sheet"], row["attempt"], bool(row["open"])) for row in rows}
        for key in [key for key in job.place.files if key[0] not in job.attempts]:
            job.forget(key)
        share = MOST_FILES // len(self._jobs)
        for serial in (row["serial"] for row in rows if row["serial"] > job.place.ceiling):
            if self.files + 2 > MOST_FILES and len(job.place.files) + 2 > share:
                return True
            job.place.files |= {(serial, "stdout"): Place(), (serial, "stderr"): Place()}
            job.place.ceiling = serial
        return False

    async def _rows(self, query: str, *values: int) -> list[Any]:
        return await self._context.store.read(lambda db: db.execute(query, values).fetchall())


def _stats(paths: Sequence[Path]) -> list[Stat]:
    """Return what is known of files. Blocks."""
    return [_stat(path) for path in paths]


def _stat(path: Path) -> Stat:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_size, abs(time.time() - found.st_mtime)
