"""The store as the conductor uses it: one commit at a time in a thread of its own, reads beside it."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from podium.conductor import faults
from podium.conductor.store import database
from podium.conductor.store.acknowledged import Acknowledged
from podium.conductor.store.place import Place
from podium.conductor.store.rows import STATEMENTS, Rows
from podium.conductor.store.trouble import Trouble, continued, gone
from podium.errors import StorageFull
from podium.home import ACKNOWLEDGED, DATABASE

T = TypeVar("T")
_READERS = 2
# What the disk says -> how a caller is told; all of it may pass.
_DISK = {
    sqlite3.SQLITE_FULL: ("is full", "Free space on the disk of PODIUM_HOME, then repeat the call."),
    sqlite3.SQLITE_IOERR: (
        "reports an error",
        "Check the disk of PODIUM_HOME (the system's log says more): its space, its limits, its health. Then repeat the call.",
    ),
}
# Another program's lock, or a refusal by the system: temporary, like a full disk.
_HINDERED = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}
_UNFLUSHED = {"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"}


class StorageBroken(Exception):
    """A flush failed: the system may have dropped pages, even of earlier commits, and may report success the next time.

    Only reading the disk again shows what is there, so the conductor stops.
    """


class Store:
    """Commits rows and runs queries. Make it with `open_store`."""

    def __init__(self, home: Path, writer: sqlite3.Connection) -> None:
        self.home_id = database.home_id(writer)
        self.mark = database.mark(writer, home)
        self._writer = writer
        self._writer.execute("PRAGMA busy_timeout=0")  # only the thread may wait for another program's lock
        self._acknowledged = Acknowledged(home / ACKNOWLEDGED)
        self._writing = anyio.Lock(fast_acquire=True)
        self._write_slot = anyio.CapacityLimiter(1)  # its own, so that no other thread keeps it waiting
        self._read_slots = anyio.CapacityLimiter(_READERS)
        self.trouble: Trouble | None = None  # of the last commit, None if it was written
        self._readers = [database.open_reader(home) for _ in range(_READERS)]
        self._finder = database.open_reader(home)
        self._place = Place(home)

    async def commit(self, rows: Rows) -> None:
        """Write all rows in one transaction; when this returns they are on the disk.

        Raises:
            StorageFull: nothing was written, because the disk is full or failing, or another program holds the database.
            StoreGone: the database was removed or replaced; nothing was written.
            StorageBroken: it is unknown what was written.
        """
        async with self._writing:
            try:
                if lost := self._place.lost_lately():
                    raise gone(lost)
                written = rows.are_few and self._write_here(rows)
                with anyio.CancelScope(shield=True):  # so that the end of every commit is known
                    await anyio.to_thread.run_sync(self._commit, rows, written, limiter=self._write_slot)
            except StorageFull as error:
                self.trouble = continued(self.trouble, error)
                raise
            self.trouble = None

    async def in_place(self) -> bool:
        """Return whether the database is still where it was opened."""
        return not await anyio.to_thread.run_sync(self._place.lost)

    def _write_here(self, rows: Rows) -> bool:
        """Write rows without a thread, for which only the flush is left; return False if that does not work at once.

        In a thread each statement waits for the interpreter, which a busy event loop holds: 9 ms instead of 1 for 16 jobs.
        """
        try:
            self._write(rows)
        except (sqlite3.Error, UnicodeEncodeError):  # the thread tries again, and says what is wrong
            self._roll_back()
            return False
        return True

    def _commit(self, rows: Rows, written: bool) -> None:
        """Write the rows unless they are written, and make them durable. Blocks."""
        try:
            if not written:
                self._write_waiting(rows)
            self._flush(rows)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") in _UNFLUSHED:
                raise StorageBroken(f"The disk of PODIUM_HOME failed to flush written data: {error}.") from error
            self._roll_back()
            with suppress(sqlite3.Error):  # so that the next commit can reuse the log instead of extending it
                self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
            raise _in_words(error, "written to") from error

    def _roll_back(self) -> None:
        """Undo what was begun. On a disk that fails this may fail too: then the next write begins with it."""
        if self._writer.in_transaction:
            with suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")

    def _write_waiting(self, rows: Rows) -> None:
        with database.waiting(self._writer):
            try:
                self._write(rows)
            except UnicodeEncodeError:  # such as a file's name in a message: better to lose a character than the record
                self._writer.execute("ROLLBACK")
                self._write(rows.in_unicode())

    def _write(self, rows: Rows) -> None:
        if self._writer.in_transaction:  # that could not be undone
            self._writer.execute("ROLLBACK")
        self._writer.execute("BEGIN IMMEDIATE")
        for kind, statement in STATEMENTS.items():
            if kind in rows.by_kind:
                self._writer.executemany(statement, rows.by_kind[kind])

    def _flush(self, rows: Rows) -> None:
        self._writer.execute("COMMIT")
        faults.point("before_acknowledged")
        if events := rows.by_kind.get("events"):
            self._acknowledged.note(events[-1][0])

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query in a thread on a read-only connection; it sees every commit that has returned.

        Raises:
            StorageFull: the disk is failing, or another program holds the database.
        """
        async with self._read_slots:
            connection = self._readers.pop()
            try:
                return await anyio.to_thread.run_sync(query, connection)
            except sqlite3.OperationalError as error:
                raise _in_words(error, "read") from error
            finally:
                self._readers.append(connection)

    def find(self, query: str, *values: object) -> sqlite3.Row | None:
        """Return the row of a look-up by a unique key. It takes some 20 microseconds, less than handing it to a thread."""
        try:
            row: sqlite3.Row | None = self._finder.execute(query, values).fetchone()
        except sqlite3.OperationalError as error:
            raise _in_words(error, "read") from error
        return row

    def close(self) -> None:
        """Close every connection; the writer comes last, since closing it checkpoints the log."""
        for reader in [*self._readers, self._finder]:
            reader.close()
        self._writer.close()
        self._acknowledged.close()


def _in_words(error: sqlite3.Error, what: str) -> Exception:
    """Return the error for trouble with the disk that may pass; the same error if it is something else."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary part of an extended code
    if code in _DISK:
        said, fix = _DISK[code]
        return StorageFull(f"The conductor's disk {said}: {error}.", fix=fix)
    if code in _HINDERED:
        return StorageFull(
            f"The conductor's database cannot be {what} right now: {error}.",
            fix=f"Find out which program has locked or write-protected {DATABASE} in PODIUM_HOME, then repeat the call.",
        )
    return error


@asynccontextmanager
async def open_store(home: Path) -> AsyncIterator[Store]:
    """Open the home's store for the duration of a context.

    Raises:
        UnreadableDatabase: see `database.open_writer`.
    """
    store = Store(home, await anyio.to_thread.run_sync(database.open_writer, home))
    try:
        yield store
    finally:
        store.close()
