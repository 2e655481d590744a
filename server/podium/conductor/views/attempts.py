"""Attempts as callers see them."""

import sqlite3

from podium.contract.record import AttemptView
from podium.times import iso


def attempt_view(row: sqlite3.Row) -> AttemptView:
    """View an attempt from its row."""
    return AttemptView(
        sheet=row["sheet"],
        attempt=row["attempt"],
        instrument=row["instrument"],
        outcome=row["outcome"] or "running",
        end_reason=row["end_reason"],
        exit_code=row["exit_code"],
        signal=row["signal"],
        reason=row["message"],
        place=row["place"],
        processes_ended=row["processes_ended"],
        cost_dollars=row["cost"],
        started_at=iso(row["started_at"]),
        finished_at=iso(row["ended_at"]) or None,
    )
