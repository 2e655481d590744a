"""A lane: it takes attempts of its pool until it is too old for another, or none comes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress

from . import place
from .guard import AGAIN_SECONDS, guarded
from .libc import become_subreaper
from .playing import Player
from .senses import Senses, say
from .station import Station, find_station

LOOK_SECONDS = 0.075  # between two looks for an attempt


def main(arguments: list[str]) -> int:
    """Play the attempts of the pool whose folder is the first argument, further ones for so many seconds as the second says;
    return the exit code.
    """
    if len(arguments) != 2:
        say("usage: python3 -I -S -B PROGRAM POOL SECONDS")
        return 2
    station = find_station(arguments[0])
    pool = place.read_pool(station.pool)
    if pool is None:
        say(f"lane {station.lane} on node {station.node}: there is no pool in {station.pool}")
        return 1
    become_subreaper()
    guard = os.getpid()

    def work(tell: Callable[[int, str], None]) -> int:
        Lane(station, pool, float(arguments[1]), Senses(guard), tell).run()
        return 0

    return guarded(station, work)


class Lane:
    """A lane at work. After `reuse_seconds` it takes no further attempt: the cluster's limit would end it too early."""

    def __init__(
        self,
        station: Station,
        pool: place.Pool,
        reuse_seconds: float,
        senses: Senses,
        tell: Callable[[int, str], None],
    ) -> None:
        self._station = station
        self._pool = pool
        self._reuse_seconds = reuse_seconds
        self._senses = senses
        self._tell = tell
        self._player = Player(station, senses, pool, tell, adopts=become_subreaper())
        self._claim = station.claim(os.getpid())
        self._began = self._idle_since = time.monotonic()
        self._told: int | None = None
        self._played: set[int] = set()

    def run(self) -> None:
        """Play what comes. A lane that finds nothing more says that it is over, then looks again: what the conductor added
        before it could see that is not left lying.
        """
        try:
            while not self._senses.terminated:
                if self._play_next():
                    continue
                if self._is_over():
                    self._station.leave()
                    self._told = None
                    if not self._play_next():
                        return
                else:
                    self._show(0)
                    self._senses.wait(LOOK_SECONDS)
        finally:
            self._station.leave()

    def _is_over(self) -> bool:
        return (
            self._is_old()
            or time.monotonic() - self._idle_since >= self._pool.linger_seconds
            or os.path.lexists(os.path.join(self._station.pool, place.CLOSED))
        )

    def _is_old(self) -> bool:
        """Return whether it may take no further attempt; the first one it may always take."""
        return bool(self._played) and time.monotonic() - self._began >= self._reuse_seconds

    def _show(self, serial: int) -> None:
        if serial != self._told:
            self._station.tell(serial)
            self._told = serial

    def _play_next(self) -> bool:
        """Play the next attempt to its end; return False if there is none for us."""
        serial = 0 if self._is_old() else self._take()
        if not serial:
            return False
        self._show(serial)
        self._station.ring(serial)
        end = self._player.play(serial)
        while not self._station.note(serial, end):
            self._senses.wait(AGAIN_SECONDS)
        self._tell(0, "")
        self._idle_since = time.monotonic()
        return True

    def _take(self) -> int:
        """Claim the first attempt that is there to be claimed, and return its serial, 0 if there is none."""
        todo = os.path.join(self._station.pool, place.TODO)
        waiting: list[int] = []
        with suppress(OSError):
            waiting = sorted(int(name) for name in os.listdir(todo) if name.isdecimal())
        for serial in waiting:
            took = serial not in self._played and self._claims(serial)
            if took is not None:
                with suppress(OSError):
                    os.unlink(os.path.join(todo, str(serial)))
            if took:
                self._played.add(serial)
                return serial
        return 0

    def _claims(self, serial: int) -> bool | None:
        """Claim an attempt: False if somebody else has it, or it is gone; None if that cannot be now, as on a disk that is full
        or not mounted.
        """
        self._tell(serial, "")
        try:
            if place.take_claim(self._station.attempt(serial), self._claim):
                return True
        except (FileNotFoundError, NotADirectoryError):
            if not self._station.is_there():
                return None
        except OSError:
            return None
        self._tell(0, "")
        return False
