"""Generated conversations: whatever is sent, and however it is cut, each request gets its one reply, in order until asked otherwise."""

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import anyio
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from podium.errors import JobNotFound
from podium.wire.dispatcher import Handler, Peer, WireLimits, serve_connection
from podium.wire.framing import FrameReader, encode
from tests.fuzz.model import Wanted, wanted
from tests.support.memory_pair import memory_pair

LIMITS = WireLimits(in_flight=3)


async def echo(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return params


async def late(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    for _ in range(20):
        await checkpoint()
    return params


async def refuse(params: dict[str, Any], peer: Peer) -> None:
    await checkpoint()
    raise JobNotFound("Job 'x' not found", near=[params])


async def handshake(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    peer.concurrent = True
    return params


HANDLERS: dict[str, Handler] = {"echo": echo, "late": late, "refuse": refuse, "handshake": handshake}
METHODS = (*HANDLERS, "nope", "")

any_text = st.text(st.characters(codec=None), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)
requests = st.fixed_dictionaries(
    {"method": st.sampled_from(METHODS), "params": st.dictionaries(any_text, json_values, max_size=2)},
    optional={"id": st.integers() | any_text | st.none(), "jsonrpc": st.just("2.0")},
)
broken = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "method", "params", "jsonrpc", "result"), json_values))
garbage = st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"") + b"\n")
mixed = st.lists(requests.map(encode) | broken.map(encode) | json_values.map(encode) | garbage, max_size=12)


def parts_of(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """Yield the data in parts, cut at the given places."""
    places = sorted({place % (len(data) + 1) for place in cuts} | {0, len(data)})
    return (data[a:b] for a, b in pairwise(places))


async def replies_to(data: bytes, cuts: list[int]) -> list[dict[str, Any]]:
    """Return what a served connection answers until it ends, which it must when its peer shuts its side."""
    ours, theirs = memory_pair(buffer_bytes=64)
    found: list[dict[str, Any]] = []

    async def feed() -> None:
        for part in parts_of(data, cuts):
            await ours.send(part)
        await ours.send_eof()

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve_connection, theirs, Peer(), HANDLERS, LIMITS)
            tasks.start_soon(feed)
            reader = FrameReader(ours, whole_lines=True)
            with suppress(anyio.EndOfStream):
                while True:
                    found.append(json.loads(await reader.read()))
    return found


def settle(owed: list[Wanted], reply: dict[str, Any], *, ordered: bool) -> Wanted:
    """Take what a reply answers from what is owed."""
    place = next((n for n, each in enumerate(owed[: 1 if ordered else None]) if each.admits(reply)), None)
    assert place is not None, (reply, owed)
    return owed.pop(place)


@given(mixed, st.lists(st.integers(min_value=0), max_size=8), st.binary(max_size=5))
def test_every_request_gets_its_one_reply(lines: list[bytes], cuts: list[int], rest: bytes) -> None:
    data = b"".join(lines) + rest
    owed, ordered = list(wanted(data, frozenset(HANDLERS))), b'"handshake"' not in data
    for reply in anyio.run(replies_to, data, cuts):
        settle(owed, reply, ordered=ordered)
    assert not owed


@given(st.lists(requests, max_size=12), st.lists(st.integers(min_value=0), max_size=8))
def test_replies_come_in_order_until_the_peer_asks_for_any(frames: list[dict[str, Any]], cuts: list[int]) -> None:
    asked = [{**frame, "id": number} for number, frame in enumerate(frames)]
    replies = anyio.run(replies_to, b"".join(map(encode, asked)), cuts)
    first = next((n for n, frame in enumerate(asked) if frame["method"] == "handshake"), len(asked))
    ids = [reply["id"] for reply in replies]
    assert ids[: first + 1] == list(range(len(asked)))[: first + 1]
    assert sorted(ids) == list(range(len(asked)))
    for reply in replies:
        frame = asked[reply["id"]]
        if frame["method"] in {"echo", "late", "handshake"}:
            assert reply["result"] == frame["params"]


@given(garbage, st.lists(st.integers(min_value=0), max_size=3))
def test_garbage_is_answered_without_an_id_and_the_next_request_is_served(line: bytes, cuts: list[int]) -> None:
    *errors, last = anyio.run(replies_to, line + b'{"id":1,"method":"echo"}\n', cuts)
    assert [(reply["id"], reply["error"]["code"] in {-32700, -32600}) for reply in errors] == [(None, True)]
    assert last["result"] == {}
