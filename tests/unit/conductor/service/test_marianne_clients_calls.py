"""Every method as the clients of the Marianne conductor call it: a probe first, connections of a pool, nulls for all options."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_jobs import named
from tests.support.jobs import submit, until, wait_for_file
from tests.support.marianne_client import SUBMITTED, MarianneClient
from tests.support.podium_home import Conductor
from tests.support.wire_methods import MARIANNE_METHODS
from tests.unit.conductor.service.marianne_recorded import REPLIES, misfits

GATE = "touch begun; until [ -e go ] || [ ! -e begun ]; do sleep 0.1; done"
JOB, SCORE = "the id of the job", "the path of its score"  # stand for these in the table
NULLS = dict.fromkeys(SUBMITTED)
NOTHING: dict[str, Any] = {}
Sample = tuple[str, str, dict[str, Any] | None, dict[str, Any]]

# Method, the state of the job that it is about, the parameters, and what of the result clients rely on: a value, or its type.
CALLS: list[Sample] = [
    ("job.submit", "-", {"config_path": SCORE, **SUBMITTED}, {"job_id": str, "status": "accepted", "message": str}),
    ("job.submit", "-", {"config_path": SCORE, **NULLS}, {"job_id": str, "status": "accepted", "message": str}),
    ("job.submit", "-", {"config_path": SCORE, **NULLS, "workspace": "", "client_cwd": ""}, {"status": "accepted"}),
    ("job.submit", "-", {"config_path": SCORE, **NULLS, "fresh": True, "chain_depth": 3, "self_healing": True,
                         "self_healing_auto_confirm": True, "start_sheet": 1}, {"status": "accepted"}),
    ("job.status", "completed", {"job_id": JOB, "workspace": ""}, {"job_id": JOB, "status": "completed", "sheets": dict}),
    ("job.status", "running", {"job_id": JOB, "workspace": None}, {"job_id": JOB, "status": "running", "sheets": dict}),
    ("job.pause", "running", {"job_id": JOB, "workspace": ""}, {"paused": True}),
    ("job.pause", "completed", {"job_id": JOB, "workspace": ""}, {"paused": False, "error": str}),
    ("job.resume", "failed", {"job_id": JOB, "workspace": "", "config_path": None, "no_reload": False},
     {"job_id": JOB, "status": "accepted", "message": str}),
    ("job.resume", "failed", {"job_id": JOB, "workspace": None, "config_path": SCORE, "no_reload": None},
     {"job_id": JOB, "status": "accepted", "message": str}),
    ("job.resume", "completed", {"job_id": JOB, "workspace": "", "config_path": None, "no_reload": True},
     {"job_id": JOB, "status": "rejected", "message": str}),
    ("job.modify", "failed", {"job_id": JOB, "config_path": SCORE, "workspace": None},
     {"job_id": JOB, "status": "accepted", "message": str}),
    ("job.modify", "running", {"job_id": JOB, "config_path": SCORE, "workspace": ""},
     {"job_id": JOB, "status": "accepted", "message": str}),
    ("job.modify", "completed", {"job_id": JOB, "config_path": SCORE, "workspace": None},
     {"job_id": JOB, "status": "rejected", "message": str}),
    ("job.cancel", "running", {"job_id": JOB, "workspace": ""}, {"cancelled": True}),
    ("job.cancel", "failed", {"job_id": JOB, "workspace": ""}, {"cancelled": False}),
    ("job.clear", "failed", {"job_ids": [JOB], "statuses": None, "older_than_seconds": None}, {"deleted": 1}),
    ("job.clear", "running", {"job_ids": [JOB], "statuses": None, "older_than_seconds": None}, {"deleted": 0}),
    ("job.clear", "failed", {"job_ids": None, "statuses": ["failed"], "older_than_seconds": 3600.0}, {"deleted": 0}),
    ("job.errors", "failed", {"job_id": JOB, "workspace": ""}, {"state": dict}),
    ("job.diagnose", "failed", {"job_id": JOB, "workspace": None}, {"state": dict, "workspace": str}),
    ("job.history", "failed", {"job_id": JOB, "sheet_num": None, "limit": None, "workspace": ""},
     {"job_id": JOB, "records": list, "has_history": True}),
    ("daemon.status", "-", None, REPLIES["daemon.status"]),
    ("daemon.health", "-", None, REPLIES["daemon.health"]),
    ("daemon.ready", "-", None, {**REPLIES["daemon.ready"], "status": "ready", "accepting_work": True}),
    ("daemon.config", "-", None, NOTHING),
    ("daemon.top", "running", NOTHING, REPLIES["daemon.top"]),
    ("daemon.top.stream", "-", None, {"error": str}),
    ("daemon.events", "-", {"limit": None}, {"events": list}),
    ("daemon.observer_events", "-", {"job_id": None, "limit": None}, {"events": []}),
    ("daemon.rate_limits", "-", None, REPLIES["daemon.rate_limits"]),
    ("daemon.clear_rate_limits", "-", {"instrument": None}, REPLIES["daemon.clear_rate_limits"]),
]  # fmt: skip
# These have tests of their own below, or in `test_marianne_clients_monitor.py`; learning is not served.
APART = {"job.list", "job.recover", "daemon.shutdown", "daemon.monitor.stream", "daemon.learning.patterns"}
WAYS: dict[str, str] = {"completed": "true", "failed": "false", "running": GATE, "-": "true"}


def job_in(conductor: Conductor, state: str, workspace: Path) -> str:
    """Return a job in a state."""
    job_id = submit(conductor, named(workspace, WAYS[state]))
    if state == "running":
        wait_for_file(workspace / "begun")
    else:
        until(conductor, job_id, state)
    return job_id


def filled(params: dict[str, Any] | None, job_id: str, score: Path) -> dict[str, Any] | None:
    """Return parameters, or what is expected, with the job and the path in place of what stands for them."""
    text = (
        json.dumps(params)
        .replace(json.dumps(JOB), json.dumps(job_id))
        .replace(json.dumps(SCORE), json.dumps(str(score)))
    )
    found: dict[str, Any] | None = json.loads(text)
    return found


@pytest.mark.parametrize(("method", "state", "params", "expected"), CALLS, ids=[f"{m} {s}" for m, s, _, _ in CALLS])
def test_a_call_as_its_clients_make_it(
    client: MarianneClient, shared_conductor: Conductor, tmp_path: Path, score: Path,
    method: str, state: str, params: dict[str, Any] | None, expected: dict[str, Any],
) -> None:  # fmt: skip
    workspace = tmp_path / "work"
    job_id = "" if state == "-" else job_in(shared_conductor, state, workspace)
    result = client.result(method, filled(params, job_id, score))
    for name, value in expected.items():
        if isinstance(value, type):
            assert type(result[name]) is value, name
        elif method.startswith("daemon."):
            assert misfits(result, [expected]) == []
        else:
            assert result[name] == (job_id if value == JOB else value), name
    (workspace / "begun").unlink(missing_ok=True)  # a job that still runs ends by itself


def test_every_method_of_the_protocol_is_called_as_its_clients_do() -> None:
    assert {method for method, *_ in CALLS} | APART == MARIANNE_METHODS.keys()
