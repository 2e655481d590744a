"""Calls from many tasks over few connections, connections that die, and changes whose reply is lost."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import TaskStatus

from podium.errors import (
    ConductorNotRunning,
    ConductorTimeout,
    ConductorUnreachable,
    JobNotFound,
    UnsupportedByConductor,
)
from podium.wire.dispatcher import Peer
from tests.unit.client.link.stand_in import MARIANNE_STATUS, client_for, stand_in

pytestmark = pytest.mark.anyio


async def echo(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return params


class Gate:
    """A handler that answers when it is opened."""

    def __init__(self) -> None:
        self.inside = 0
        self.entered = anyio.Event()
        self.open = anyio.Event()

    async def __call__(self, params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        self.inside += 1
        self.entered.set()
        await self.open.wait()
        return params


async def test_calls_of_many_tasks_share_one_connection_to_our_conductor(short_tmp: Path) -> None:
    replies = list[int]()
    async with stand_in(short_tmp, {"echo": echo}) as conductor, client_for(conductor.path) as client:

        async def ask(n: int) -> None:
            replies.append((await client.call("echo", {"n": n}))["n"])

        async with anyio.create_task_group() as tasks:
            for n in range(50):
                tasks.start_soon(ask, n)
        assert sorted(replies) == list(range(50))
        assert conductor.opened == 1


async def test_a_slow_call_holds_up_no_other(short_tmp: Path) -> None:
    gate = Gate()
    async with (
        stand_in(short_tmp, {"slow": gate, "echo": echo}) as conductor,
        client_for(conductor.path) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(client.call, "slow")
        await gate.entered.wait()
        assert await client.call("echo", {"n": 1}) == {"n": 1}
        gate.open.set()


async def test_a_given_up_call_harms_no_other_and_its_late_reply_is_ignored(short_tmp: Path) -> None:
    gate = Gate()
    async with stand_in(short_tmp, {"slow": gate, "echo": echo}) as conductor, client_for(conductor.path) as client:
        async with anyio.create_task_group() as tasks:
            scope = await tasks.start(_cancellable, client, "slow")
            await gate.entered.wait()
            tasks.start_soon(client.call, "slow")
            scope.cancel()
            assert await client.call("echo", {"n": 1}) == {"n": 1}
            gate.open.set()
        assert await client.call("echo", {"n": 2}) == {"n": 2}
        assert conductor.opened == 1


async def _cancellable(client: Any, method: str, *, task_status: TaskStatus[anyio.CancelScope]) -> None:
    with anyio.CancelScope() as scope:
        task_status.started(scope)
        await client.call(method)


async def test_a_call_that_is_not_answered_in_time_says_so_and_the_next_has_a_new_connection(short_tmp: Path) -> None:
    gate = Gate()
    async with stand_in(short_tmp, {"slow": gate, "echo": echo}) as conductor, client_for(conductor.path) as client:
        patient = client.settings
        client.settings = patient.model_copy(update={"call_seconds": 0.02})
        with pytest.raises(ConductorTimeout):
            await client.call("slow")
        client.settings = patient
        assert await client.call("echo", {"n": 1}) == {"n": 1}
        assert conductor.opened == 2


async def test_a_foreign_conductor_gets_two_connections_at_once_each_for_one_call(short_tmp: Path) -> None:
    asked = list[str]()

    async def echo_and_note(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        asked.append("echo")
        return params

    async with stand_in(short_tmp, {"echo": echo_and_note}, status=MARIANNE_STATUS) as conductor:
        async with client_for(conductor.path) as client:
            async with anyio.create_task_group() as tasks:
                for n in range(20):
                    tasks.start_soon(client.call, "echo", {"n": n})
            await conductor.connections(0)
        assert (conductor.most, conductor.opened, len(asked)) == (2, 20, 20)


async def test_a_foreign_conductor_is_asked_once_who_it_is_and_again_before_each_change(short_tmp: Path) -> None:
    async with (
        stand_in(short_tmp, {"read": echo, "job.pause": echo}, status=MARIANNE_STATUS) as conductor,
        client_for(conductor.path) as client,
    ):
        for _ in range(5):
            assert not (await client.identity()).is_podium
            await client.call("read")
        assert (conductor.opened, conductor.asked) == (6, 1)
        await client.mutate("job.pause", {}, check="get_job")
        assert (conductor.opened, conductor.asked) == (7, 2)


async def test_a_conductor_that_is_full_for_too_long_is_a_time_out_that_names_its_five_places(short_tmp: Path) -> None:
    gate = Gate()
    async with (
        stand_in(short_tmp, {"slow": gate}, status=MARIANNE_STATUS) as conductor,
        client_for(conductor.path, call_seconds=1, connect_seconds=1) as client,
        anyio.create_task_group() as tasks,
    ):
        client.settings = client.settings.model_copy(update={"connect_seconds": 20})  # the pool keeps its own
        for _ in range(2):
            tasks.start_soon(client.call, "slow")
        await conductor.connections(2)
        with pytest.raises(ConductorTimeout) as caught:
            await client.call("slow")
        gate.open.set()
    assert "serves five connections at once" in caught.value.message
    assert "Close other clients" in caught.value.fix


async def test_no_foreign_conductor_is_ever_told_to_shut_down(short_tmp: Path) -> None:
    asked = list[str]()

    async def shut_down(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        asked.append("shutdown")
        return {"shutting_down": True}

    async with (
        stand_in(short_tmp, {"daemon.shutdown": shut_down}, status=MARIANNE_STATUS) as conductor,
        client_for(conductor.path) as client,
    ):
        with pytest.raises(UnsupportedByConductor) as caught:
            await client.call("daemon.shutdown", {"graceful": True})
    assert caught.value.facts == {
        "socket": str(conductor.path),
        "product": "marianne",
        "version": "0.1.0",
        "pid": MARIANNE_STATUS["pid"],
    }
    assert asked == []


async def test_an_idle_connection_is_closed_and_opened_again_when_needed(short_tmp: Path) -> None:
    async with stand_in(short_tmp, {"echo": echo}) as conductor:
        async with client_for(conductor.path, idle_seconds=0.02) as client:
            await client.call("echo")
            await conductor.connections(0)
            await client.call("echo")
        assert conductor.opened == 2


async def test_leaving_the_client_closes_its_connections(short_tmp: Path) -> None:
    async with stand_in(short_tmp, {"echo": echo}) as conductor:
        async with client_for(conductor.path) as client:
            await client.call("echo")
            await conductor.connections(1)
        await conductor.connections(0)


async def test_a_client_needs_no_context(short_tmp: Path) -> None:
    async with stand_in(short_tmp, {"echo": echo}) as conductor:
        client = client_for(conductor.path)
        assert await client.call("echo", {"n": 1}) == {"n": 1}
        client.close()
        await conductor.connections(0)


async def test_a_conductor_that_was_replaced_is_found_by_the_next_call(short_tmp: Path) -> None:
    async with client_for(short_tmp / "c.sock") as client:
        async with stand_in(short_tmp, {"echo": echo}):
            assert (await client.identity()).is_podium
        async with stand_in(short_tmp, {"echo": echo}, status=MARIANNE_STATUS):
            assert await client.call("echo", {"n": 1}) == {"n": 1}
            assert not (await client.identity()).is_podium
        with pytest.raises(ConductorNotRunning):
            await client.call("echo")


async def test_a_read_is_made_again_when_its_pooled_connection_was_dead(short_tmp: Path) -> None:
    calls = list[int]()
    async with stand_in(short_tmp) as conductor, client_for(conductor.path) as client:

        async def dies_at_the_second(params: dict[str, Any], peer: Peer) -> int:
            calls.append(1)
            if len(calls) == 2:
                peer.close()
            return len(calls)

        conductor.handlers["read"] = dies_at_the_second
        assert [await client.call("read"), await client.call("read")] == [1, 3]
        assert conductor.opened == 2


async def test_a_read_on_a_new_connection_is_not_made_again(short_tmp: Path) -> None:
    calls = list[int]()

    async def dies(params: dict[str, Any], peer: Peer) -> None:
        calls.append(1)
        peer.close()

    async with stand_in(short_tmp, {"read": dies}) as conductor, client_for(conductor.path) as client:
        with pytest.raises(ConductorUnreachable):
            await client.call("read")
    assert len(calls) == 1


class LosesReplies:
    """A changing handler that loses its first replies, as a conductor that is killed after its commit."""

    def __init__(self, lose: int) -> None:
        self.lose = lose
        self.keys = list[Any]()

    async def __call__(self, params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        self.keys.append(params.get("request_key"))
        if len(self.keys) <= self.lose:
            peer.close()
            await anyio.sleep_forever()
        return {"asked": len(self.keys)}


async def test_a_lost_reply_is_asked_for_once_more_with_the_same_key(short_tmp: Path) -> None:
    change = LosesReplies(1)
    async with stand_in(short_tmp, {"job.pause": change}) as conductor, client_for(conductor.path) as client:
        assert await client.mutate("job.pause", {"job_id": "x"}, check="get_job") == {"asked": 2}
    assert len(change.keys) == 2
    assert change.keys[0] == change.keys[1] is not None


async def test_each_change_has_a_key_of_its_own(short_tmp: Path) -> None:
    change = LosesReplies(0)
    async with stand_in(short_tmp, {"job.pause": change}) as conductor, client_for(conductor.path) as client:
        await client.mutate("job.pause", {}, check="get_job")
        await client.mutate("job.pause", {}, check="get_job")
    assert len(set(change.keys)) == 2


async def test_a_change_whose_reply_stays_lost_has_an_unknown_outcome(short_tmp: Path) -> None:
    change = LosesReplies(2)
    async with stand_in(short_tmp, {"job.pause": change}) as conductor, client_for(conductor.path) as client:
        with pytest.raises(ConductorUnreachable) as caught:
            await client.mutate("job.pause", {"job_id": "x"}, check="get_job with job_id=x")
    assert caught.value.facts["outcome"] == "unknown"
    assert caught.value.facts["check"] == "get_job with job_id=x"
    assert "get_job with job_id=x" in caught.value.fix
    assert len(change.keys) == 2


async def test_a_conductor_without_request_keys_is_never_asked_twice(short_tmp: Path) -> None:
    change = LosesReplies(1)
    async with (
        stand_in(short_tmp, {"job.pause": change}, status=MARIANNE_STATUS) as conductor,
        client_for(conductor.path) as client,
    ):
        with pytest.raises(ConductorUnreachable) as caught:
            await client.mutate("job.pause", {"job_id": "x"}, check="get_job")
    assert caught.value.facts["outcome"] == "unknown"
    assert change.keys == [None]


async def test_a_change_that_was_never_sent_has_no_unknown_outcome(short_tmp: Path) -> None:
    async with client_for(short_tmp / "c.sock") as client:
        with pytest.raises(ConductorNotRunning) as caught:
            await client.mutate("job.pause", {"job_id": "x"}, check="get_job")
    assert "outcome" not in caught.value.facts


async def test_a_conductor_that_comes_back_is_asked_what_it_did(short_tmp: Path) -> None:
    change = LosesReplies(1)
    path = short_tmp / "c.sock"
    results = list[Any]()

    async def mutate() -> None:
        async with client_for(path) as client:
            results.append(await client.mutate("job.pause", {"job_id": "x"}, check="get_job"))

    async with anyio.create_task_group() as tasks:
        async with stand_in(short_tmp, {"job.pause": change}) as first:
            tasks.start_soon(mutate)
            await first.connections(1)
            while not change.keys:
                await anyio.lowlevel.checkpoint()
        async with stand_in(short_tmp, {"job.pause": change}):
            with anyio.fail_after(20):
                while not results:
                    await anyio.lowlevel.checkpoint()
    assert results == [{"asked": 2}]


async def test_the_conductors_errors_arrive_with_their_facts(short_tmp: Path) -> None:
    async def status(params: dict[str, Any], peer: Peer) -> None:
        raise JobNotFound("Job 'x' not found", fix="list_jobs", near=["xy"])

    async with stand_in(short_tmp, {"job.status": status}) as conductor, client_for(conductor.path) as client:
        with pytest.raises(JobNotFound) as caught:
            await client.call("job.status", {"job_id": "x"})
    assert caught.value.facts == {"near": ["xy"]}
