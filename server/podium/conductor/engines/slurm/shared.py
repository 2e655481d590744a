"""The folder that the conductor and the nodes share, as the conductor uses it (see `podium.lane.place`). All of it blocks."""

import errno
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.conductor import faults
from podium.home import is_away
from podium.lane import place, program
from podium.lane.place import Ask, Claim, Exit

LANE_SCRIPT = "lane.sh"
TAIL_BYTES = 2000
OURS = 0o700


@dataclass(frozen=True)
class Entry:
    """What an attempt's folder is filled with. `home` is where the conductor's home shows it."""

    serial: int
    home: str
    script: str
    spec: place.Spec


@dataclass(frozen=True)
class Seen:
    """What an attempt's folder says. `exit_at` is in seconds since the epoch; `sign` changes as long as the lane writes."""

    there: bool
    claim: Claim | None = None
    exit: Exit | None = None
    exit_at: float = 0.0
    sign: tuple[int, ...] | None = None
    queued: bool = False  # in the pool's list of what waits


class Shared:
    """ROOT, the folder of one home. Its methods raise OSError if it cannot be used now."""

    def __init__(self, root: Path, python: str, token: str, record: Path | None = None) -> None:
        """`record` is where the home remembers that ROOT was made."""
        self.root = str(root)
        self._record = record
        self._python = python
        self._claim = Claim(place.CONDUCTOR, token=token)
        self._token = token
        self.program = ""  # the folder of the program, once it is there

    # -- names ------------------------------------------------------------------------------------------------------

    def attempt(self, job_id: str, serial: int) -> str:
        """Return the folder of an attempt."""
        return f"{self.root}/{place.JOBS}/{job_id}/{serial}"

    def pool(self, name: str) -> str:
        """Return the folder of a pool."""
        return f"{self.root}/{place.POOLS}/{name}"

    def lanes_log(self, name: str) -> str:
        """Return where the lanes of a pool write what they say themselves."""
        return f"{self.pool(name)}/{place.LANES_LOG}"

    @property
    def lane_script(self) -> str:
        """Return the script that becomes a lane; its argument is the pool's folder."""
        return f"{self.program}/{LANE_SCRIPT}"

    # -- the way in -------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Make the folder, if need be, with the program in it; it is not made a second time where it is not mounted now."""
        if self.is_away():
            why = f"it is not there any more; if it is gone for good, mkdir -p {self.root}/{place.JOBS} makes a new one"
            raise FileNotFoundError(errno.ENOENT, why, self.root)
        if not self._is_remembered():
            os.makedirs(self.root, OURS, exist_ok=True)  # noqa: PTH103
        _make(f"{self.root}/{name}" for name in (place.NEWS, place.JOBS, place.POOLS))
        self._remember()
        folder = f"{self.root}/{program.folder_name()}"
        if not os.path.isdir(folder):  # noqa: PTH112
            new = f"{folder}.{self._token}"
            for name, content in (program.files() | {LANE_SCRIPT: self._script(folder)}).items():
                path = Path(new, name)
                path.parent.mkdir(OURS, parents=True, exist_ok=True)
                path.write_bytes(content)
            try:
                os.rename(new, folder)  # noqa: PTH104
            except OSError:
                shutil.rmtree(new, ignore_errors=True)
                if not os.path.isdir(folder):  # noqa: PTH112
                    raise
        elif Path(folder, LANE_SCRIPT).read_bytes() != (script := self._script(folder)):
            Path(f"{folder}/{LANE_SCRIPT}.new").write_bytes(script)
            os.rename(f"{folder}/{LANE_SCRIPT}.new", f"{folder}/{LANE_SCRIPT}")  # noqa: PTH104
        self.program = folder

    def _is_remembered(self) -> bool:
        record = self._record
        return record is not None and record.is_symlink() and str(record.readlink()) == self.root

    def _remember(self) -> None:
        if self._record is not None and not self._is_remembered():
            self._record.unlink(missing_ok=True)
            self._record.symlink_to(self.root)

    def _script(self, folder: str) -> bytes:
        words = (self._python, "-I", "-S", folder)
        return ("#!/bin/sh\nexec " + " ".join(map(_quoted, words)) + ' "$@"\n').encode("utf-8", "surrogateescape")

    def make_pool(self, name: str, pool: place.Pool) -> None:
        """Make a pool's folder, or write anew how its lanes work."""
        folder = self.pool(name)
        _make((folder, f"{folder}/{place.TODO}", f"{folder}/{place.LANES}"))
        with suppress(FileNotFoundError):  # an earlier conductor began to remove it
            os.unlink(f"{folder}/{place.CLOSED}")  # noqa: PTH108
        if place.read_pool(folder) != pool:
            place.write_pool(folder, pool)

    def put(self, job_id: str, entry: Entry) -> None:
        """Fill an attempt's folder. The link in the home comes first: without it nothing is here."""
        folder = self.attempt(job_id, entry.serial)
        os.makedirs(os.path.dirname(entry.home), OURS, exist_ok=True)  # noqa: PTH103, PTH120
        with suppress(FileExistsError):
            os.symlink(folder, entry.home)  # noqa: PTH211
        faults.point("after_link")
        _make((os.path.dirname(folder), folder))  # noqa: PTH120
        descriptor = os.open(f"{folder}/{place.SCRIPT}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(entry.script.encode("utf-8", "surrogateescape"))
        place.write_spec(folder, entry.spec)

    def offer(self, name: str, serial: int) -> None:
        """Put an attempt, whose folder is full, where lanes look."""
        faults.point("before_todo")
        job_id = name.rpartition(".")[0]
        with suppress(FileExistsError):
            os.symlink(f"../../../{place.JOBS}/{job_id}/{serial}", f"{self.pool(name)}/{place.TODO}/{serial}")  # noqa: PTH211
        faults.point("after_todo")

    # -- looking ----------------------------------------------------------------------------------------------------

    def news(self) -> list[tuple[str, int]]:
        """Take the bells that lanes have rung: job and serial of each."""
        found = []
        for name in os.listdir(f"{self.root}/{place.NEWS}"):  # noqa: PTH208
            job_id, _, serial = name.rpartition(".")
            with suppress(FileNotFoundError):
                os.unlink(f"{self.root}/{place.NEWS}/{name}")  # noqa: PTH108
            faults.point("after_bell")
            if job_id and serial.isdecimal():
                found.append((job_id, int(serial)))
        return found

    def look(self, pool: str, folder: str) -> Seen:
        """Return what an attempt's folder says; one that is gone says nothing."""
        end = place.read_exit(folder)
        exit_at = os.lstat(f"{folder}/{place.EXIT}").st_mtime if end else 0.0
        claim = place.read_claim(folder)
        queued = claim is None and os.path.lexists(f"{self.pool(pool)}/{place.TODO}/{os.path.basename(folder)}")  # noqa: PTH119
        there = bool(claim) or os.path.isdir(folder)  # noqa: PTH112
        if not there and not self.is_there():
            raise FileNotFoundError(errno.ENOENT, "it is not there", self.root)
        return Seen(there, claim, end, exit_at, _sign(f"{folder}/{place.ALIVE}"), queued)

    def is_held(self, folder: str) -> bool:
        """Return whether an attempt was last asked to hold."""
        ask = place.read_ask(folder)
        return ask is not None and ask.what == "hold"

    def is_there(self) -> bool:
        """Return whether the folder is where it was made; one on a disk that is not mounted is not."""
        return os.path.isdir(f"{self.root}/{place.JOBS}")  # noqa: PTH112

    def is_away(self) -> bool:
        """Return whether the folder was made for this home, and is not there now."""
        return self._record is not None and is_away(self._record, Path(self.root))

    def doing(self, name: str) -> dict[str, int]:
        """Return what the lanes of a pool say they play, by number; 0 for none."""
        folder, found = f"{self.pool(name)}/{place.LANES}", {}
        for lane in os.listdir(folder):  # noqa: PTH208
            value = place.read_link(f"{folder}/{lane}")
            if isinstance(value, list) and value and isinstance(value[0], int):
                found[lane] = value[0]
        return found

    def loads(self, folders: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """Return the loads that lanes wrote, by key; those that have none, or cannot be read, are left out."""
        found = {}
        for key, folder in folders.items():
            with suppress(OSError):
                value = place.read_file(f"{folder}/{place.ALIVE}")
                if isinstance(value, dict):
                    found[key] = value
        return found

    def tail(self, name: str) -> str:
        """Return the last line that a lane of a pool said."""
        try:
            with open(self.lanes_log(name), "rb") as file:  # noqa: PTH123
                file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def output_bytes(self, job_id: str) -> int:
        """Return how much of the disk the output of a job's attempts takes."""
        total = 0
        with suppress(FileNotFoundError), os.scandir(f"{self.root}/{place.JOBS}/{job_id}") as attempts:
            for attempt in attempts:
                for name in (place.STDOUT, place.STDERR):
                    with suppress(FileNotFoundError, NotADirectoryError):
                        total += os.stat(f"{attempt.path}/{name}").st_blocks * 512  # noqa: PTH116
        return total

    # -- wishes -----------------------------------------------------------------------------------------------------

    def take(self, pool: str, folder: str, *, make: bool = False) -> bool:
        """Make sure that an attempt will never be played; return False if a lane has it. `make`: its folder may still come."""
        faults.point("before_claim")
        if make:
            if not self.is_there():
                self.open()
            _make((os.path.dirname(folder), folder))  # noqa: PTH120
        try:
            taken = place.take_claim(folder, self._claim)
        except FileNotFoundError:
            if not self.is_there():
                raise
            return True  # without a folder nobody can play it
        if not taken:
            claim = place.read_claim(folder)
            taken = claim is not None and claim.lane == place.CONDUCTOR
        if taken:
            faults.point("after_claim")
            for path in (f"{self.pool(pool)}/{place.TODO}/{os.path.basename(folder)}", f"{folder}/{place.SPEC}"):  # noqa: PTH119
                with suppress(OSError):
                    os.unlink(path)  # noqa: PTH108
        return taken

    def ask(self, folder: str, ask: Ask) -> None:
        """Ask something of a running attempt. If somebody has removed its folder, nobody can hear."""
        faults.point("before_ask")
        try:
            place.set_link(f"{folder}/{place.ASK}", ask, self._token)
        except FileNotFoundError:
            if not self.is_there():
                raise
        faults.point("after_ask")

    # -- the way out ------------------------------------------------------------------------------------------------

    def pools(self) -> list[str]:
        """Return the names of the pools; none if there was never an attempt here."""
        try:
            return os.listdir(f"{self.root}/{place.POOLS}")  # noqa: PTH208
        except FileNotFoundError:
            return []

    def withdraw(self, name: str, keep: Iterable[int]) -> None:
        """Make sure that no lane plays an attempt of a pool that nobody asks for: all but those to keep."""
        kept = set(keep)
        with suppress(FileNotFoundError):
            for serial in os.listdir(f"{self.pool(name)}/{place.TODO}"):  # noqa: PTH208
                if serial.isdecimal() and int(serial) not in kept:
                    self.take(name, self.attempt(name.rpartition(".")[0], int(serial)))

    def close_pool(self, name: str) -> None:
        """Say that nothing more will come, and remove a pool that has no lanes any more."""
        with suppress(FileNotFoundError):
            place.make_link(f"{self.pool(name)}/{place.CLOSED}", "no more")
        faults.point("after_close")
        shutil.rmtree(self.pool(name), ignore_errors=True)

    def remove_job(self, job_id: str) -> bool:
        """Remove all attempts of a job; return whether nothing is left, as far as the folder is there to be looked at."""
        folder = f"{self.root}/{place.JOBS}/{job_id}"
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # a bell that nobody hears any more
            for name in os.listdir(f"{self.root}/{place.NEWS}"):  # noqa: PTH208
                if name.rpartition(".")[0] == job_id:
                    os.unlink(f"{self.root}/{place.NEWS}/{name}")  # noqa: PTH108
        return not os.path.lexists(folder) and not self.is_away()

    def sweep_programs(self) -> None:
        """Remove the programs of other versions. Call it when no lane runs."""
        for name in os.listdir(self.root):  # noqa: PTH208
            if name.startswith("program-") and f"{self.root}/{name}" != self.program:
                shutil.rmtree(f"{self.root}/{name}", ignore_errors=True)


def _make(folders: Iterable[str]) -> None:
    """Make folders that may be there, the outer ones first; what they are in must be there, or else the disk is not mounted."""
    for folder in folders:
        with suppress(FileExistsError):
            os.mkdir(folder, OURS)  # noqa: PTH102


def _sign(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
