"""What a terminal would show of a line that was rewritten, as the tools show it."""

from pathlib import Path

import pytest

from podium.logs.lines import CHUNK
from tests.support.outputs import LogLimits, LogQuery, LogTarget, read_log

SPINNER = "Building |" + "\b/\b-\b\\\b|" * 40


def tail(path: Path, content: bytes, limits: LogLimits | None = None, *, running: bool = False) -> list[str]:
    path.write_bytes(content)
    where = LogTarget(path, "demo-abcde", 1, 1, "stdout", running=running)
    return [line.text for line in read_log(where, LogQuery(), limits).lines]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "stdout.log"


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("\r 1%\r50%\r99%", "99%"),
        ("1%\r50%\r99%\r", "99%"),
        ("1%\r99%\r\n", "99%"),
        ("done\r\r\n", "done"),
        ("50%\r     \r\n", "50%"),
        ("50%\r\x1b[K\n", "50%"),
        ("50%\r\x1b[2Kfatal: no space\n", "fatal: no space"),
        ("\x1b[2K\x1b[1G- one\x1b[2K\x1b[1G- two", "- two"),
        ("\x1b[2K\x1b[G1\x1b[0G2", "2"),
        ("1%\x1b[1000D2%", "2%"),
        ("to the left\x1b[3D by three", "to the left by three"),
        (SPINNER, "Building |"),
        ("NA\bA\bAME", "NAME"),
        ("größe\bE", "größE"),
        ("\b\bx\b\b\by", "y"),
        ("  \n", "  "),
        ("\r\n", ""),
        ("\x1b[1;31mred\x1b[0m", "red"),
    ],
)
def test_a_line_counts_as_its_last_state_that_shows_something(log: Path, written: str, seen: str) -> None:
    assert tail(log, written.encode()) == [seen]


def test_a_bar_of_megabytes_without_a_newline_is_one_line_whose_end_is_shown(log: Path) -> None:
    bar = b"".join(b"\r%5.1f%% of it" % (step / 10_000) for step in range(999_000))
    path = log
    path.write_bytes(b"begin\n" + bar)
    where = LogTarget(path, "demo-abcde", 1, 1, "stdout", running=True)
    view = read_log(where, LogQuery(max_lines=1))
    assert [(line.text, line.unfinished) for line in view.lines] == [(" 99.9% of it", True)]
    path.write_bytes(b"begin\n" + bar + b"\nfatal: no space\n")
    view = read_log(where, LogQuery(mode="range", cursor=view.cursor))
    assert [line.text for line in view.lines] == [" 99.9% of it", "fatal: no space"]
    assert [line.text for line in read_log(where, LogQuery(mode="head")).lines] == [
        "begin",
        " 99.9% of it",
        "fatal: no space",
    ]


def test_an_error_after_a_bar_is_the_end_of_a_short_tail(log: Path) -> None:
    bar = b"".join(b"\rdownloading chunk %d of 200" % chunk for chunk in range(200))
    assert tail(log, bar + b"\rfatal: disk quota exceeded\n", LogLimits(line_bytes=1000)) == [
        "fatal: disk quota exceeded"
    ]


@pytest.mark.parametrize("mark", [b"\r", b"\x1b[1G", b"\x1b[100D"])
def test_a_mark_across_the_border_of_two_reads_still_counts(log: Path, mark: bytes) -> None:
    for shift in range(len(mark) + 1):
        begin = b"x" * (CHUNK - shift)
        assert tail(log, begin + mark + b"state\n") == ["state"]


def test_a_line_cleared_with_more_blanks_than_are_kept_shows_what_was_there(log: Path) -> None:
    assert tail(log, b"50%\r" + b" " * 100_000 + b"\r") == ["50%"]


def test_lines_that_a_program_goes_up_to_stay_and_the_last_ones_end_the_tail(log: Path) -> None:
    block = "".join(f"\x1b[2A\x1b[2Ka {step}%\n\x1b[2Kb {step}%\n" for step in range(100))
    assert tail(log, block.encode())[-2:] == ["a 99%", "b 99%"]
