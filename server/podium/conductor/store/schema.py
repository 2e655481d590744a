"""The tables and their version. An older database is brought up to date in one transaction; a newer or unreadable one is
refused, never overwritten.
"""

import sqlite3

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE plans (
    hash TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    source TEXT NOT NULL
) STRICT;
CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    intent TEXT NOT NULL,
    reason TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    next_plan_hash TEXT,
    next_from_sheet INTEGER,
    workspace TEXT NOT NULL,
    config_path TEXT,
    start_sheet INTEGER NOT NULL,
    self_healing INTEGER NOT NULL,
    submitted_at REAL NOT NULL,
    started_at REAL,
    finished_at REAL,
    sheets_total INTEGER NOT NULL,
    sheets_completed INTEGER NOT NULL,
    sheets_failed INTEGER NOT NULL,
    sheets_skipped INTEGER NOT NULL,
    event_count INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    warnings TEXT NOT NULL,
    client TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_by_status ON jobs (status, seq);
CREATE TABLE sheets (
    job INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    num INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    satisfied INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    retries_used INTEGER NOT NULL,
    waiting_until REAL,
    waiting_left REAL,
    started_at REAL,
    finished_at REAL,
    player INTEGER NOT NULL,
    limit_waits INTEGER NOT NULL,
    remedy TEXT NOT NULL,
    PRIMARY KEY (job, num)
) STRICT, WITHOUT ROWID;
CREATE TABLE attempts (
    job INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    serial INTEGER NOT NULL,
    sheet INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    key TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    instrument TEXT NOT NULL,
    open INTEGER NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL,
    outcome TEXT NOT NULL,
    end_reason TEXT NOT NULL,
    exit_code INTEGER,
    signal INTEGER,
    processes_ended INTEGER NOT NULL,
    message TEXT NOT NULL,
    validations TEXT NOT NULL,
    PRIMARY KEY (job, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_of_sheet ON attempts (job, sheet, attempt);
CREATE INDEX attempts_open ON attempts (job) WHERE open = 1;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL,
    job_seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    at REAL NOT NULL,
    data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_of_job ON events (job_id, job_seq);
CREATE TABLE idempotency (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    job_id TEXT NOT NULL,
    deleted_at REAL
) STRICT, WITHOUT ROWID;
CREATE TABLE replies (key TEXT PRIMARY KEY, reply TEXT NOT NULL, at REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE tombstones (job_id TEXT PRIMARY KEY, deleted_at REAL NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE removals (job_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE task_ends (key TEXT PRIMARY KEY, state TEXT NOT NULL, at REAL NOT NULL) STRICT, WITHOUT ROWID;
"""

# The number of jobs in each status, kept by the database itself: counting takes longer the more jobs there are.
_COUNTS = """
CREATE TABLE status_counts (status TEXT PRIMARY KEY, jobs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO status_counts SELECT status, COUNT(*) FROM jobs GROUP BY status;
CREATE TRIGGER job_made AFTER INSERT ON jobs BEGIN
    INSERT INTO status_counts VALUES (NEW.status, 1) ON CONFLICT (status) DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_moved AFTER UPDATE OF status ON jobs WHEN OLD.status <> NEW.status BEGIN
    UPDATE status_counts SET jobs = jobs - 1 WHERE status = OLD.status;
    INSERT INTO status_counts VALUES (NEW.status, 1) ON CONFLICT (status) DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_removed AFTER DELETE ON jobs BEGIN
    UPDATE status_counts SET jobs = jobs - 1 WHERE status = OLD.status;
END;
"""

# What could not be ended: of an attempt, as JSON objects, and of a job, as sentences.
_SURVIVORS = """
ALTER TABLE attempts ADD COLUMN survivors TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN survivors TEXT NOT NULL DEFAULT '[]';
"""

# Of the sheets that a job skipped, those before its first one and those that a failed sheet blocks.
_SKIP_KINDS = """
ALTER TABLE jobs ADD COLUMN sheets_before_start INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN sheets_blocked INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET
    sheets_before_start = start_sheet - 1 + (SELECT COUNT(*) FROM sheets WHERE job = seq
        AND sheets.status = 'skipped' AND satisfied = 1 AND sheets.reason = 'before start_sheet'),
    sheets_blocked = (SELECT COUNT(*) FROM sheets WHERE job = seq AND sheets.status = 'skipped' AND satisfied = 0)
WHERE sheets_skipped > 0;
"""

# Where a pending changed score comes from; `config_path` is where the present one does.
_NEXT_PATH = "ALTER TABLE jobs ADD COLUMN next_config_path TEXT;"

# Jobs of one name, the newest last, and which of them have ended how.
_NAMES = "CREATE INDEX jobs_by_name ON jobs (name, seq, status);"

# Whether a sheet waits for an approval, or has it.
_HOLDS = "ALTER TABLE sheets ADD COLUMN hold TEXT NOT NULL DEFAULT '';"

# The commands that have to tell of a job's end, until each has run: `facts` are the job then, as a JSON object. A job may be gone
# before they are, so they belong to none.
_NOTIFICATIONS = """
CREATE TABLE notifications (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    job_id TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    facts TEXT NOT NULL,
    UNIQUE (id, kind)
) STRICT;
CREATE INDEX notifications_of_job ON notifications (job_id);
"""

# What attempts have cost, in dollars, if their instruments say so; how often a sheet was to be completed, and with which note.
_COSTS = """
ALTER TABLE attempts ADD COLUMN cost REAL;
ALTER TABLE sheets ADD COLUMN cost REAL NOT NULL DEFAULT 0;
ALTER TABLE sheets ADD COLUMN completions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sheets ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN cost REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN cost_granted REAL NOT NULL DEFAULT 0;
"""

# Of an attempt: the GPUs of this machine that it has, where it runs if that is elsewhere, and whether it is suspended; how many
# attempts of a sheet in a row never began on its cluster.
_PLACES = """
ALTER TABLE attempts ADD COLUMN gpus TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sheets ADD COLUMN unbegun INTEGER NOT NULL DEFAULT 0;
"""

STEPS = (_TABLES, _COUNTS, _SURVIVORS, _SKIP_KINDS, _NEXT_PATH, _NAMES, _HOLDS, _NOTIFICATIONS, _COSTS, _PLACES)
"""The scripts that lead from each version to the next; a new database has version 0 and takes all of them."""
SCHEMA_VERSION = len(STEPS)

LARGEST = 2**53
"""No conductor counts so far: a larger number is damage. JSON keeps every number up to it."""

WAYS_OUT = (
    "It was left unchanged. Restore podium.db, podium.db-wal and podium.db-acked together from a backup, "
    "or move all three elsewhere to start with an empty database."
)


class UnreadableDatabase(Exception):
    """The database is damaged, newer, or not Podium's. It was not changed."""


def bring_up(connection: sqlite3.Connection, home_id: str) -> None:
    """Run the steps that a database lacks, all or none. A new database gets this home id."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    connection.executescript(f"BEGIN IMMEDIATE;{''.join(STEPS[version:])}PRAGMA user_version = {SCHEMA_VERSION};")
    if version == 0:
        connection.execute("INSERT INTO meta VALUES ('home_id', ?)", (home_id,))
    connection.execute("COMMIT")


def check(connection: sqlite3.Connection, path: str, acknowledged: int) -> None:
    """Refuse a database that this version cannot continue, or that lacks acknowledged events.

    Raises:
        UnreadableDatabase: says what is wrong and how to go on.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise UnreadableDatabase(
            f"{path} was written by a newer Podium (schema {version}; this one supports {SCHEMA_VERSION}). "
            "It was left unchanged. Use the newer version, or set PODIUM_HOME to another folder."
        )
    problems = [row[0] for row in connection.execute("PRAGMA quick_check(5)")]
    if problems != ["ok"]:
        raise UnreadableDatabase(f"{path} is damaged: {'; '.join(problems)}. {WAYS_OUT}")
    found = connection.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()[0] if version else 0
    if found > LARGEST:
        job_id = connection.execute("SELECT job_id FROM events WHERE seq = ?", (found,)).fetchone()[0]
        remedy = f"'DELETE FROM events WHERE seq > {LARGEST}'"  # noqa: S608 -- a constant
        raise UnreadableDatabase(
            f"{path} is damaged: an event of job {job_id} has the number {found}, which no conductor gives. {WAYS_OUT} "
            f"To continue without this event: sqlite3 {path} {remedy}."
        )
    last_job = "SELECT MAX((SELECT MAX(seq) FROM jobs), (SELECT MAX(seq) FROM sqlite_sequence WHERE name = 'jobs'))"
    if version and (connection.execute(last_job).fetchone()[0] or 0) > LARGEST:
        raise UnreadableDatabase(f"{path} is damaged: a job has a number that no conductor gives. {WAYS_OUT}")
    if found < acknowledged:
        raise UnreadableDatabase(
            f"{path} ends with event {found}, although events up to {acknowledged} were acknowledged: "
            f"{path}-wal is missing, cut off or damaged. {WAYS_OUT} "
            f"To continue without the lost events, remove {path}-acked."
        )
