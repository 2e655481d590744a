"""Generated frames: any value survives, any splitting gives the same lines, no bytes make the reader fail."""

from contextlib import suppress
from itertools import pairwise
from typing import Any

import anyio
from hypothesis import given
from hypothesis import strategies as st

from podium.wire.errors import RpcFault
from podium.wire.framing import FrameReader, OversizedFrame, decode, encode
from podium.wire.messages import parse_request
from tests.support.memory_pair import memory_pair

LIMIT = 40
any_text = st.text(st.characters(codec=None))  # with lone surrogates
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=12,
)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    """Split the data at the given places."""
    places = sorted({place % (len(data) + 1) for place in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(places)]


async def outcome(chunks: list[bytes]) -> list[bytes | None]:
    """Return the lines that a reader finds, None for an oversized one."""
    ours, theirs = memory_pair(buffer_bytes=16)
    reader, found = FrameReader(ours, max_bytes=LIMIT), list[bytes | None]()

    async def feed() -> None:
        for chunk in chunks:
            await theirs.send(chunk)
        await theirs.send_eof()

    async def collect() -> None:
        with suppress(anyio.EndOfStream):
            while True:
                try:
                    found.append(await reader.read())
                except OversizedFrame:
                    found.append(None)

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(feed)
            tasks.start_soon(collect)
    return found


@given(json_values)
def test_every_json_value_survives_a_frame(value: Any) -> None:
    frame = encode(value)
    assert frame.count(b"\n") == 1
    assert decode(frame[:-1]) == value


@given(st.lists(st.binary(max_size=60)), st.lists(st.integers(min_value=0)))
def test_the_lines_do_not_depend_on_how_the_bytes_arrive(parts: list[bytes], cuts: list[int]) -> None:
    data = b"\n".join(parts)
    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()  # nothing follows the last newline
    wanted = [line if len(line) < LIMIT else None for line in expected]
    assert anyio.run(outcome, cut(data, cuts)) == wanted


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_a_protocol_fault(line: bytes) -> None:
    with suppress(RpcFault):
        parse_request(line)


@given(json_values)
def test_no_json_value_does_more_than_a_protocol_fault(value: Any) -> None:
    with suppress(RpcFault):
        parse_request(encode({"id": value, "method": "daemon.health", "params": value})[:-1])
