"""Opening the database: the one writing connection, and read-only ones."""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from podium.conductor.store import acknowledged, schema
from podium.conductor.store.schema import UnreadableDatabase
from podium.home import ACKNOWLEDGED, DATABASE
from podium.privacy.files import open_own

BUSY_MILLISECONDS = 5000  # how long another program's lock is waited for


def open_writer(home: Path) -> sqlite3.Connection:
    """Open or create the home's database for writing. The caller holds the home's lock, so it is the only writer.

    synchronous=FULL, because NORMAL was measured to lose acknowledged rows at power loss. A single connection that writes
    and checkpoints also avoids the WAL-reset fault of SQLite before 3.51.3.

    Raises:
        UnreadableDatabase: it is damaged, newer, or not a database. Nothing was changed.
    """
    path = home / DATABASE
    try:
        last = acknowledged.read(home / ACKNOWLEDGED)
        if path.exists() and path.stat().st_size:  # beside an empty database even a reader removes the log
            # By a reader: a connection that may write would replay the log when it is closed.
            with closing(open_reader(home)) as connection:
                schema.check(connection, str(path), last)
        elif last:
            raise UnreadableDatabase(
                f"{path} is missing or empty, although {last} events were acknowledged. {schema.WAYS_OUT}"
            )
        os.close(open_own(path, os.O_RDWR | os.O_CREAT))  # closed to others; SQLite gives its other files the same mode
        return _connect(path, _set_up)
    except (sqlite3.OperationalError, OSError) as error:  # the system refused: no sign that the database is damaged
        raise UnreadableDatabase(
            f"{path} cannot be opened: {error}. It was left unchanged. Check the free space and permissions of its disk, "
            "then start again."
        ) from error
    except sqlite3.DatabaseError as error:
        raise UnreadableDatabase(f"{path} cannot be read: {error}. {schema.WAYS_OUT}") from error


def _connect(path: Path | str, prepare: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """Return a prepared connection; if preparing it fails, it is closed."""
    connection = sqlite3.connect(path, uri=isinstance(path, str), isolation_level=None, check_same_thread=False)
    try:
        prepare(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> None:
    """Set what the writing connection needs, and bring the tables up to date.

    The log is kept short: 2 MB between two checkpoints, and empty at a start. A checkpoint takes space too, so on a small disk
    that is full a long log could neither grow nor shrink. Commits were no faster at 8 MB.
    """
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MILLISECONDS}",
        "cache_size=-1024",
        "wal_autocheckpoint=512",
        "journal_size_limit=4194304",
    ):
        connection.execute(f"PRAGMA {pragma}")
    with suppress(sqlite3.OperationalError):  # on a full disk the log stays
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    schema.bring_up(connection, secrets.token_hex(8))


@contextmanager
def waiting(connection: sqlite3.Connection) -> Iterator[None]:
    """Let statements that meet another program's lock wait for it; afterwards they fail at once."""
    connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    try:
        yield
    finally:
        connection.execute("PRAGMA busy_timeout=0")


def open_reader(home: Path) -> sqlite3.Connection:
    """Open the database for reading only; rows have named columns."""

    def prepare(connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        # In KiB. The system caches the file too, and there are several readers.
        connection.execute("PRAGMA cache_size=-512")
        connection.row_factory = sqlite3.Row
        connection.text_factory = (
            _readable  # text that is no UTF-8 spoils what it is in, never the reading of other rows
        )

    return _connect(f"{(home / DATABASE).as_uri()}?mode=ro", prepare)


def _readable(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def home_id(connection: sqlite3.Connection) -> str:
    """Return the random id that this home got when its database was created."""
    return str(connection.execute("SELECT value FROM meta WHERE key = 'home_id'").fetchone()[0])


def mark(connection: sqlite3.Connection, home: Path) -> str:
    """Return the id that marks this home's processes. A copy of a home gets a mark of its own, so it never ends the other's.

    A copy is recognised by its folder (device and inode), since the files in it may have been restored from a backup.
    """
    status = home.stat()
    place = f"{status.st_dev}:{status.st_ino}"
    known = dict(connection.execute("SELECT key, value FROM meta WHERE key IN ('place', 'mark')").fetchall())
    if known.get("place") == place:
        return str(known["mark"])
    own = home_id(connection)
    found = f"{own}-{secrets.token_hex(4)}" if known else own
    with suppress(sqlite3.OperationalError):  # on a full disk the next start tries again
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('place', ?), ('mark', ?)", (place, found))
    return found
