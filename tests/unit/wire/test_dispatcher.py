"""One served connection: the table of the protocol, order, concurrency, notifications and streams."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from podium.errors import JobNotFound
from podium.wire.dispatcher import Handler, Peer, WireLimits, serve_connection
from podium.wire.framing import FrameReader, RawJson
from tests.support.memory_pair import MemoryStream, memory_pair

pytestmark = pytest.mark.anyio


class Client:
    """The other end of a served connection, in raw bytes."""

    def __init__(self, stream: MemoryStream) -> None:
        self.stream = stream
        self.reader = FrameReader(stream)

    async def send(self, raw: str | bytes) -> None:
        await self.stream.send(raw if isinstance(raw, bytes) else raw.encode())

    async def receive(self) -> Any:
        with anyio.fail_after(20):
            return json.loads(await self.reader.read())

    async def ask(self, raw: str | bytes) -> Any:
        await self.send(raw)
        return await self.receive()

    async def ended(self) -> None:
        with anyio.fail_after(20), pytest.raises(anyio.EndOfStream):
            await self.reader.read()


async def health(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return {"status": "ok", "params": params}


async def handshake(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    peer.concurrent = params.get("protocol") == "podium-1"
    return {"protocol": "podium-1"}


HANDLERS: dict[str, Handler] = {"daemon.health": health, "daemon.status": handshake}


@asynccontextmanager
async def served(
    handlers: dict[str, Handler], limits: WireLimits | None = None, *, concurrent: bool = False
) -> AsyncIterator[Client]:
    """Serve a connection; at the end the client closes and the serving side must end by itself."""
    ours, theirs = memory_pair()
    peer = Peer()
    peer.concurrent = concurrent
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve_connection, theirs, peer, HANDLERS | handlers, limits)
            yield Client(ours)
            await ours.aclose()


OK = {"status": "ok", "params": {}}
NO_METHOD = (-32600, "Invalid request: missing 'method' field")
MALFORMED = (-32700, "Parse error: malformed JSON")


@pytest.mark.parametrize(
    ("line", "request_id"),
    [
        ('{"jsonrpc":"2.0","id":"abc","method":"daemon.health"}', "abc"),
        ('{"jsonrpc":"2.0","id":"","method":"daemon.health"}', ""),
        ('{"jsonrpc":"2.0","id":-1,"method":"daemon.health"}', -1),
        ('{"jsonrpc":"2.0","id":0,"method":"daemon.health"}', 0),
        ('{"jsonrpc":"2.0","id":1180591620717411303424,"method":"daemon.health"}', 1180591620717411303424),
        ('{"jsonrpc":"2.0","id":true,"method":"daemon.health"}', 1),
        ('{"jsonrpc":"2.0","id":1.0,"method":"daemon.health"}', 1),
        ('{"jsonrpc":"2.0","id":"\\ud800","method":"daemon.health"}', "\ud800"),
        ('{"id":7,"method":"daemon.health"}', 7),
        ('{"jsonrpc":"2.0","id":1,"method":"daemon.health","foo":1}', 1),
        ('{"jsonrpc":"2.0","id":1,"method":"daemon.health","params":null}', 1),
        ('\ufeff{"jsonrpc":"2.0","id":1,"method":"daemon.health"}', 1),
        ('{"jsonrpc":"2.0","id":1,"method":"daemon.health"}\r', 1),
        ('{"jsonrpc":"2.0","id":1,"id":2,"method":"nope","method":"daemon.health"}', 2),
    ],
)
async def test_what_the_protocol_accepts_is_answered_with_its_id(line: str, request_id: int | str) -> None:
    async with served({}) as client:
        reply = await client.ask(line + "\n")
    assert reply == {"jsonrpc": "2.0", "result": OK, "id": request_id}
    assert isinstance(reply["id"], bool) is False


@pytest.mark.parametrize(
    ("line", "request_id", "error"),
    [
        ("{not json}", None, MALFORMED),
        ("", None, MALFORMED),
        ("   ", None, MALFORMED),
        ('{"id":1,"method":"daemon.health"}{"id":2,"method":"daemon.health"}', None, MALFORMED),
        (b"\xff\xfe\x00", None, MALFORMED),
        (b"[" * 100_000, None, MALFORMED),
        ("42", None, NO_METHOD),
        ("null", None, NO_METHOD),
        ('[{"jsonrpc":"2.0","id":1,"method":"daemon.health"}]', None, NO_METHOD),
        ("[]", None, NO_METHOD),
        ('{"jsonrpc":"2.0","id":7}', 7, NO_METHOD),
        ('{"id":7,"method":5}', 7, (-32600, "Invalid request: method must be a string")),
        ('{"id":7,"method":"job.status","params":["one"]}', 7, (-32600, "Invalid request: params must be an object")),
        ('{"id":7,"method":"job.status","params":"one"}', 7, (-32600, "Invalid request: params must be an object")),
        ('{"jsonrpc":"1.0","id":7,"method":"daemon.health"}', 7, (-32600, "Invalid request: jsonrpc must be '2.0'")),
        (
            '{"id":1.5,"method":"daemon.health"}',
            None,
            (-32600, "Invalid request: id must be a string or an integer"),
        ),
        (
            '{"id":{"a":1},"method":"daemon.health"}',
            None,
            (-32600, "Invalid request: id must be a string or an integer"),
        ),
        ('{"id":1,"method":"JOB.LIST"}', 1, (-32601, "Method not found: JOB.LIST")),
    ],
)
async def test_what_breaks_the_protocol_is_answered_and_the_connection_lives(
    line: str | bytes, request_id: int | None, error: tuple[int, str]
) -> None:
    raw = line if isinstance(line, bytes) else line.encode()
    async with served({}) as client:
        reply = await client.ask(raw + b"\n")
        again = await client.ask('{"id":99,"method":"daemon.health"}\n')
    assert (reply["id"], reply["error"]["code"], reply["error"]["message"]) == (request_id, *error)
    assert "data" in reply["error"]
    assert again["id"] == 99


async def test_an_oversized_line_is_answered_and_the_next_one_served() -> None:
    async with served({}, WireLimits(max_line_bytes=100)) as client:
        await client.send(b"x" * 5000)
        reply = await client.ask(b'\n{"id":1,"method":"daemon.health"}\n')
        assert (reply["id"], reply["error"]["code"]) == (None, -32700)
        assert reply["error"]["message"] == "Parse error: the line is longer than 100 bytes"
        assert (await client.receive())["id"] == 1


async def test_a_line_that_never_ends_is_answered_and_the_connection_closed() -> None:
    async with served({}, WireLimits(partial_seconds=0.01)) as client:
        reply = await client.ask(b'{"id":1,')
        assert reply["error"]["message"].startswith("Parse error: the line was not completed")
        await client.ended()


async def test_notifications_run_and_are_never_answered() -> None:
    seen = list[str]()

    async def note(params: dict[str, Any], peer: Peer) -> None:
        seen.append(params["n"])
        raise JobNotFound("Job 'x' not found")

    async with served({"note": note}) as client:
        await client.send('{"method":"note","params":{"n":"a"}}\n{"id":null,"method":"note","params":{"n":"b"}}\n')
        await client.send('{"method":"nope"}\n')
        assert (await client.ask('{"id":1,"method":"daemon.health"}\n'))["id"] == 1
    assert seen == ["a", "b"]


async def test_a_last_request_without_newline_is_answered_after_a_half_close() -> None:
    async with served({}) as client:
        await client.send('{"id":1,"method":"daemon.health"}')
        await client.stream.send_eof()
        assert (await client.receive())["id"] == 1
        await client.ended()


async def test_our_errors_travel_with_their_facts() -> None:
    async def status(params: dict[str, Any], peer: Peer) -> None:
        raise JobNotFound("Job 'x' not found", fix="list_jobs", near=["xy"])

    async with served({"job.status": status}) as client:
        reply = await client.ask('{"id":1,"method":"job.status"}\n')
    assert reply["error"]["code"] == -32000
    assert reply["error"]["data"]["near"] == ["xy"]


@pytest.mark.parametrize("result", [{"x": float("nan")}, {"x": object()}])
async def test_a_handler_that_fails_shows_only_a_request_id(result: Any, capsys: pytest.CaptureFixture[str]) -> None:
    async def broken(params: dict[str, Any], peer: Peer) -> Any:
        return result

    async with served({"broken": broken}) as client:
        error = (await client.ask('{"id":1,"method":"broken"}\n'))["error"]
    assert (error["code"], error["message"]) == (-32603, "Internal error")
    captured = capsys.readouterr()
    assert error["data"]["request_id"] in captured.out + captured.err


async def test_a_reply_that_no_peer_would_accept_is_an_error_instead() -> None:
    async def large(params: dict[str, Any], peer: Peer) -> Any:
        return RawJson(b'"' + b"x" * 300 + b'"')

    async with served({"large": large}, WireLimits(max_line_bytes=200)) as client:
        error = (await client.ask('{"id":1,"method":"large"}\n'))["error"]
    assert error["code"] == -32603
    assert "but a frame can hold only 200" in error["message"]


async def test_an_error_that_quotes_too_much_of_the_request_is_shortened() -> None:
    async def status(params: dict[str, Any], peer: Peer) -> None:
        raise JobNotFound(f"Job {params['job_id']} not found", job_id=params["job_id"])

    async with served({"status": status}, WireLimits(max_line_bytes=300)) as client:
        reply = await client.ask('{"id":1,"method":"status","params":{"job_id":"%s"}}\n' % ("x" * 200))
    assert (reply["id"], reply["error"]["code"]) == (1, -32000)
    assert "but a frame can hold only 300" in reply["error"]["message"]


async def test_of_an_unknown_methods_name_the_reply_quotes_the_beginning() -> None:
    async with served({}) as client:
        reply = await client.ask('{"id":1,"method":"%s"}\n' % ("x" * 100_000))
    assert reply["error"]["data"] == {"method": "x" * 200}


async def test_an_id_that_no_reply_has_room_for_is_refused() -> None:
    async with served({}) as client:
        assert (await client.ask('{"id":"%s","method":"daemon.health"}\n' % ("i" * 1024)))["id"] == "i" * 1024
        reply = await client.ask('{"id":"%s","method":"daemon.health"}\n' % ("i" * 1025))
    assert (reply["id"], reply["error"]["code"]) == (None, -32600)


class Gate:
    """A handler that waits until it is opened."""

    def __init__(self) -> None:
        self.open = anyio.Event()
        self.inside = 0
        self.entered = anyio.Event()

    async def __call__(self, params: dict[str, Any], peer: Peer) -> int:
        self.inside += 1
        self.entered.set()
        await self.open.wait()
        return self.inside


async def test_replies_keep_the_order_before_the_handshake() -> None:
    gate = Gate()
    async with served({"slow": gate}) as client:
        await client.send('{"id":1,"method":"slow"}\n{"id":2,"method":"daemon.health"}\n')
        await gate.entered.wait()
        gate.open.set()
        assert [(await client.receive())["id"], (await client.receive())["id"]] == [1, 2]


async def test_after_the_handshake_a_slow_request_does_not_hold_up_the_others() -> None:
    gate = Gate()
    async with served({"slow": gate}) as client:
        await client.ask('{"id":0,"method":"daemon.status","params":{"protocol":"podium-1"}}\n')
        await client.send('{"id":1,"method":"slow"}\n{"id":2,"method":"daemon.health"}\n')
        assert (await client.receive())["id"] == 2
        gate.open.set()
        assert (await client.receive())["id"] == 1


async def test_reading_pauses_while_too_many_requests_run() -> None:
    gate = Gate()
    async with served({"slow": gate}, WireLimits(in_flight=2), concurrent=True) as client:
        await client.send("".join(f'{{"id":{n},"method":"slow"}}\n' for n in range(5)))
        await gate.entered.wait()
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        assert gate.inside == 2
        gate.open.set()
        assert {(await client.receive())["id"] for _ in range(5)} == set(range(5))


async def test_after_many_requests_at_once_a_connection_holds_only_a_few_tasks() -> None:
    gate = Gate()
    before = len(anyio.get_running_tasks())
    async with served({"slow": gate}, concurrent=True) as client:
        await client.send("".join(f'{{"id":{n},"method":"slow"}}\n' for n in range(50)))
        gate.open.set()
        assert {(await client.receive())["id"] for _ in range(50)} == set(range(50))
        for _ in range(3):
            await client.ask('{"id":1,"method":"daemon.health"}\n')
        await anyio.wait_all_tasks_blocked()
        assert len(anyio.get_running_tasks()) <= before + 1 + 5  # the connection's own, and those that take turns


async def test_a_peer_that_sends_many_requests_at_once_lets_others_in_between() -> None:
    flooded: list[int] = []

    async def count(params: dict[str, Any], peer: Peer) -> None:
        flooded.append(1)

    async with served({"count": count}, concurrent=True) as flood, served({}) as other:
        await flood.send('{"method":"count"}\n' * 3000)
        assert (await other.ask('{"id":1,"method":"daemon.health"}\n'))["id"] == 1
        assert len(flooded) < 1000


async def test_requests_in_flight_are_answered_after_a_half_close() -> None:
    gate = Gate()
    async with served({"slow": gate}, concurrent=True) as client:
        await client.send('{"id":1,"method":"slow"}\n')
        await client.stream.send_eof()
        await gate.entered.wait()
        gate.open.set()
        assert (await client.receive())["id"] == 1


async def test_a_stream_begins_after_the_reply_and_ends_with_the_connection() -> None:
    ended = anyio.Event()

    async def events(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        async def pump() -> None:
            try:
                for n in range(3):
                    await peer.notify("job.event", {"n": n})
                await anyio.sleep_forever()
            finally:
                ended.set()

        peer.stream(pump)
        return {"next": "h:0"}

    async with served({"job.events": events}) as client:
        assert (await client.ask('{"id":1,"method":"job.events"}\n'))["result"] == {"next": "h:0"}
        assert [(await client.receive())["params"]["n"] for _ in range(3)] == [0, 1, 2]
        assert (await client.ask('{"id":2,"method":"daemon.health"}\n'))["id"] == 2
    assert ended.is_set()


async def test_a_connection_has_only_so_many_streams_at_once() -> None:
    ending = anyio.Event()

    async def events(params: dict[str, Any], peer: Peer) -> None:
        peer.stream(ending.wait)

    async with served({"job.events": events}, WireLimits(streams=2)) as client:
        replies = [await client.ask(f'{{"id":{n},"method":"job.events"}}\n') for n in range(3)]
        assert ["error" in reply for reply in replies] == [False, False, True]
        assert replies[2]["error"]["code"] == -32001
        ending.set()
        with anyio.fail_after(20):
            while "error" in await client.ask('{"id":4,"method":"job.events"}\n'):  # the ends of both are under way
                pass


@pytest.mark.usefixtures("capsys")
async def test_a_stream_that_fails_closes_its_connection() -> None:
    async def events(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        async def pump() -> None:
            raise LookupError("the store is gone")

        peer.stream(pump)
        return {}

    async with served({"job.events": events}) as client:
        await client.ask('{"id":1,"method":"job.events"}\n')
        await client.ended()


async def test_a_peer_can_be_closed_by_a_handler() -> None:
    async def leave(params: dict[str, Any], peer: Peer) -> None:
        peer.close()

    async with served({"leave": leave}) as client:
        await client.send('{"method":"leave"}\n')
        await client.ended()


async def test_a_peer_that_does_not_read_is_dropped() -> None:
    async def flood(params: dict[str, Any], peer: Peer) -> None:
        while True:
            await peer.notify("job.event", {"text": "x" * 10_000})

    ours, theirs = memory_pair(buffer_bytes=1000)
    await ours.send(b'{"id":1,"method":"flood"}\n')
    with anyio.fail_after(20):
        await serve_connection(theirs, Peer(), {"flood": flood}, WireLimits(write_seconds=0.01))


async def test_a_peer_without_a_connection_cannot_be_notified() -> None:
    with pytest.raises(RuntimeError, match="no connection"):
        await Peer().notify("job.event", {})
