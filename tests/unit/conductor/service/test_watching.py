"""`job.watch` of a real conductor: which output counts, nothing twice, nothing missed, and bounds for everybody."""

import json
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.client.link.daemon_client import DaemonClient
from podium.conductor.service.handlers.watch import MOST_WATCHES
from podium.conductor.views.positions import MOST_FILES
from podium.contract.replies import WatchReply
from podium.errors import ConductorBusy
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask
from tests.support.podium_home import until as holds

GATED = "name: g\nsheets:\n  - {name: a, run: 'echo ready one; until [ -e go ]; do sleep 0.1; done; echo ready two'}\n"


def watch(conductor: Conductor, job: str, pattern: str, position: str = "", seconds: float = 0.0) -> dict[str, Any]:
    params = {"job_ids": [job], "pattern": pattern, "position": position, "seconds": seconds}
    reply: dict[str, Any] = ask(conductor.settings.socket, "job.watch", params)
    return reply


def all_of(conductor: Conductor, job: str, pattern: str, position: str = "") -> tuple[list[dict[str, Any]], str]:
    """Return all matches that are there now, and the position behind them."""
    found: list[dict[str, Any]] = []
    while True:
        reply = watch(conductor, job, pattern, position)
        position = reply["position"]
        found += [reply["found"]] if reply["found"] else []
        if not reply["behind"]:
            return found, position


