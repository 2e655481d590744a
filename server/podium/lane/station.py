"""Where a lane works: the pool, the shared folder around it, and what the lane is called there."""

from __future__ import annotations

import os
from typing import NamedTuple

from . import place


class Station(NamedTuple):
    """A lane's place. `token` is a text that no other lane has, `member` what it is called in its array, if it is in one."""

    pool: str
    root: str
    job_id: str
    lane: str
    node: str
    token: str
    member: str = ""

    def attempt(self, serial: int) -> str:
        """Return the folder of an attempt."""
        return os.path.join(self.root, place.JOBS, self.job_id, str(serial))

    def is_there(self) -> bool:
        """Return whether the shared folder is where it was: one on a disk that is not mounted now is not."""
        return os.path.isdir(os.path.join(self.root, place.JOBS))

    def ring(self, serial: int) -> None:
        """Say that there is something new about an attempt."""
        place.ring(self.root, self.job_id, serial)

    def claim(self, pid: int) -> place.Claim:
        """Return what this lane writes into a claim."""
        return place.Claim(self.lane, self.node, pid, self.token, self.member)

    def tell(self, serial: int) -> None:
        """Tell which attempt this lane plays, 0 for none. What cannot be told is of no harm."""
        try:
            place.set_link(place.lane_link(self.pool, self.lane), place.Lane(serial, self.node), self.token)
        except OSError:
            return

    def leave(self) -> None:
        """Tell that this lane is over."""
        try:
            os.unlink(place.lane_link(self.pool, self.lane))
        except OSError:
            return

    def note(self, serial: int, end: place.Exit) -> bool:
        """Record how an attempt ended; return False if that is to be tried again."""
        attempt = self.attempt(serial)
        try:
            place.note_exit(attempt, end._replace(lane=self.lane, node=self.node))
        except (FileNotFoundError, NotADirectoryError):
            return self.is_there()  # the attempt is gone, or else the whole folder is away
        except OSError:
            return False
        self.ring(serial)
        return True


def find_station(pool: str) -> Station:
    """Return where a lane of this pool works, from its environment."""
    pool = os.path.abspath(pool)
    root = os.path.dirname(os.path.dirname(pool))
    job_id = os.path.basename(pool).rpartition(".")[0]
    node = os.environ.get("SLURMD_NODENAME") or os.uname().nodename
    lane = os.environ.get("SLURM_JOB_ID") or str(os.getpid())
    array, index = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    member = f"{array}_{index}" if array and index else ""
    return Station(pool, root, job_id, lane, node, os.urandom(8).hex(), member)
