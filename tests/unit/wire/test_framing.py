"""Frames: what is written, what is read, and what a reader does with lines that are none."""

import math

import anyio
import pytest

from podium.wire.framing import (
    FrameReader,
    MalformedFrame,
    OversizedFrame,
    RawJson,
    SlowFrame,
    decode,
    dumps,
    encode,
)
from tests.support.memory_pair import memory_pair

pytestmark = pytest.mark.anyio


async def read_all(*chunks: bytes, max_bytes: int = 64) -> list[bytes | str]:
    """Return what a reader makes of the chunks: lines, and the messages of oversized ones."""
    ours, theirs = memory_pair()
    for chunk in chunks:
        await theirs.send(chunk)
    await theirs.send_eof()
    reader, got = FrameReader(ours, max_bytes=max_bytes), list[bytes | str]()
    with anyio.fail_after(20):
        while True:
            try:
                got.append(await reader.read())
            except OversizedFrame as fault:
                got.append(str(fault))
            except anyio.EndOfStream:
                return got


def test_a_frame_is_compact_utf8_with_one_newline() -> None:
    assert encode({"a": [1, None, "é"]}) == '{"a":[1,null,"é"]}\n'.encode()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_lacks_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode([number])


def test_a_lone_surrogate_survives_the_trip() -> None:
    assert decode(encode({"path": "bad\udcff"})) == {"path": "bad\udcff"}


def test_text_that_is_json_already_is_sent_as_it_is() -> None:
    assert dumps(RawJson(b'{"sheets":{}}')) == b'{"sheets":{}}'


def test_a_byte_order_mark_and_a_carriage_return_are_ignored() -> None:
    assert decode(b"\xef\xbb\xbf[1]\r") == [1]


@pytest.mark.parametrize(
    "line",
    [b"", b"  ", b"{not json}", b"{}{}", b"\xff\xfe{}", '{"a":1}'.encode("utf-16"), b"[" * 100_000, b"1" * 5000],
    ids=["empty", "blank", "not-json", "two-values", "not-utf8", "utf16", "deep", "huge-number"],
)
def test_a_line_that_is_no_json_is_malformed(line: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode(line)


async def test_lines_come_out_whole_however_they_arrive() -> None:
    assert await read_all(b"on", b"e\ntwo\nth", b"ree", b"\n") == [b"one", b"two", b"three"]


async def test_a_last_line_without_newline_counts() -> None:
    assert await read_all(b"one\ntwo") == [b"one", b"two"]


async def test_a_cut_off_line_can_be_told_from_a_whole_one() -> None:
    ours, theirs = memory_pair()
    await theirs.send(b"one\ntw")
    await theirs.send_eof()
    reader = FrameReader(ours, whole_lines=True)
    assert await reader.read() == b"one"
    with pytest.raises(anyio.EndOfStream):
        await reader.read()


async def test_a_line_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    fault = "the line is longer than 64 bytes"
    assert await read_all(b"a" * 63 + b"\n", b"b" * 64 + b"\n", b"c\n") == [b"a" * 63, fault, b"c"]


async def test_an_oversized_line_is_skipped_and_the_next_one_read() -> None:
    fault = "the line is longer than 64 bytes"
    assert await read_all(b"a" * 50, b"a" * 5000, b"a\nnext\n") == [fault, b"next"]


async def test_an_oversized_line_that_never_ends_is_reported_at_the_end() -> None:
    assert await read_all(b"a" * 5000) == ["the line is longer than 64 bytes"]


async def test_skipping_keeps_no_more_than_the_limit_in_memory() -> None:
    ours, theirs = memory_pair()
    reader = FrameReader(ours, max_bytes=1000)

    async def flood() -> None:
        for _ in range(200):
            await theirs.send(b"x" * 65536)
            assert len(reader._buffer) <= 1000 + 65536
        await theirs.send(b"\n")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(flood)
        with pytest.raises(OversizedFrame), anyio.fail_after(20):
            await reader.read()


async def test_a_begun_line_must_be_completed_in_time() -> None:
    ours, theirs = memory_pair()
    await theirs.send(b'{"half":')
    with pytest.raises(SlowFrame, match="not completed"), anyio.fail_after(20):
        await FrameReader(ours, partial_seconds=0.01).read()


async def test_an_idle_connection_is_not_a_slow_one() -> None:
    ours, theirs = memory_pair()
    reader = FrameReader(ours, partial_seconds=0.001)
    with anyio.move_on_after(0.05) as idle:
        await reader.read()
    assert idle.cancelled_caught
    await theirs.send(b"late\n")
    assert await reader.read() == b"late"
