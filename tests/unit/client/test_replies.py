"""What the proxy makes of a reply that does not fit, and of a fault of its own: the one is never taken for the other."""

from pathlib import Path
from typing import Any

import pytest

from podium.client.job_control import JobControlService
from podium.client.marianne import views
from podium.contract import models
from podium.contract.methods import FEATURES
from podium.contract.waits import RunningView
from podium.errors import ConductorMismatch, SubmitRejected, UnsupportedByConductor, WrongState
from podium.wire.dispatcher import Handler, Peer
from tests.unit.client.asks import ASKS
from tests.unit.client.link.stand_in import MARIANNE_STATUS, PODIUM_STATUS, client_for, stand_in
from tests.unit.client.marianne.recordings import FakeMarianne

pytestmark = pytest.mark.anyio

JOB = {"job_id": "x", "job_name": "x", "status": "running", "sheets_total": 1}
NOT_WITH_MARIANNE = {
    "plan", "check", "record", "running", "log", "changes", "task_state", "again", "environment", "edits", "try_change",
}  # fmt: skip


def answering(reply: Any) -> Handler:
    async def handle(params: dict[str, Any], peer: Peer) -> Any:
        return reply

    return handle


async def failure(
    folder: Path, name: str, handlers: dict[str, Handler], status: dict[str, Any] | None = None
) -> BaseException:
    """Return what an operation raises against a conductor with these methods."""
    async with (
        stand_in(folder, handlers, status=status) as conductor,
        client_for(conductor.path, effect_seconds=0) as client,
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the callers say which
            await ASKS[name](JobControlService(client))
    return caught.value


@pytest.mark.parametrize(
    ("name", "method", "reply"),
    [
        ("start", "job.submit", {"job_id": "x", "status": "accepted", "message": ""}),
        ("start", "job.submit", None),
        ("plan", "job.validate", {"valid": True, "plan": {}}),
        ("plan", "job.validate", {"valid": False}),
        ("pause", "job.pause", {"paused": True, "message": "", "job": {"job_id": "x"}}),
        ("pause", "job.pause", {"paused": False, "error": "no"}),
        ("resume", "job.resume", {"job": JOB}),
        ("modify", "job.modify", [JOB]),
        ("cancel", "job.cancel", {"cancelled": True, "job": JOB, "message": "", "pending": {}}),
        ("cancel", "job.cancel", {"code": 7}),
        ("delete", "job.clear", {"deleted": 1, "jobs": [{}], "refused": []}),
        ("delete", "job.clear", {"deleted": 0, "jobs": [], "refused": [{}]}),
        ("process_health", "job.health", {"pid": None}),
        ("list_page", "job.list", []),
        ("list_page", "job.list", {"jobs": [{"job_id": "x"}], "next_cursor": "", "total": 1}),
        ("detail", "job.status", {"podium": JOB, "podium_sheets": [{"sheet": "one"}]}),
        ("detail", "job.status", {"job_id": "x", "status": "running"}),
        ("wait", "job.events", {"next": None, "events": []}),
        ("running", "job.status", {"podium": JOB, "podium_running": {"sheets": [{"label": "a"}]}}),
        ("log", "job.log", {"job_id": "x"}),
        ("explain", "job.explain", {"job": JOB, "kind": "odd"}),
        ("artifacts", "job.status", {"podium": 7}),
        ("changes", "job.events", {"next": "h:0", "events": [{"seq": 1}]}),
        ("task_state", "task.state", {"end": 7}),
    ],
)
async def test_a_reply_of_another_shape_from_our_conductor_is_a_mismatch(
    short_tmp: Path, name: str, method: str, reply: Any
) -> None:
    error = await failure(short_tmp, name, {method: answering(reply)})
    assert isinstance(error, ConductorMismatch)
    assert "has an unknown form" in error.message


@pytest.mark.parametrize(
    ("name", "method", "reply"),
    [
        ("start", "job.submit", {"job_id": "x"}),
        ("pause", "job.pause", {"paused": "perhaps"}),
        ("resume", "job.resume", []),
        ("modify", "job.modify", {"job_id": "x", "message": "fine"}),
        ("cancel", "job.cancel", {}),
        ("delete", "job.clear", {"deleted": None}),
        ("process_health", "daemon.status", {**MARIANNE_STATUS, "uptime_seconds": "long"}),
        ("list_page", "job.list", {"jobs": []}),
        ("list_page", "job.list", [{"job_id": "x", "status": "running", "submitted_at": 1e300}]),
        ("detail", "job.status", {"job_id": "x", "status": "running", "sheets": {"one": {}}}),
        ("wait", "job.list", [{"status": "running"}]),
        ("explain", "job.status", None),
        ("artifacts", "job.list", [{"job_id": "x", "status": "running", "workspace": 7}]),
        ("conductor", "daemon.ready", 7),
    ],
)
async def test_a_reply_of_another_shape_from_a_marianne_conductor_is_a_mismatch(
    short_tmp: Path, name: str, method: str, reply: Any
) -> None:
    marianne = FakeMarianne()
    marianne.add("x", "paused" if name in {"resume", "modify", "detail", "explain"} else "running")
    error = await failure(short_tmp, name, {**marianne.handlers(), method: answering(reply)}, MARIANNE_STATUS)
    assert isinstance(error, ConductorMismatch)
    assert "has an unknown form" in error.message


async def test_an_older_conductor_tells_nothing_of_what_runs(short_tmp: Path) -> None:
    async with (
        stand_in(short_tmp, {"job.status": answering({"podium": JOB})}) as conductor,
        client_for(conductor.path, effect_seconds=0) as client,
    ):
        assert await JobControlService(client).running("x") == RunningView()


@pytest.mark.parametrize("name", sorted(set(ASKS) - {"conductor"}))
async def test_every_operation_reads_its_reply_through_a_model(short_tmp: Path, name: str) -> None:
    methods = [
        "job.submit",
        "job.validate",
        "job.score",
        "job.env",
        "job.pause",
        "job.resume",
        "job.modify",
        "job.cancel",
        "job.clear",
        "job.health",
        "job.list",
        "job.status",
        "job.log",
        "job.explain",
        "job.events",
        "task.state",
        "daemon.top",
        "daemon.ready",
    ]
    nonsense = dict.fromkeys(methods, answering(["nonsense"]))
    assert isinstance(await failure(short_tmp, name, nonsense), ConductorMismatch)
    foreign = await failure(short_tmp, name, nonsense, MARIANNE_STATUS)
    assert isinstance(foreign, UnsupportedByConductor if name in NOT_WITH_MARIANNE else ConductorMismatch)


def broken(*_: Any, **__: Any) -> Any:
    raise LookupError("a fault of ours")


async def test_a_fault_of_ours_is_not_taken_for_a_foreign_conductor(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers = {"job.list": answering({"jobs": [], "next_cursor": "", "total": 0})}
    monkeypatch.setattr(models, "JobPage", broken)
    assert repr(await failure(short_tmp, "list_page", handlers)) == "LookupError('a fault of ours')"


async def test_a_fault_of_ours_is_not_taken_for_a_foreign_marianne_conductor(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marianne = FakeMarianne()
    marianne.add("x", "running")
    monkeypatch.setattr(views, "job_view", broken)
    error = await failure(short_tmp, "list_page", marianne.handlers(), MARIANNE_STATUS)
    assert repr(error) == "LookupError('a fault of ours')"


async def test_a_refusal_is_the_error_that_it_names_with_its_facts(short_tmp: Path) -> None:
    facts = {"code": "WRONG_STATE", "fix": "wait", "state": "completed", "allowed": ["delete"], "near": None}
    paused = answering({"paused": False, "error": "It has completed.", **facts})
    error = await failure(short_tmp, "pause", {"job.pause": paused})
    assert isinstance(error, WrongState)
    assert (error.message, error.fix, error.facts) == (
        "It has completed.",
        "wait",
        {"state": "completed", "allowed": ["delete"]},
    )
    rejected = answering({"job_id": "x", "status": "rejected", "message": "No.", "code": "SUBMIT_REJECTED"})
    error = await failure(short_tmp, "start", {"job.submit": rejected})
    assert isinstance(error, SubmitRejected)
    assert (error.message, error.facts) == ("No.", {"job_id": "x"})


async def test_an_older_conductor_is_not_asked_for_a_score(short_tmp: Path) -> None:
    older = {**PODIUM_STATUS, "features": [each for each in FEATURES if each != "score_text"]}
    error = await failure(short_tmp, "score", {"job.score": answering(["nonsense"])}, older)
    assert isinstance(error, UnsupportedByConductor)
    assert error.fix.startswith("Restart it: ")
