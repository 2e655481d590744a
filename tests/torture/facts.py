"""What a home really holds: rows, tokens, files and processes, read beside the conductor and not through it."""

import os
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.conductor.processes import facts
from podium.conductor.store.database import open_reader
from podium.home import CLUSTER_RECORD, DATABASE, SOCKET_RECORD

Row = dict[str, Any]


@dataclass
class Rows:
    """One consistent snapshot of the database."""

    home_id: str
    jobs: dict[str, Row]
    events: dict[str, list[Row]]
    attempts: dict[str, list[Row]]  # by job id, in the order of their serials
    keys: dict[str, str]  # idempotency key -> job id
    tombstones: set[str]
    removals: set[str]
    to_tell: set[str]  # the ids of the ends whose commands have not run
    last_event: int

    @property
    def telling(self) -> set[str]:
        """The keys under which the commands run that tell of ends."""
        return {f"{self.home_id}.told.{each}.on_end" for each in self.to_tell}

    @property
    def open_keys(self) -> set[str]:
        """The keys of the attempts that have no end yet."""
        return {row["key"] for rows in self.attempts.values() for row in rows if row["open"]}

    @property
    def suspended(self) -> dict[str, Row]:
        """The attempts that a pause has suspended, by key."""
        return {row["key"]: row for rows in self.attempts.values() for row in rows if row["open"] and row["suspended"]}


@dataclass
class Tokens:
    """The lines that the sheets' runs have written, by attempt key."""

    begins: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    ends: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    order: list[tuple[str, str]] = field(default_factory=list)  # ("begin" or "end", key)


def read_rows(home: Path) -> Rows:
    """Read everything in one transaction."""
    with closing(open_reader(home)) as db:
        db.execute("BEGIN")
        jobs = {row["job_id"]: row for row in _all(db, "SELECT * FROM jobs ORDER BY seq")}
        ids = {row["seq"]: job_id for job_id, row in jobs.items()}
        return Rows(
            home_id=db.execute("SELECT value FROM meta WHERE key = 'home_id'").fetchone()[0],
            jobs=jobs,
            events=_grouped(_all(db, "SELECT * FROM events ORDER BY seq"), lambda row: row["job_id"]),
            attempts=_grouped(_all(db, "SELECT * FROM attempts ORDER BY job, serial"), lambda row: ids[row["job"]]),
            keys={row["key"]: row["job_id"] for row in _all(db, "SELECT * FROM idempotency")},
            tombstones={row["job_id"] for row in _all(db, "SELECT * FROM tombstones")},
            removals={row["job_id"] for row in _all(db, "SELECT * FROM removals")},
            to_tell={row["id"] for row in _all(db, "SELECT id FROM notifications")},
            last_event=db.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()[0],
        )


def _all(db: sqlite3.Connection, query: str) -> Iterator[Row]:
    return (dict(row) for row in db.execute(query))


def _grouped(rows: Iterator[Row], key: Any) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def read_tokens(path: Path) -> Tokens:
    """Read the tokens file."""
    tokens = Tokens()
    for line in path.read_text().splitlines() if path.exists() else []:
        word, key, *code = line.split()
        tokens.order.append((word, key))
        if word == "begin":
            tokens.begins[key] += 1
        else:
            tokens.ends[key].append(int(code[0]))
    return tokens


def marked_processes(home_id: str) -> dict[int, str]:
    """Return pid -> marker of every process that belongs to an attempt of this home."""
    found = {pid: facts.marker(pid) or "" for pid in facts.all_stats()}
    return {pid: marker for pid, marker in found.items() if marker.startswith((f"{home_id}.", f"{home_id}-"))}


def files_of(home: Path) -> Iterator[Path]:
    """Yield the path of each file and folder within the home; what is inside workspaces is the sheets' own.

    A folder that a running conductor removes meanwhile is left out.
    """
    for folder, folders, files in os.walk(home):
        for name in [*folders, *files]:
            inside = (Path(folder) / name).relative_to(home)
            if inside.parts[0] != "workspaces" or len(inside.parts) <= 2:
                yield inside


HOME_FILES = {
    DATABASE,
    f"{DATABASE}-wal",
    f"{DATABASE}-shm",
    f"{DATABASE}-acked",
    "conductor.lock",
    "podium.sock",
    SOCKET_RECORD,
    CLUSTER_RECORD,
}
FOLDERS = {"jobs", "workspaces", "keepers"}
KEEPER_FILES = re.compile(r"epoch|\d+(/(lock|log|socket|journal\.\d+))?")
ATTEMPT_FILES = {"script", "stdout.log", "stderr.log", "stopped"}
TOLD_FILES = {f"{name}{part}" for name in ("script", "facts.json", "output") for part in ("", ".part")}
