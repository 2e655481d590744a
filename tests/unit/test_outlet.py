"""The outlet of logs: nobody waits for its reader, and what was dropped is counted."""

import os
from pathlib import Path

from podium import outlet
from podium.outlet import Outlet

SECONDS = 10.0


def note(count: int) -> bytes:
    return f"dropped {count}\n".encode()


def read(descriptor: int, end: bytes) -> bytes:
    """Read until a text ends so."""
    text = b""
    while not text.endswith(end):
        text += os.read(descriptor, 65536)
    return text


def test_what_is_put_is_written_in_its_order(pipe: tuple[int, int]) -> None:
    out = Outlet(pipe[1], note)
    for number in range(100):
        out.put(f"{number}\n".encode())
    assert out.drain(SECONDS, stuck_seconds=SECONDS)
    assert read(pipe[0], b"\n99\n").split() == [str(number).encode() for number in range(100)]


def test_lines_that_find_no_room_are_counted_where_they_are_missing(pipe: tuple[int, int]) -> None:
    line = b"x" * 1023 + b"\n"
    out = Outlet(pipe[1], note)
    out.put(line * 128)  # fills the pipe, and stays there
    assert not out.drain(SECONDS, stuck_seconds=0)
    kept = outlet.WAITING_BYTES // len(line)
    for _ in range(kept + 7):
        out.put(line)
    out.put(b"no room either\n")
    text = read(pipe[0], b"dropped 8\n")
    assert text == line * (128 + kept) + b"dropped 8\n"
    out.put(b"goes on\n")
    assert read(pipe[0], b"on\n") == b"goes on\n"


def test_lines_that_cannot_be_written_are_counted_once_that_is_over(tmp_path: Path) -> None:
    place = tmp_path / "log"
    descriptor = os.open("/dev/full", os.O_WRONLY)
    out = Outlet(descriptor, note)
    for _ in range(3):
        out.put(b"lost\n")
        assert out.drain(SECONDS, stuck_seconds=SECONDS)
    file = os.open(place, os.O_WRONLY | os.O_CREAT)
    os.dup2(file, descriptor)  # there is room again
    out.put(b"kept\n")
    assert out.drain(SECONDS, stuck_seconds=SECONDS)
    assert place.read_bytes() == b"kept\ndropped 3\n"
    for each in (file, descriptor):
        os.close(each)


def test_nobody_waits_long_for_a_descriptor_that_takes_nothing(pipe: tuple[int, int]) -> None:
    out = Outlet(pipe[1], note)
    out.put(b"x" * 2**18)
    assert not out.drain(10**6, stuck_seconds=0.05)
