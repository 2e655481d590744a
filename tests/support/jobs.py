"""Following jobs of a real conductor from a test, over its socket."""

import time
from pathlib import Path
from typing import Any

from tests.support.podium_home import Conductor, ask

LIMIT = 90.0


def submit(conductor: Conductor, score: str, **params: Any) -> str:
    """Submit an inline score and return the job id; the refusal is the assertion's message."""
    reply = ask(conductor.settings.socket, "job.submit", {"config_content": score, **params})
    assert reply["status"] == "accepted", reply
    return str(reply["job_id"])


def sheets_of(conductor: Conductor, job_id: str) -> dict[str, dict[str, Any]]:
    """Return the job's sheets by their label."""
    reply = ask(conductor.settings.socket, "job.status", {"job_id": job_id, "sheets_limit": 500})
    return {sheet["name"] or str(sheet["sheet"]): sheet for sheet in reply["podium_sheets"]}


def types_of(conductor: Conductor, job_id: str) -> list[str]:
    """Return the types of the job's events in their order."""
    return [event["type"] for event in events_of(conductor, job_id)]


def until(conductor: Conductor, job_id: str, *wanted: str) -> dict[str, Any]:
    """Poll a job until its status is one of `wanted`; return its view."""
    deadline = time.monotonic() + LIMIT
    while True:
        view: dict[str, Any] = ask(conductor.settings.socket, "job.status", {"job_id": job_id, "sheets": False})[
            "podium"
        ]
        if view["status"] in wanted:
            return view
        assert time.monotonic() < deadline, view
        time.sleep(0.02)


def events_of(conductor: Conductor, job_id: str) -> list[dict[str, Any]]:
    home_id = ask(conductor.settings.socket, "daemon.status")["home_id"]
    params = {"after": f"{home_id}:0", "stream": False, "job_ids": [job_id], "limit": 1000}
    events: list[dict[str, Any]] = ask(conductor.settings.socket, "job.events", params)["events"]
    return events


def check_history(conductor: Conductor, job_id: str) -> None:
    """The job's events have no gap, and every attempt ended exactly once."""
    events = events_of(conductor, job_id)
    assert [event["job_seq"] for event in events] == list(range(1, len(events) + 1))
    records = ask(conductor.settings.socket, "job.history", {"job_id": job_id})["records"]
    assert all(record["completed_at"] for record in records)
    ends = [event for event in events if event["type"] in {"sheet.completed", "sheet.failed", "sheet.cancelled"}]
    assert len({(event["data"]["name"], event["data"]["attempt"]) for event in ends}) == len(ends)


def wait_for_file(path: Path) -> None:
    deadline = time.monotonic() + LIMIT
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.01)
