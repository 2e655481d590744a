"""What a pause has suspended: it does not run on while its state says so, goes on when its job does, and ends once."""

import json
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.torture.checks import job_of
from tests.torture.facts import Rows, read_rows
from tests.torture.walk import Violation

STILL_SECONDS = 0.3  # between two looks
SETTLE_SECONDS = 1.0  # for the end to be told of what ended just when it was suspended
OVER = {"job.resumed", "job.pause_requested", "job.modify_requested", "job.cancel_requested", "job.modified"}
counts: Counter[str] = Counter()
"""How many suspended attempts were seen to stand still, and how many jobs went on with some, over all homes of this process."""


def check_still(home: Path, disturbed: Collection[str]) -> None:
    """What is suspended writes nothing; but for jobs whose lanes the cluster lets go on when it likes."""
    if not (before := _written(home)):
        return
    time.sleep(STILL_SECONDS)
    after = _written(home)
    both = [key for key in before.keys() & after.keys() if job_of(key) not in disturbed]
    if running := [key for key in both if before[key] != after[key]]:
        raise Violation("suspended", f"it runs on: {running}", *map(job_of, running))
    counts["stood still"] += len(both)


def _written(home: Path) -> dict[str, int]:
    """Return how much each suspended attempt has written, by key."""
    logs = {
        key: home / "jobs" / job_of(key) / str(row["serial"]) / "stdout.log"
        for key, row in read_rows(home).suspended.items()
    }
    return {key: log.stat().st_size for key, log in logs.items() if log.exists()}


def check_ends(rows: Rows, disturbed: Collection[str]) -> None:
    """What is suspended does not come to its own end before its job goes on."""
    for job_id, events in rows.events.items():
        suspended: dict[str, float] = {}  # since when, by name
        for event in events if job_id not in disturbed else ():
            data = json.loads(event["data"])
            if event["type"] == "job.paused":
                suspended = dict.fromkeys(data.get("suspended", ()), float(event["at"]))
            elif event["type"] in OVER:
                suspended = {}
            elif _has_run(event, data, suspended):
                raise Violation("suspended", f"{data['name']} of {job_id} came to its end", job_id)


def _has_run(event: dict[str, Any], data: dict[str, Any], suspended: dict[str, float]) -> bool:
    since = suspended.get(data.get("name", ""))
    return since is not None and data.get("end_reason") == "exited" and event["at"] - since > SETTLE_SECONDS


def count_resumed(rows: Rows) -> None:
    """Count the jobs that went on with something suspended, of those that are there."""
    every = (event for events in rows.events.values() for event in events)
    counts["went on"] += sum(event["type"] == "job.resumed" and "continued" in event["data"] for event in every)
