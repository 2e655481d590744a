"""Parameters that a method cannot use are refused as such; they reach neither the store nor the log as faults."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask

HALF = "\ud800"
NAN = float("nan")
KEY = "0123456789abcdef"

JOB_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("job.status", {"job_id": HALF}),
    ("job.status", {"job_id": "x" * 1001}),
    ("job.status", {"sheets_cursor": "9" * 5000}),
    ("job.status", {"sheets_cursor": str(2**63)}),
    ("job.status", {"sheets_cursor": "\u0663"}),
    ("job.history", {"sheet_num": 2**63}),
    ("job.history", {"sheet_num": -(2**70)}),
    ("job.log", {"sheet": 2**63}),
    ("job.log", {"attempt": 2**63}),
    ("job.list", {"name": HALF}),
    ("job.list", {"cursor": "9" * 500}),
    ("job.list", {"cursor": str(2**63)}),
    ("job.clear", {"job_ids": [HALF]}),
    ("job.clear", {"job_ids": ["x"] * 1001}),
    ("job.validate", {"config_path": "/" + "x" * 20_000}),
    ("job.validate", {"variables": {"x": "x" * 2_000_000}}),
    ("task.state", {"key": KEY, "end": {"x": NAN}}),
]


def refusal(conductor: Conductor, method: str, params: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(RuntimeError) as caught:
        ask(conductor.settings.socket, method, params)
    error: dict[str, Any] = json.loads(str(caught.value))
    return error


@pytest.mark.parametrize(("method", "params"), JOB_CALLS, ids=[f"{method} {next(iter(p))}" for method, p in JOB_CALLS])
def test_what_cannot_be_looked_up_is_refused(
    shared_conductor: Conductor, tmp_path: Path, method: str, params: dict[str, Any]
) -> None:
    job_id = submit(shared_conductor, f"name: x\nworkspace: {tmp_path}\nsheets: [{{run: 'true'}}]\n")
    assert refusal(shared_conductor, method, {"job_id": job_id, **params})["code"] == -32602


def test_a_cursor_beyond_every_number_of_an_event_is_refused(shared_conductor: Conductor) -> None:
    home_id = ask(shared_conductor.settings.socket, "daemon.status")["home_id"]
    for number in (str(2**63), "9" * 500):
        error = refusal(shared_conductor, "job.events", {"after": f"{home_id}:{number}", "stream": False})
        assert error["code"] == -32602


def test_the_end_of_a_task_may_nest_as_deeply_as_a_frame(shared_conductor: Conductor) -> None:
    """Around the depth at which Python's parser stops, an end is kept and told again, or refused; the rest goes on."""
    for levels in range(800, 1000, 5):
        end: Any = {}
        for _ in range(levels):
            end = {"x": end}
        params = {"key": f"deep-{levels:012}", "end": end}
        try:
            assert ask(shared_conductor.settings.socket, "task.state", params)
        except (RuntimeError, RecursionError) as error:
            assert "-32603" not in str(error)  # noqa: PT017 -- either outcome is right
    assert ask(shared_conductor.settings.socket, "task.state", {"key": KEY}) == {"end": None}


def test_a_score_of_a_path_that_is_not_utf_8_is_refused(conductor: Conductor, tmp_path: Path) -> None:
    score = f"name: x\nworkspace: {tmp_path}\nsheets: [{{run: 'true'}}]\n"
    path = tmp_path / os.fsdecode(b"\xff.yaml")
    path.write_text(score)
    reply = ask(conductor.settings.socket, "job.submit", {"config_path": str(path)})
    assert (reply["status"], reply["code"]) == ("rejected", "INVALID_ARGUMENTS")
    assert until(conductor, submit(conductor, score, client_cwd=str(path)), "completed")


@pytest.mark.parametrize("folder", ["/" + "x" * 300, "/x" * 3000, HALF, "a\0b"])
def test_an_inline_score_does_not_need_the_callers_folder(shared_conductor: Conductor, folder: str) -> None:
    params = {"config_content": "name: x\nsheets: [{run: 'true'}]\n", "client_cwd": folder}
    assert "valid" in ask(shared_conductor.settings.socket, "job.validate", params)
