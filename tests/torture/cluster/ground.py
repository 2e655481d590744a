"""What a campaign on a cluster stands on: the lab, the shared folder, the commands; and what our own hands have done to attempts."""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from podium.lane.place import CONDUCTOR
from tests.support.slurm.lab import PATH, Lab
from tests.torture.cluster.commands import Commands
from tests.torture.cluster.disk import Disk

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
SHIFTS: Mapping[str, str] = {"f1": "+3600", "f2": "-86400"}
"""How wrong the clocks of nodes are for the lanes there and all that they play."""
PYTHON = """#!/bin/sh
case "$SLURMD_NODENAME" in
{cases}
esac
exec {python} "$@"
"""
CLOCK = "{node}) export LD_PRELOAD={library} FAKETIME={shift} NO_FAKE_STAT=1;;"


class Attempt(NamedTuple):
    """An attempt as its folder tells. `lane` and `node` are "" as long as nobody has claimed it."""

    key: str
    job_id: str
    lane: str
    node: str
    ended: bool


class LaneRow(NamedTuple):
    """A lane of ours as the cluster tells."""

    lane: str
    number: str
    state: str
    job_id: str


class Ground:
    """The ground of one home."""

    def __init__(self, folder: Path, lab: Lab) -> None:
        self.folder, self.lab = folder, lab
        self.disk = Disk(folder)
        self.commands = Commands(folder / "bin")
        self.excuses: dict[str, set[str]] = defaultdict(set)
        self.troubled: list[tuple[float, float]] = []  # from when to when something was wrong with the shared folder
        self.disturbed: set[str] = set()  # jobs with lanes that were suspended: with these all that they play goes on
        self.reused = 0  # numbers of lanes up to this one may have been given twice, since the controller forgot some
        self.python = folder / "python"
        cases = [CLOCK.format(node=node, library=FAKETIME, shift=by) for node, by in SHIFTS.items()]
        self.python.write_text(
            PYTHON.format(cases="\n".join(cases if FAKETIME.exists() else []), python=sys.executable)
        )
        self.python.chmod(0o755)

    def environment(self) -> dict[str, str]:
        """Return what a conductor gets."""
        return {"PATH": f"{self.commands.folder}:{PATH}", **self.lab.env}

    def attempts(self) -> Iterator[Attempt]:
        """Yield the attempts that the shared folder knows."""
        for folder in self.disk.find("*/jobs/*/*"):
            mark, _, job_id, serial = folder.parts[-4:]
            lane, node = "", ""
            with suppress(OSError, ValueError):
                lane, node, *_ = json.loads(str((folder / "claim").readlink()))
            ended = os.path.lexists(folder / "exit") or lane == CONDUCTOR
            yield Attempt(f"{mark}.{job_id}.{serial}", job_id, lane, node, ended)

    def is_made(self) -> bool:
        """Return whether a conductor has used the shared folder."""
        return any(self.disk.find("*/jobs"))

    def open_attempts(self) -> list[Attempt]:
        """Return those that have not ended."""
        return [each for each in self.attempts() if not each.ended]

    def forget(self) -> None:
        """Note that the controller may have forgotten the newest lanes, and gives their numbers to others: it ends what it does not
        know, and what it takes for another.
        """
        self.reused = max(
            [self.commands.newest_number(), *(int(each.lane) for each in self.attempts() if each.lane.isdecimal())]
        )

    def excuse_reused(self) -> None:
        """Excuse what is played by lanes whose numbers may have been given twice."""
        reused = [each for each in self.attempts() if each.lane.isdecimal() and int(each.lane) <= self.reused]
        self.excuse(reused, "lost", "cancelled_elsewhere", "killed", "node_failed")

    def excuse(self, attempts: Iterable[Attempt], *reasons: str) -> None:
        """Note in which ways attempts may end because of us."""
        for each in attempts:
            self.excuses[each.key].update(reasons)

    def excused_jobs(self, *reasons: str) -> set[str]:
        """Return the jobs with an attempt that may end in one of these ways."""
        return {key.split(".")[1] for key, found in self.excuses.items() if found & set(reasons)}

    def lanes(self, *states: str) -> list[LaneRow]:
        """Return the lanes in these states, by default those that are not over; none if the cluster does not answer."""
        wanted = ",".join(states) or "PD,R,S,CG,CF"
        with suppress(AssertionError):
            rows = [line.split("|") for line in self.lab.jobs("%F|%K|%A|%t|%j", states=wanted)]
            return [
                LaneRow(
                    f"{array}_{index}" if index.isdecimal() else number,
                    number,
                    state,
                    name.partition(".")[2].rpartition(".")[0],
                )
                for array, index, number, state, name in rows
            ]
        return []
