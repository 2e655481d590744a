"""The folder that the conductor and the nodes share, as the conductor uses it (see `podium.lane.place`). All of it blocks."""

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from podium.conductor import faults
from podium.conductor.engines.slurm import installing
from podium.conductor.engines.slurm.installing import LANE_SCRIPT, OURS
from podium.errors import PermissionDenied
from podium.home import is_away
from podium.lane import place
from podium.lane.place import Ask, Claim, Exit
from podium.privacy.users import named, trusted
from podium.privacy.way import check_own_folder, check_way, make_private

WHAT, SETTING = "The folder for the cluster", "slurm_folder"
TAIL_BYTES = 2000
MOST_BELLS = 2000  # that are taken at once; the others ring on


@dataclass(frozen=True)
class Entry:
    """What an attempt's folder is filled with. `home` is where the conductor's home shows it."""

    serial: int
    home: str
    script: str
    spec: place.Spec


class Held(NamedTuple):
    """For how long a lane has held its attempt so far, and whether it does now."""

    seconds: float
    holds: bool


@dataclass(frozen=True)
class Seen:
    """What an attempt's folder says. `exit_at` is in seconds since the epoch; `sign` changes as long as the lane writes."""

    there: bool
    claim: Claim | None = None
    exit: Exit | None = None
    exit_at: float = 0.0
    sign: tuple[int, ...] | None = None
    queued: bool = False  # in the pool's list of what waits
    held: Held | None = None  # None if that was not read


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
        self._is_ours = False  # once that was seen

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

    def check(self) -> None:
        """Refuse a folder that another user has made, can write or can replace: what is in it runs as us. Costs nothing twice.

        Raises:
            OSError: it is refused, and says why in whole sentences; or it cannot be looked at.
        """
        if self._is_ours:
            return
        try:
            check_way(Path(self.root), WHAT, SETTING)
            if not os.path.lexists(self.root):
                return
            check_own_folder(Path(self.root), WHAT, SETTING)
        except PermissionDenied as error:
            raise PermissionError(f"{error.message} {error.fix}") from error
        with os.scandir(self.root) as entries:
            for entry in entries:
                owner = entry.stat(follow_symlinks=False).st_uid
                if not trusted(owner):
                    raise PermissionError(f"{WHAT} {self.root} is not used: {entry.path} belongs to {named(owner)}.")
        self._is_ours = True

    def open(self) -> None:
        """Make the folder, if need be, with the program in it; it is not made a second time where it is not mounted now."""
        if self.is_away():
            raise self._gone()
        self.check()
        if not self._is_remembered():
            make_private(Path(self.root))
            self.check()
        _make(f"{self.root}/{name}" for name in (place.NEWS, place.JOBS, place.POOLS))
        self._remember()
        self.program = installing.install(self.root, self._python, self._token)

    def _gone(self) -> FileNotFoundError:
        again = f"if it is gone for good, mkdir -p {self.root}/{place.JOBS} makes a new one"
        return FileNotFoundError(f"the folder {self.root} is not there any more; {again}")

    def _is_remembered(self) -> bool:
        record = self._record
        return record is not None and record.is_symlink() and str(record.readlink()) == self.root

    def _remember(self) -> None:
        if self._record is not None and not self._is_remembered():
            self._record.unlink(missing_ok=True)
            self._record.symlink_to(self.root)

    def make_pool(self, name: str, pool: place.Pool) -> None:
        """Make a pool's folder, or write anew how its lanes work."""
        folder = self.pool(name)
        _make((folder, f"{folder}/{place.TODO}", f"{folder}/{place.LANES}"))
        with suppress(FileNotFoundError):  # an earlier conductor began to remove it
            os.unlink(f"{folder}/{place.CLOSED}")  # noqa: PTH108
        if place.read_pool(folder) != pool:
            place.write_pool(folder, pool)

    def put(self, job_id: str, entry: Entry) -> None:
        """Fill an attempt's folder. The link in the home comes first: without it nothing is here. `keep` has to follow."""
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

    def keep(self, job_id: str, serial: int) -> None:
        """Have on the disk what an attempt's folder was filled with: a lane must not run the half of it after a crash."""
        folder = self.attempt(job_id, serial)
        place.sync(f"{folder}/{place.SCRIPT}")
        place.keep_spec(folder)

    def offer(self, name: str, serial: int) -> None:
        """Put an attempt, whose folder is full, where lanes look."""
        faults.point("before_todo")
        job_id = name.rpartition(".")[0]
        with suppress(FileExistsError):
            os.symlink(f"../../../{place.JOBS}/{job_id}/{serial}", f"{self.pool(name)}/{place.TODO}/{serial}")  # noqa: PTH211
        faults.point("after_todo")

    # -- looking ----------------------------------------------------------------------------------------------------

    def news(self) -> list[tuple[str, int]]:
        """Take bells that lanes have rung: job and serial of each."""
        found = []
        with os.scandir(f"{self.root}/{place.NEWS}") as bells:
            names = [each.name for each in islice(bells, MOST_BELLS)]
        for name in names:
            job_id, _, serial = name.rpartition(".")
            try:
                os.unlink(f"{self.root}/{place.NEWS}/{name}")  # noqa: PTH108
            except OSError:  # it is gone, or none of ours
                continue
            faults.point("after_bell")
            if job_id and serial.isdecimal():
                found.append((job_id, int(serial)))
        return found

    def look(self, pool: str, folder: str, *, held: bool = False) -> Seen:
        """Return what an attempt's folder says; one that is gone says nothing. `held`: read also how long it was suspended."""
        end = place.read_exit(folder)
        exit_at = os.lstat(f"{folder}/{place.EXIT}").st_mtime if end else 0.0
        claim = place.read_claim(folder)
        queued = claim is None and os.path.lexists(f"{self.pool(pool)}/{place.TODO}/{os.path.basename(folder)}")  # noqa: PTH119
        there = bool(claim) or os.path.isdir(folder)  # noqa: PTH112
        if not there and not self.is_there():
            raise self._gone()
        told = self._held(folder) if held else None
        return Seen(there, claim, end, exit_at, _sign(f"{folder}/{place.ALIVE}"), queued, told)

    def _held(self, folder: str) -> Held | None:
        load = self.loads({"": folder}).get("", {})
        seconds = load.get("held_seconds")
        return Held(float(seconds), load.get("holds") is True) if isinstance(seconds, int | float) else None

    def asked(self, folder: str) -> str:
        """Return what an attempt was last asked to do, "" if nothing."""
        ask = place.read_ask(folder)
        return ask.what if ask else ""

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
        return next((line.strip() for line in reversed(self.said(name)) if line.strip()), "")

    def said(self, name: str) -> list[str]:
        """Return the last lines that lanes of a pool, or the cluster about them, said."""
        try:
            descriptor = os.open(self.lanes_log(name), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return []
        with open(descriptor, "rb"):  # noqa: PTH123
            size = os.fstat(descriptor).st_size
            return os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES)).decode("utf-8", "replace").splitlines()

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
            with suppress(OSError):
                os.unlink(f"{self.pool(pool)}/{place.TODO}/{os.path.basename(folder)}")  # noqa: PTH108, PTH119
            with suppress(OSError):
                self.forget_secrets(folder)
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

    def forget_secrets(self, folder: str) -> None:
        """Remove what a lane was given to run, if it is still there."""
        for name in (place.SPEC, f"{place.SPEC}.new"):
            with suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(f"{folder}/{name}")  # noqa: PTH108

    # -- the way out ------------------------------------------------------------------------------------------------

    def pools(self) -> list[str]:
        """Return the names of the pools; none if there was never an attempt here."""
        self.check()
        try:
            return os.listdir(f"{self.root}/{place.POOLS}")  # noqa: PTH208
        except FileNotFoundError:
            return []

    def withdraw(self, name: str, keep: Iterable[int]) -> None:
        """Make sure that no lane plays an attempt of a pool that nobody asks for: all but those to keep."""
        kept = set(keep)
        with suppress(FileNotFoundError, NotADirectoryError):  # a file system may keep files of its own there
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
        self.check()
        folder = f"{self.root}/{place.JOBS}/{job_id}"
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # a bell that nobody hears any more
            for name in os.listdir(f"{self.root}/{place.NEWS}"):  # noqa: PTH208
                if name.rpartition(".")[0] == job_id:
                    os.unlink(f"{self.root}/{place.NEWS}/{name}")  # noqa: PTH108
        return not os.path.lexists(folder) and not self.is_away()

    def sweep_programs(self) -> None:
        """Remove the programs of other versions. Call it when no lane runs."""
        installing.sweep(self.root, self.program)


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
