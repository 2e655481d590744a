"""Lines from and to descriptors that stay in blocking mode, without ever blocking the loop."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.mcp.transports.pipes import PAGE_BYTES, read_lines, write_all

LIMIT = 8


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """Return the two ends of a pipe; each is closed unless the test has closed it."""
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            try:
                os.close(end)
            except OSError:
                continue


async def lines_of(data: bytes, chunk_bytes: int) -> list[bytes | None]:
    with pipe() as (reader, writer):
        os.write(writer, data)
        os.close(writer)
        return [line async for line in read_lines(reader, LIMIT, chunk_bytes=chunk_bytes)]


@given(st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"."))), st.booleans(), st.integers(1, 16))
def test_lines_come_whole_however_they_are_cut_and_long_ones_are_told(
    lines: list[bytes], ended: bool, chunk_bytes: int
) -> None:
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    expected = data.split(b"\n")
    if not expected[-1]:
        expected.pop()
    found = anyio.run(lines_of, data, chunk_bytes)
    assert found == [line if len(line) <= LIMIT else None for line in expected]


@pytest.mark.anyio
async def test_much_more_than_a_pipe_holds_is_written_in_order() -> None:
    data = bytes(range(256)) * 4096
    received = bytearray()

    async def receive(reader: int) -> None:
        while len(received) < len(data):
            await anyio.wait_readable(reader)
            received.extend(os.read(reader, 65536))

    with pipe() as (reader, writer), anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(receive, reader)
            await write_all(writer, data)
    assert bytes(received) == data


@pytest.mark.anyio
async def test_a_write_that_nobody_reads_can_be_cancelled() -> None:
    with pipe() as (_, writer), anyio.fail_after(20):
        with anyio.move_on_after(0.05) as scope:
            await write_all(writer, b"x" * (PAGE_BYTES * 1000))
        assert scope.cancelled_caught


@pytest.mark.anyio
async def test_a_write_to_nobody_says_so() -> None:
    with pipe() as (reader, writer):
        os.close(reader)
        with pytest.raises(BrokenPipeError):
            await write_all(writer, b"x")
