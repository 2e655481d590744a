"""Beside the table of their calls: what else the clients of the Marianne conductor rely on, and how they use connections."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_jobs import named
from tests.support.jobs import submit, until, wait_for_file
from tests.support.marianne_client import POOL, MarianneClient, connected, exchanged
from tests.support.podium_home import Conductor
from tests.support.wire_methods import MARIANNE_METHODS

WAYS = {
    "completed": "true",
    "failed": "false",
    "running": "touch begun; until [ ! -e begun ]; do sleep 0.1; done",
}


def test_an_empty_workspace_is_the_one_of_the_score(client: MarianneClient, tmp_path: Path, score: Path) -> None:
    job_id = client.submit(score, workspace="")
    assert client.result("job.diagnose", {"job_id": job_id, "workspace": ""})["workspace"] == str(tmp_path / "work")


@pytest.mark.parametrize("params", [None, {}])
def test_the_list_is_a_plain_array_newest_first(
    client: MarianneClient, score: Path, params: dict[str, Any] | None
) -> None:
    older, newer = client.submit(score), client.submit(score)
    listed = [job["job_id"] for job in client.result("job.list", params)]
    assert listed.index(newer) < listed.index(older)


@pytest.mark.parametrize("options", [{"sheet_num": None, "dry_run": True}, {"sheet_num": 1, "dry_run": False}, {}])
@pytest.mark.parametrize("state", ["failed", "completed", "running"])
def test_a_recovery_is_refused_with_what_to_do_and_changes_nothing(
    client: MarianneClient, shared_conductor: Conductor, tmp_path: Path, state: str, options: dict[str, Any]
) -> None:
    """In the other one it never worked: `No state found for job`."""
    job_id = submit(shared_conductor, named(tmp_path, WAYS[state]))
    if state == "running":
        wait_for_file(tmp_path / "begun")
    until(shared_conductor, job_id, state)
    before = client.result("job.history", {"job_id": job_id})
    error = client.call("job.recover", {"job_id": job_id, "workspace": "", **options})["error"]
    assert (error["code"], error["data"]["state"]) == (-32000, state)
    assert job_id in error["message"]
    assert ("resume" in error["data"]["allowed"]) == (state == "failed")
    assert "resume_job" in error["data"]["fix"]
    assert client.result("job.status", {"job_id": job_id})["status"] == state
    assert client.result("job.history", {"job_id": job_id}) == before
    (tmp_path / "begun").unlink(missing_ok=True)


def test_what_is_learned_is_the_only_method_that_is_unknown(client: MarianneClient) -> None:
    error = client.call("daemon.learning.patterns", {"limit": 20})["error"]
    assert (error["code"], error["data"]) == (-32601, {"method": "daemon.learning.patterns"})
    assert [method for method, served in MARIANNE_METHODS.items() if not served] == ["daemon.learning.patterns"]


def test_three_times_eight_pooled_connections_stay_open_and_all_are_served(shared_conductor: Conductor) -> None:
    """The other conductor serves five at once."""
    with ExitStack() as clients:
        pools = [clients.enter_context(MarianneClient(shared_conductor.settings.socket)) for _ in range(3)]
        for _ in range(2 * POOL):
            assert [pool.result("daemon.ready")["status"] for pool in pools] == ["ready"] * 3


def test_calls_without_an_answer_in_between_are_answered_in_order(shared_conductor: Conductor) -> None:
    with connected(shared_conductor.settings.socket) as peer:
        methods = ["daemon.top", "daemon.health", "job.list", "daemon.health"]
        lines = [json.dumps({"jsonrpc": "2.0", "method": method, "id": num}) for num, method in enumerate(methods)]
        peer.sendall(("\n".join(lines) + "\n").encode())
        with peer.makefile("rb") as replies:
            assert [json.loads(replies.readline())["id"] for _ in methods] == [0, 1, 2, 3]


@pytest.mark.parametrize("graceful", [None, True, False])
def test_a_shutdown_answers_and_is_over_whoever_is_connected(conductor: Conductor, graceful: bool | None) -> None:
    with MarianneClient(conductor.settings.socket) as client:
        assert client.result("daemon.shutdown", {"graceful": graceful})["shutting_down"] is True
        conductor.await_death()


@pytest.mark.parametrize("number", [0, -5, 2**70, "", "x"])
def test_the_id_of_a_call_is_echoed(shared_conductor: Conductor, number: Any) -> None:
    with connected(shared_conductor.settings.socket) as peer:
        assert exchanged(peer, number, "daemon.health", None)["result"]["status"] == "ok"


def test_a_null_for_what_is_needed_is_refused_as_missing(client: MarianneClient) -> None:
    for method in ("job.status", "job.pause", "job.recover"):
        assert client.call(method, {"job_id": None})["error"]["code"] == -32602
