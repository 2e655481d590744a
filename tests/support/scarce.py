"""A conductor that gets less of the system than it wants: few open files, or a disk that is full at one moment."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from podium.home import DATABASE
from podium.settings import Settings

ROOM = 400_000  # bytes of a file, where the disk is to be full


@contextmanager
def limited(what: int, most: int) -> Iterator[None]:
    """Give what is started inside this limit (`resource.RLIMIT_...`)."""
    before = resource.getrlimit(what)
    resource.setrlimit(what, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


def fill_before(settings: Settings, change: str) -> None:
    """Let a change of a stopped conductor's tables, such as INSERT ON jobs, need more than the `ROOM` of a file."""
    filler = f"INSERT INTO meta VALUES ('filler', hex(zeroblob({5 * ROOM})))"  # noqa: S608 -- nothing foreign in it
    with closing(sqlite3.connect(settings.home / DATABASE)) as db:
        db.execute(f"CREATE TRIGGER fill BEFORE {change} BEGIN {filler}; END")
