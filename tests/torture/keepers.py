"""The keepers of a home as a campaign sees them: who lives, how they die, and what nobody can know afterwards.

The processes of the reader die at points of theirs too; nothing is lost with them.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from podium.keeper.system import GUARD_POINTS, POINTS
from podium.reader.worker import WORKER_POINTS
from podium.reader.zygote import ZYGOTE_POINTS
from tests.support.engines import is_alive
from tests.support.journals import is_keeper, keeper_and_guard, kill, read_journal
from tests.support.podium_home import until
from tests.torture.facts import read_rows

AT_THE_END = ("before_exit", "guard_over")  # passed by a keeper that has nothing to do any more
STARTING = ("before_fork", "before_open", "after_open", "before_listen")
RARELY = ("before_rotate", "rotate_opened", "before_next", "after_next", "before_drop", "after_drop")
ONCE = (*GUARD_POINTS, *STARTING, *RARELY, "reader_ready", "worker_begun")
"""Not passed more than once by most processes."""
READER_POINTS = ZYGOTE_POINTS + WORKER_POINTS
ALL_POINTS = POINTS + GUARD_POINTS + READER_POINTS
LOOK_SECONDS = 0.1
hits: Counter[str] = Counter()
"""How often a process died at each point, over all homes of this process."""


class Hands:
    """The keepers of one home. `may_be_lost` are attempts whose end nobody can know: all who could were dead."""

    def __init__(self, home: Path, faults: Path) -> None:
        self._home = home
        self._faults = faults
        self._faults.mkdir()
        self._armed: set[str] = set()
        self._has_killed = False
        self._found: set[int] = set()  # keepers that an earlier conductor has started
        self.may_be_lost: set[str] = set()

    def arm(self, name: str, times: int = 1) -> None:
        """Let the next process that passes a point for the n-th time die there."""
        self._armed.add(name)
        (self._faults / name).write_text(str(times))

    def disarm(self) -> None:
        """Count at which points somebody died, and spare the others."""
        self._has_killed = False
        for name in self._armed:
            hits[name] += not (self._faults / name).exists()
            (self._faults / name).unlink(missing_ok=True)
        self._armed.clear()

    @property
    def struck(self) -> bool:
        """Whether a keeper or a guard may have died since all were spared, other than at its own end."""
        points = self._armed - {*READER_POINTS, *AT_THE_END}
        return self._has_killed or any(not (self._faults / name).exists() for name in points)

    def kill(self, role: str, *, conductor_lives: bool) -> None:
        """Kill the keepers, their guards, or both."""
        self._has_killed = True
        victims = []
        for folder in self._folders():
            keeper, guard = self._pids(folder)
            pids = [keeper] * (role != "guard") + [guard] * (role != "keeper")
            victims += [pid for pid in pids if is_keeper(pid, folder)]
        for pid in victims:
            kill(pid)
        until(lambda: not any(is_alive(pid) for pid in victims))
        self.look(conductor_lives=conductor_lives)

    def look(self, *, conductor_lives: bool) -> None:
        """Note whose end nobody can know: what dead pairs were starting, and all that they had if nobody else had it.

        A conductor inherits what a pair had that it has started itself. Of one that it has found it sees only what it has looked
        at in time.
        """
        if not (self._home / "podium.db").exists():
            return
        for folder in self._folders():
            pids = self._pids(folder)
            if any(is_keeper(pid, folder) and is_alive(pid) for pid in pids):
                continue
            try:
                records = read_journal(folder)
            except FileNotFoundError:  # a conductor has just removed it
                continue
            begun = {words[1] for words in records if words[0] in {"begin", "started"}}
            named = {words[1] for words in records if words[0] in {"started", "failed", "ended"}}
            self.may_be_lost |= begun - named if conductor_lives else begun & read_rows(self._home).open_keys
            if pids[0] in self._found:
                self.may_be_lost |= _without_end(records)

    def meet_conductor(self) -> None:
        """Note which keepers a conductor finds that is started now."""
        self._found = {self._pids(folder)[0] for folder in self._folders()} - {0}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look again and again, since the folder of a dead pair is removed soon."""
        done = threading.Event()

        def work() -> None:
            while not done.wait(LOOK_SECONDS):
                self.look(conductor_lives=True)

        with ThreadPoolExecutor(1) as pool:
            try:
                watching = pool.submit(work)  # a signal may come when the thread has just begun
                yield
            finally:
                done.set()
            watching.result()

    def living(self) -> list[int]:
        """Return the keepers and guards that live."""
        pids = ((pid, folder) for folder in self._folders() for pid in self._pids(folder))
        return [pid for pid, folder in pids if is_keeper(pid, folder) and is_alive(pid)]

    def _folders(self) -> list[Path]:
        place = self._home / "keepers"
        return [each for each in place.iterdir() if each.name.isdecimal()] if place.exists() else []

    def _pids(self, folder: Path) -> tuple[int, int]:
        try:
            return keeper_and_guard(folder)
        except (IndexError, OSError):  # it died before its first record, or is just removed
            return 0, 0


def _without_end(records: list[list[Any]]) -> set[str]:
    """Return the keys that ran when the journal ended."""
    gone = {words[1] for words in records if words[0] == "gone"}
    started = {words[1] for words in records if words[0] == "started" and words[2] not in gone}
    return started - {words[1] for words in records if words[0] == "ended"}


def draw_points(random: Random) -> tuple[tuple[str, int], ...]:
    """Return the points of a round, and which passing of each is the last: those that have been hit least so far."""
    groups = [[name for name in POINTS if name not in AT_THE_END], READER_POINTS]
    if random.random() < 0.5:
        groups.append([name for name in GUARD_POINTS if name not in AT_THE_END])
    drawn = [min(names, key=lambda name: (hits[name], random.random())) for names in groups]
    return tuple((name, 1 if name in ONCE else random.choice((1, 1, 2, 5))) for name in drawn)


def table() -> str:
    """Return how often each point was hit, the least first."""
    return "\n".join(f"  {hits[name]:4} {name}" for name in sorted(ALL_POINTS, key=lambda name: hits[name]))
