"""Baseline: one small row on the disk, committed as durably as the conductor commits."""

import sqlite3
from pathlib import Path


class Commits:
    """A database of its own in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._db = sqlite3.connect(folder / "bare.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE rows (number INTEGER PRIMARY KEY, text TEXT)")

    def commit(self) -> None:
        """Write a row; it is on the disk when this returns."""
        self._db.execute("INSERT INTO rows (text) VALUES (?)", ("x" * 500,))

    def close(self) -> None:
        """Close the database."""
        self._db.close()
