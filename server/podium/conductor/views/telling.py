"""Which sheet of a job is meant if none is named: the one rule for what explains a job and for whose output is shown.

It is the sheet that failed first, else the one that has been running longest, else the one whose waiting time ends first, else
the one that was started last. Of a cluster those on a node come before those in the queue. `job.health`, too, measures the
process of the sheet that has been running longest.
"""

import sqlite3

FAILED_SHOWN = 5
_TELLING = """
SELECT num FROM sheets WHERE job = ? AND attempts > 0 AND status <> 'skipped' ORDER BY
CASE status WHEN 'failed' THEN 1 WHEN 'running' THEN 3 - EXISTS (SELECT 1 FROM attempts AS a
WHERE a.job = sheets.job AND a.sheet = num AND a.open = 1 AND a.place <> '')
WHEN 'waiting' THEN 4 WHEN 'cancelled' THEN 5 ELSE 6 END,
CASE status WHEN 'failed' THEN finished_at WHEN 'running' THEN started_at WHEN 'waiting' THEN waiting_until
ELSE -started_at END, CASE WHEN status IN ('failed', 'running', 'waiting') THEN num ELSE -num END LIMIT 1
"""
_FAILED = "SELECT num, reason FROM sheets WHERE job = ? AND status = 'failed' ORDER BY finished_at, num LIMIT ?"


def telling_sheet(db: sqlite3.Connection, job: int) -> int | None:
    """Return the number of that sheet of the job with this row number, None if no sheet has run."""
    found = db.execute(_TELLING, (job,)).fetchone()
    return found["num"] if found else None


def failed_sheets(db: sqlite3.Connection, job: int) -> list[tuple[int, str]]:
    """Return the first failed sheets in the order of their failures, each with its reason."""
    return [(row["num"], row["reason"]) for row in db.execute(_FAILED, (job, FAILED_SHOWN))]