def lines(found: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
    return [(each["sheet_name"], each["attempt"], each["stream"], each["line"]["text"]) for each in found]


def go(conductor: Conductor, job: str) -> None:
    view = ask(conductor.settings.socket, "job.status", {"job_id": job, "sheets": False})["podium"]
    Path(view["workspace"], "go").touch()


def test_what_was_written_before_the_call_counts_and_what_follows_comes_once(shared_conductor: Conductor) -> None:
    job = submit(shared_conductor, GATED)
    first = watch(shared_conductor, job, "ready", seconds=20)
    assert first["found"]["line"]["text"] == "ready one"
    assert all_of(shared_conductor, job, "ready", first["position"])[0] == []
    go(shared_conductor, job)
    second = watch(shared_conductor, job, "ready", first["position"], seconds=20)
    assert (second["found"]["line"]["text"], second["found"]["line"]["number"]) == ("ready two", 2)
    until(shared_conductor, job, "completed")
    assert all_of(shared_conductor, job, "ready", second["position"])[0] == []


def test_of_a_sheet_that_was_tried_again_only_the_last_attempt_counts_at_first(shared_conductor: Conductor) -> None:
    score = (
        "name: again\nsheets:\n  - name: a\n    run: echo try $PODIUM_ATTEMPT; [ $PODIUM_ATTEMPT = 3 ]\n"
        "    retry: {max_retries: 2, base_delay_seconds: 0.01}\n  - {name: b, run: echo try >&2}\n"
    )
    job = submit(shared_conductor, score)
    until(shared_conductor, job, "completed")
    found, _ = all_of(shared_conductor, job, "try")
    assert lines(found) == [("a", 3, "stdout", "try 3"), ("b", 1, "stderr", "try")]


def test_attempts_that_began_and_ended_since_the_position_are_not_missed(shared_conductor: Conductor) -> None:
    score = "name: many\nsheets:\n  - {name: gate, run: 'until [ -e go ]; do sleep 0.1; done'}\n" + "".join(
        f"  - {{name: s{n}, run: echo line {n}}}\n" for n in range(8)
    )
    job = submit(shared_conductor, score)
    found, position = all_of(shared_conductor, job, "line")
    assert not found
    go(shared_conductor, job)
    until(shared_conductor, job, "completed")
    found, position = all_of(shared_conductor, job, "line", position)
    assert sorted(each["line"]["text"] for each in found) == [f"line {n}" for n in range(8)]
    assert all_of(shared_conductor, job, "line", position)[0] == []


def test_of_more_sheets_than_are_watched_at_once_none_is_left_out(shared_conductor: Conductor) -> None:
    sheets = [{"name": f"s{n}", "needs": [], "run": f"echo mark {n}"} for n in range(MOST_FILES // 2 + 3)]
    job = submit(shared_conductor, json.dumps({"name": "wide", "parallel": {"max_concurrent": 8}, "sheets": sheets}))
    until(shared_conductor, job, "completed")
    found, position = all_of(shared_conductor, job, "mark")
    assert sorted(int(each["line"]["text"].split()[1]) for each in found) == list(range(len(sheets)))
    assert all_of(shared_conductor, job, "mark", position)[0] == []


def test_a_chatty_sheet_does_not_hide_the_others(shared_conductor: Conductor) -> None:
    chatty = "for i in 1 2 3 4 5 6 7 8 9; do echo hit $i; done; echo hit err >&2"
    score = f"name: c\nsheets:\n  - {{name: a, run: '{chatty}'}}\n  - {{name: b, run: echo hit b}}\n"
    job = submit(shared_conductor, score)
    until(shared_conductor, job, "completed")
    found, _ = all_of(shared_conductor, job, "hit")
    assert {text for *_, text in lines(found[:3])} == {"hit 1", "hit err", "hit b"}
    assert len(found) == 11


def test_a_secret_of_the_job_is_neither_shown_nor_told_by_what_matches(shared_conductor: Conductor) -> None:
    score = "name: s\nsheets:\n  - {name: a, env: {A_TOKEN: abcdefgh-0123456789}, run: echo key=$A_TOKEN}\n"
    job = submit(shared_conductor, score)
    until(shared_conductor, job, "completed")
    assert all_of(shared_conductor, job, "key=abc")[0] == []
    ((*_, text),) = lines(all_of(shared_conductor, job, "key=")[0])
    assert text == "key=[value of A_TOKEN]"


@pytest.mark.parametrize("pattern", ["(", "((a{1000}){1000}){1000}", "(?x)a"])
def test_a_pattern_that_cannot_be_used_is_refused_at_once(shared_conductor: Conductor, pattern: str) -> None:
    job = submit(shared_conductor, "name: q\nsheets:\n  - {name: a, run: 'true'}\n")
    with pytest.raises(RuntimeError, match="INVALID_ARGUMENTS"):
        watch(shared_conductor, job, pattern, seconds=20)


def test_a_pattern_that_is_too_slow_on_the_output_is_refused(shared_conductor: Conductor) -> None:
    job = submit(shared_conductor, f"name: slow\nsheets:\n  - {{name: a, run: echo {'a' * 300}!}}\n")
    until(shared_conductor, job, "completed")
    with pytest.raises(RuntimeError, match="took longer than 1 s"):
        all_of(shared_conductor, job, "(a|aa)+$")


@pytest.mark.parametrize("position", ["x", "AQ", "AAAA", "_____________________________"])
def test_a_position_of_somebody_else_is_refused_or_begins_anew(shared_conductor: Conductor, position: str) -> None:
    job = submit(shared_conductor, "name: q\nsheets:\n  - {name: a, run: echo ready}\n")
    until(shared_conductor, job, "completed")
    try:
        assert len(all_of(shared_conductor, job, "ready", position)[0]) == 1
    except RuntimeError as error:
        assert json.loads(str(error))["data"]["code"] == "INVALID_ARGUMENTS"  # noqa: PT017


def test_an_output_of_many_megabytes_without_a_newline_is_searched_to_its_end(shared_conductor: Conductor) -> None:
    job = submit(
        shared_conductor,
        "name: big\nsheets:\n  - {name: a, run: 'head -c 8000000 /dev/zero | tr \"\\0\" x; echo needle'}\n",
    )
    until(shared_conductor, job, "completed")
    (found,), _ = all_of(shared_conductor, job, "n[e]edle")
    assert "needle" in found["line"]["text"]
    assert len(found["line"]["text"]) < 2000


async def is_refused(client: DaemonClient, job: str, seconds: float = 0) -> bool:
    """Return whether a wait for a line of a job finds no place."""
    params = {"job_ids": [job], "pattern": "never", "seconds": seconds}
    try:
        await client.ask_beside(WatchReply, "job.watch", params, seconds=seconds)
    except ConductorBusy:
        return True
    return False


async def all_are_free(client: DaemonClient, job: str) -> bool:
    """Return whether as many waits as there are places find one each."""
    refused: list[bool] = []

    async def take() -> None:
        refused.append(await is_refused(client, job, 0.5))

    async with anyio.create_task_group() as at_once:
        for _ in range(MOST_WATCHES):
            at_once.start_soon(take)
    return not any(refused)


@pytest.mark.anyio
async def test_more_calls_than_there_are_places_are_refused_and_a_client_that_leaves_gives_its_place_back(
    shared_conductor: Conductor,
) -> None:
    job = await anyio.to_thread.run_sync(submit, shared_conductor, GATED)
    params = {"job_ids": [job], "pattern": "never", "seconds": 20}
    client = DaemonClient(shared_conductor.settings.socket, settings=shared_conductor.settings)

    async def hold() -> None:
        while True:  # the question below may have had its place at that moment
            with suppress(ConductorBusy):
                await client.ask_beside(WatchReply, "job.watch", params, seconds=20)
            await anyio.sleep(0.01)

    async with client, anyio.create_task_group() as tasks:
        for _ in range(MOST_WATCHES):
            tasks.start_soon(hold)
        with anyio.fail_after(20):
            while not await is_refused(client, job):
                pass
        # everything else is answered meanwhile
        assert (await client.call("job.status", {"job_id": job, "sheets": False}))["podium"]["status"] == "running"
        tasks.cancel_scope.cancel()
    with anyio.fail_after(30):
        while not await all_are_free(client, job):
            pass
    client.close()
    await anyio.to_thread.run_sync(go, shared_conductor, job)


def test_a_connection_that_breaks_within_a_call_does_no_harm(shared_conductor: Conductor) -> None:
    job = submit(shared_conductor, GATED)
    request = {"job_ids": [job], "pattern": "never", "seconds": 1}
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(shared_conductor.settings.socket))
        peer.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "job.watch", "params": request}).encode() + b"\n")
    assert watch(shared_conductor, job, "ready one", seconds=20)["found"]
    go(shared_conductor, job)


def test_a_conductor_that_was_killed_between_two_matches_goes_on_at_the_same_line(revived_conductor: Conductor) -> None:
    job = submit(revived_conductor, GATED)
    first = watch(revived_conductor, job, "ready", seconds=20)
    assert first["found"]["line"]["text"] == "ready one"
    revived_conductor.kill()
    go_path = Path(revived_conductor.settings.home, "workspaces", job, "go")
    go_path.touch()
    revived_conductor.start()
    second = watch(revived_conductor, job, "ready", first["position"], seconds=20)
    assert second["found"]["line"]["text"] == "ready two"
    holds(lambda: until(revived_conductor, job, "completed"))
    assert all_of(revived_conductor, job, "ready", second["position"])[0] == []
