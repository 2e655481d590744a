"""What one commit writes: plain tuples by table, ready for the writing thread, and the statements that take them."""

from dataclasses import dataclass, field
from typing import Any

Row = tuple[Any, ...]

JOB_COLUMNS = (
    "seq, job_id, name, status, intent, reason, plan_hash, next_plan_hash, next_from_sheet, workspace, config_path, "
    "start_sheet, self_healing, submitted_at, started_at, finished_at, sheets_total, sheets_completed, sheets_failed, "
    "sheets_skipped, event_count, serial, warnings, client, survivors, sheets_before_start, "
    "sheets_blocked, next_config_path, cost, cost_granted"
)
SHEET_COLUMNS = (
    "job, num, status, reason, satisfied, attempts, retries_used, waiting_until, waiting_left, started_at, finished_at, "
    "player, limit_waits, remedy, hold, completions, note, cost, unbegun"
)
ATTEMPT_COLUMNS = (
    "job, serial, sheet, attempt, key, plan_hash, instrument, open, started_at, ended_at, outcome, end_reason, exit_code, "
    "signal, processes_ended, message, validations, survivors, cost, gpus, place, suspended"
)


def _upsert(table: str, columns: str, key: str) -> str:
    """Return an insert that updates every other column if the row exists."""
    names = columns.split(", ")
    sets = ", ".join(f"{name}=excluded.{name}" for name in names if name not in key.split(", "))
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {sets}"  # noqa: S608


STATEMENTS: dict[str, str] = {
    "plans": "INSERT OR IGNORE INTO plans (hash, plan, source) VALUES (?, ?, ?)",
    "jobs": _upsert("jobs", JOB_COLUMNS, "seq"),
    # A changed plan renumbers sheets: all attempts get negative numbers, kept ones then their new number, the rest 0.
    "renumbered": "DELETE FROM sheets WHERE job = ?",
    "parked_attempts": "UPDATE attempts SET sheet = -sheet WHERE job = ?",
    "moved_attempts": "UPDATE attempts SET sheet = ? WHERE job = ? AND sheet = ?",
    "dropped_attempts": "UPDATE attempts SET sheet = 0 WHERE job = ? AND sheet < 0",
    "sheets": _upsert("sheets", SHEET_COLUMNS, "job, num"),
    "attempts": _upsert("attempts", ATTEMPT_COLUMNS, "job, serial"),
    "events": "INSERT INTO events (seq, job_id, job_seq, type, at, data) VALUES (?, ?, ?, ?, ?, ?)",
    "notifications": "INSERT INTO notifications (id, kind, job_id, plan_hash, facts) VALUES (?, ?, ?, ?, ?)",
    "notified": "DELETE FROM notifications WHERE id = ? AND kind = ?",
    "idempotency": "INSERT INTO idempotency (key, digest, job_id) VALUES (?, ?, ?)",
    "replies": "INSERT OR IGNORE INTO replies (key, reply, at) VALUES (?, ?, ?)",
    "deleted_keys": "UPDATE idempotency SET deleted_at = ? WHERE job_id = ?",
    "deleted_events": "DELETE FROM events WHERE job_id = ? AND type <> 'job.deleted'",
    "deleted_jobs": "DELETE FROM jobs WHERE seq = ?",
    "tombstones": "INSERT INTO tombstones (job_id, deleted_at) VALUES (?, ?)",
    "removals": "INSERT INTO removals (job_id) VALUES (?)",
    "removed": "DELETE FROM removals WHERE job_id = ?",
    "old_replies": "DELETE FROM replies WHERE at < ?",
    "old_keys": "DELETE FROM idempotency WHERE deleted_at < ?",
    "unused_plans": "DELETE FROM plans WHERE hash = ?1 AND NOT EXISTS "
    "(SELECT 1 FROM jobs WHERE plan_hash = ?1 OR next_plan_hash = ?1) AND NOT EXISTS "
    "(SELECT 1 FROM notifications WHERE plan_hash = ?1)",
    "calendar": "INSERT OR REPLACE INTO meta VALUES ('calendar', ?)",
    "probes": "INSERT OR REPLACE INTO meta VALUES ('probed_at', ?)",
    "task_ends": "INSERT OR IGNORE INTO task_ends (key, state, at) VALUES (?, ?, ?)",
    "old_task_ends": "DELETE FROM task_ends WHERE at < ?",
}
"""Kind of row -> its statement, in the order in which a commit runs them."""


_QUICK = {"plans", "jobs", "sheets", "attempts", "events", "notifications", "notified", "idempotency", "replies"}
_FEW_ROWS = 500  # about 3 ms
_SHORT_CHARS = 64 * 1024  # of a plan


@dataclass
class Rows:
    """The rows of one commit by kind (the keys of `STATEMENTS`)."""

    by_kind: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, kind: str, row: Row) -> None:
        """Add a row."""
        self.by_kind.setdefault(kind, []).append(row)

    @property
    def are_few(self) -> bool:
        """Whether writing them takes so little time that the event loop can do it."""
        return (
            self.by_kind.keys() <= _QUICK
            and sum(map(len, self.by_kind.values())) <= _FEW_ROWS
            and all(len(plan) + len(source) <= _SHORT_CHARS for _, plan, source in self.by_kind.get("plans", ()))
        )

    def in_unicode(self) -> "Rows":
        """Return the same rows with a question mark in place of each character that cannot be encoded."""

        def encodable(value: Any) -> Any:
            return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

        return Rows({kind: [tuple(map(encodable, row)) for row in rows] for kind, rows in self.by_kind.items()})

    def __bool__(self) -> bool:
        return bool(self.by_kind)
