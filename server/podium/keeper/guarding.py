"""The keeper's guard: when the keeper has died, it writes how each process ended that the keeper left; see `program.py`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

from podium.keeper import system
from podium.keeper.journal import Journal, generations
from podium.keeper.system import ended_of, facts, point

RETRY_SECONDS = 0.5  # between two tries to write a journal that cannot be written


def until_written(write: Callable[[], None]) -> None:
    """Write to the journal, however long the disk is full."""
    while True:
        try:
            return write()
        except FileNotFoundError:
            raise  # the journal was removed, and does not come back
        except OSError:
            time.sleep(RETRY_SECONDS)


def _all_ended() -> Iterator[tuple[int, int]]:
    """Yield the pid and exit code of each child as it ends, and reap it afterwards, until there is none."""
    while True:
        try:
            end = ended_of(os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT))
        except ChildProcessError:
            return
        yield end
        os.waitpid(end[0], 0)
        point("guard_reaped")


def guard(keeper: int) -> None:
    """Wait for the keeper's end; then write how each process ended that it left, until there is none."""
    _, status = ended_of(os.waitid(os.P_PID, keeper, os.WEXITED | os.WNOWAIT))
    try:
        _tell_of_rest(keeper, status)
    except FileNotFoundError:  # somebody removed the journal: there is nowhere to write, and nobody who would read it
        list(_all_ended())


def _tell_of_rest(keeper: int, status: int) -> None:
    journal = Journal(max(generations("."), default=0), is_there=True)
    until_written(journal.mend)
    point("before_orphaned")
    left = journal.unnamed(keeper)
    until_written(lambda: journal.append("orphaned", status, left))
    point("after_orphaned")
    for pid, code in _all_ended():
        if pid != keeper:
            ticks, session = facts(pid)
            point("before_gone")
            words = "gone", pid, code, ticks, session, time.time_ns(), system.group_of(pid)
            until_written(lambda: journal.append(*words))  # noqa: B023
            point("after_gone")
    point("before_over")
    until_written(lambda: journal.append("over"))
