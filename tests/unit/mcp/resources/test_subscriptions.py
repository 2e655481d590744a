"""Updates of resources: who is told what, in both eras, from one stream that is followed only while somebody listens."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
import uvicorn
from anyio.streams.memory import MemoryObjectReceiveStream
from mcp import Client, MCPError
from mcp.server import MCPServer
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp.types import INVALID_PARAMS, ResourceUpdatedNotification

from podium.contract.models import EventView
from podium.errors import ConductorNotRunning, InvalidArguments, PodiumError
from podium.mcp import updates as subscriptions_updates
from podium.mcp.app import build_server
from podium.mcp.calls.invoke import State
from podium.mcp.updates import CONDUCTOR_URI, MOST_SUBSCRIPTIONS, Updates
from tests.support.port import ScriptedPort, job

pytestmark = [
    pytest.mark.anyio,
    # the handshake era is what is tested here
    pytest.mark.filterwarnings("ignore:resources/(un)?subscribe:mcp.MCPDeprecationWarning"),
]

ID = "build-x7k2q"
URI = f"job://{ID}"
BOTH = pytest.mark.parametrize("mode", ["auto", "legacy"])


class Subscriber:
    """A client that subscribes the way its era does, and reads the URIs that it is told of."""

    def __init__(self, client: Client, told: MemoryObjectReceiveStream[str]) -> None:
        self.client = client
        self._told = told

    @asynccontextmanager
    async def subscribed(self, *uris: str) -> AsyncIterator["Subscriber"]:
        if self.client.protocol_version == "2026-07-28":
            async with self.client.listen(resource_subscriptions=list(uris)) as stream:
                self._stream = aiter(stream)
                yield self
            return
        for uri in uris:
            await self.client.subscribe_resource(uri)
        yield self

    async def told(self) -> str:
        if self.client.protocol_version == "2026-07-28":
            event = await anext(self._stream)
            return str(getattr(event, "uri", event))
        return await self._told.receive()


@asynccontextmanager
async def subscriber(port: ScriptedPort, mode: str) -> AsyncIterator[Subscriber]:
    send, receive = anyio.create_memory_object_stream[str](100)

    async def on_message(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            send.send_nowait(message.params.uri)

    with send, receive, anyio.fail_after(20):
        async with Client(build_server(port.opened), mode=mode, message_handler=on_message) as client:
            yield Subscriber(client, receive)


@BOTH
async def test_a_subscriber_is_told_when_something_happens_to_its_job(mode: str) -> None:
    port = ScriptedPort()
    async with subscriber(port, mode) as client, client.subscribed(URI):
        port.happens("other-1aaaa")
        port.happens(ID)
        assert await client.told() == URI


@BOTH
async def test_nothing_is_followed_while_nobody_is_subscribed(mode: str) -> None:
    port = ScriptedPort()
    async with subscriber(port, mode) as client:
        await client.client.list_tools()
        assert port.calls == []
        async with client.subscribed(URI):
            await port.asked_changes.wait()
    assert port.calls == [("changes", ([ID], "")), ("changes", ([ID], "h1:0"))]


@BOTH
async def test_what_happens_right_after_the_subscription_is_not_missed(mode: str) -> None:
    port = ScriptedPort()
    port.happens(ID)
    async with subscriber(port, mode) as client, client.subscribed(URI):
        port.happens(ID)
        assert await client.told() == URI
    assert ("changes", ([ID], "h1:1")) in port.calls


@BOTH
async def test_output_is_told_of_with_its_own_sheet_and_files_with_their_job(mode: str) -> None:
    port = ScriptedPort()
    log, numbered, file = f"{URI}/log/unit%20tests", f"{URI}/log/3", f"{URI}/artifact/out/a.md"
    async with subscriber(port, mode) as client, client.subscribed(log, numbered, file):
        port.happens(ID, sheet=2, name="unit tests")
        assert {await client.told(), await client.told()} == {log, file}
        port.happens(ID, sheet=3, name="deploy")
        assert {await client.told(), await client.told()} == {numbered, file}
        port.happens(ID, "job.deleted")
        assert {await client.told() for _ in range(3)} == {log, numbered, file}


@BOTH
async def test_the_conductor_changes_with_every_job(mode: str) -> None:
    port = ScriptedPort()
    async with subscriber(port, mode) as client, client.subscribed(CONDUCTOR_URI):
        port.happens("any-1aaaa")
        assert await client.told() == CONDUCTOR_URI
    assert ("changes", (None, "h1:0")) in port.calls


async def test_an_unsubscribed_client_is_not_told(anyio_backend: str) -> None:
    port = ScriptedPort()
    other = "job://other-1aaaa"
    async with subscriber(port, "legacy") as client, client.subscribed(URI, other):
        await client.client.unsubscribe_resource(URI)
        await client.client.unsubscribe_resource("job://never-subscribed")
        port.happens(ID)
        port.happens("other-1aaaa")
        assert await client.told() == other


async def test_a_resource_that_cannot_exist_cannot_be_subscribed_to() -> None:
    async with subscriber(ScriptedPort(), "legacy") as client:
        with pytest.raises(MCPError) as caught:
            await client.client.subscribe_resource("nothing://here")
    assert caught.value.error.code == INVALID_PARAMS


class FlakyPort(ScriptedPort):
    """Fails as often as `failures` says before it answers."""

    failures: list[PodiumError]

    async def changes(self, job_ids: object, *, after: str) -> tuple[list[EventView], str]:
        self.calls.append(("changes", after))
        if after and self.failures:
            raise self.failures.pop()
        found, cursor = await super().changes(None, after=after)
        return found, cursor


@BOTH
async def test_a_conductor_that_restarts_is_asked_from_the_same_place(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions_updates, "RETRY_SECONDS", 0.01)
    port = FlakyPort()
    port.failures = [ConductorNotRunning("Nobody listens."), ConductorNotRunning("Nobody listens.")]
    async with subscriber(port, mode) as client, client.subscribed(URI):
        port.happens(ID)
        assert await client.told() == URI
    asked = [after for name, after in port.calls if isinstance(after, str)]
    assert asked[:4] == ["", "h1:0", "h1:0", "h1:0"]


@BOTH
async def test_where_the_place_is_lost_everybody_is_told_to_look_again(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions_updates, "RETRY_SECONDS", 0.01)
    port = FlakyPort()
    port.failures = [InvalidArguments("The cursor is not one of this conductor.")]
    async with subscriber(port, mode) as client, client.subscribed(URI):
        assert await client.told() == URI


class GoneSession:
    """A client of the handshake era that has left: its transport is closed."""

    tried = 0

    async def send_resource_updated(self, uri: str) -> None:
        self.tried += 1
        raise anyio.ClosedResourceError


class DeafSession:
    """A client of the handshake era that reads nothing."""

    async def send_resource_updated(self, uri: str) -> None:
        await anyio.sleep_forever()


@asynccontextmanager
async def running(port: ScriptedPort) -> AsyncIterator[Updates]:
    updates = Updates(port, InMemorySubscriptionBus())
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(updates.run)
            yield updates
            tasks.cancel_scope.cancel()


@pytest.mark.parametrize("session", [GoneSession(), DeafSession()], ids=["gone", "deaf"])
async def test_a_client_that_has_left_or_does_not_read_holds_up_nobody(
    session: GoneSession | DeafSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions_updates, "SEND_SECONDS", 0.05)
    told = anyio.Event()

    class Listening:
        async def send_resource_updated(self, uri: str) -> None:
            told.set()

    port = ScriptedPort(jobs={ID: job()})
    async with running(port) as updates:
        updates.subscribe("bad", session, URI)
        updates.subscribe("good", Listening(), URI)
        await updates.placed()
        port.happens(ID)
        await told.wait()
        updates.unsubscribe("good", URI)
        updates.subscribe("new", Listening(), "job://other-1aaaa")
        told = anyio.Event()
        port.happens("other-1aaaa")
        await told.wait()
    assert port.calls[-1][1][0] == ["other-1aaaa"]  # nobody is left who wants to know of the first job


async def test_subscriptions_are_bounded() -> None:
    updates = Updates(ScriptedPort(), InMemorySubscriptionBus())
    for number in range(MOST_SUBSCRIPTIONS):
        updates.subscribe("greedy", DeafSession(), f"job://{number}")
    with pytest.raises(MCPError, match="limit of 1000 subscriptions"):
        updates.subscribe("greedy", DeafSession(), "job://one-more")


async def test_a_subscriber_does_not_wait_long_for_a_conductor_that_does_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscriptions_updates, "PLACE_SECONDS", 0.05)
    port = ScriptedPort(error=ConductorNotRunning("Nobody listens."))
    async with subscriber(port, "legacy") as client, client.subscribed(URI):
        assert (await client.client.list_tools()).tools


async def test_a_session_over_http_that_ends_takes_its_subscriptions_along() -> None:
    port = ScriptedPort()
    async with served_over_http(build_server(port.opened)) as url:
        async with Client(url, mode="legacy") as leaving:
            await leaving.subscribe_resource(URI)
            await port.asked_changes.wait()
        async with Client(url, mode="legacy") as staying:
            await staying.subscribe_resource("job://other-1aaaa")
            while port.calls[-1] != ("changes", (["other-1aaaa"], "h1:0")):  # and no longer both
                await anyio.lowlevel.checkpoint()
    assert port.calls[0] == ("changes", ([ID], ""))


@asynccontextmanager
async def served_over_http(server: MCPServer[State]) -> AsyncIterator[str]:
    """Serve on a free port of this process."""
    with anyio.fail_after(20), socket.create_server(("127.0.0.1", 0)) as listener:
        web = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_config=None))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(web.serve, [listener])
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
            web.should_exit = True
