"""Paging through any output, with any page size, yields exactly its lines, also while it grows."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from podium.contract.models import LogLine, LogMode
from podium.logs import lines as reading_lines
from podium.logs.extents import Extent
from tests.support.examples import examples
from tests.support.outputs import LogLimits, LogQuery, LogTarget, read_log

PIECES = st.lists(
    st.one_of(
        st.binary(max_size=12).map(lambda data: data.translate(None, b"\b\x1b")),
        st.sampled_from(
            [b"\n", b"\n\n", b"\r\n", "äöü€𝄞\n".encode(), b"\xff\xfe\n", b"needle\n", b"a" * 40 + b"\n", b"\0\n"]
        ),
        st.sampled_from(
            [b"\r", b"\r 12%", b"\r\x1b[2K", b"\x1b[2K\x1b[1G", b"34%\x1b[100D", b"need\x1b[31mle\x1b[0m", b"  "]
        ),
    ),
    max_size=30,
)
SPACES = b" \t\n\r\v\f"
COLOURS = re.compile(rb"\x1b\[\d+[mK]")  # and what clears a line
LIMITS = st.builds(
    LogLimits,
    page_bytes=st.integers(1, 200),
    line_bytes=st.just(10_000),
    scan_bytes=st.integers(1, 200),
    search_line_bytes=st.just(10_000),
)

PATTERNS = st.sampled_from(
    ["needle", "a{3}", "^$", "ö|\\x00", r"\w+$", r"^\W*$", "[^n]e+?d", "(e|l)d?l.$", r"\Aa", r"(?<!.)a"]
)
ANY_PATTERN = st.lists(
    st.sampled_from(
        ["a", "b", ".", "^", "$", "[^a]", "[ab\n]", r"\s", r"\w", r"\b", r"\W", "*", "+", "?", "{2}", "(", ")", "|"]
    ),
    min_size=1,
    max_size=8,
).map("".join)


def target(path: Path, *, running: bool = False) -> LogTarget:
    return LogTarget(path, "demo-abcde", 1, 1, "stdout", running=running)


def line_states(content: bytes) -> list[list[bytes]]:
    """The states of each line, as a slow and simple reader sees them: those that show something, or else the first."""
    whole = content.split(b"\n")
    if not whole[-1]:
        whole.pop()
    split = [re.split(rb"\r|\x1b\[1G|\x1b\[100D", line) for line in whole]
    return [
        [state for state in line if state.replace(b"\x1b[2K", b"").strip(b"\0" + SPACES)] or line[:1] for line in split
    ]


def expected_lines(content: bytes) -> list[str]:
    return [COLOURS.sub(b"", states[-1]).decode("utf-8", "replace") for states in line_states(content)]


def has_match(pattern: str, states: list[bytes]) -> bool:
    return any(regex.search(pattern, COLOURS.sub(b"", state).decode("utf-8", "replace")) for state in states)


def pages(path: Path, mode: LogMode, limits: LogLimits, max_lines: int, **query: object) -> Iterator[LogLine]:
    cursor = ""
    while True:
        asked = LogQuery(mode=mode, cursor=cursor, max_lines=max_lines, **query)  # type: ignore[arg-type]
        view = read_log(target(path), asked, limits)
        assert len(view.lines) <= max_lines
        assert len(view.lines) <= 1 or sum(len(line.text.encode()) for line in view.lines) <= limits.page_bytes
        yield from view.lines
        if view.at_end:
            return
        assert view.cursor != cursor, "a page that is not the last one must get on"
        cursor = view.cursor


@given(PIECES, LIMITS, st.integers(1, 7))
def test_paging_yields_exactly_the_lines_of_the_file(pieces: list[bytes], limits: LogLimits, max_lines: int) -> None:
    content = b"".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdout.log"
        path.write_bytes(content)
        found = list(pages(path, "range", limits, max_lines))
    assert [line.text for line in found] == expected_lines(content)
    assert [line.number for line in found] == list(range(1, len(found) + 1))


@given(PIECES, LIMITS, st.integers(1, 7))
def test_following_a_growing_file_yields_each_line_once(pieces: list[bytes], limits: LogLimits, max_lines: int) -> None:
    found: list[LogLine] = []
    cursor = ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdout.log"
        for piece in pieces:  # one page for each write: reading lags behind, catches up and waits at the end
            with path.open("ab") as output:
                output.write(piece)
            view = read_log(
                target(path, running=True), LogQuery(mode="range", cursor=cursor, max_lines=max_lines), limits
            )
            found += view.lines
            cursor = view.cursor
        at_end = False
        while not at_end:
            view = read_log(target(path), LogQuery(mode="range", cursor=cursor, max_lines=max_lines), limits)
            found += view.lines
            cursor, at_end = view.cursor, view.at_end
    assert [line.text for line in found] == expected_lines(b"".join(pieces))
    assert [line.number for line in found] == list(range(1, len(found) + 1))


@given(PIECES, st.integers(1, 200), st.integers(1, 7))
def test_a_tail_is_the_end_of_the_lines_and_its_cursor_reads_on(
    pieces: list[bytes], page_bytes: int, max_lines: int
) -> None:
    content = b"".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdout.log"
        path.write_bytes(content)
        view = read_log(target(path, running=True), LogQuery(max_lines=max_lines), LogLimits(page_bytes=page_bytes))
        with path.open("ab") as output:
            output.write(b"-end\nlast\n")
        rest = read_log(target(path), LogQuery(mode="range", cursor=view.cursor, max_lines=5))
    texts = [line.text for line in view.lines]
    numbers = [line.number for line in view.lines]
    lines = expected_lines(content)
    assert texts == lines[len(lines) - len(texts) :]
    assert bool(texts) == bool(lines)
    assert numbers == list(range(len(lines) - len(texts) + 1, len(lines) + 1))
    assert view.truncated == (len(texts) < len(lines))
    grown = expected_lines(content + b"-end\nlast\n")
    assert [(line.number, line.text) for line in rest.lines] == list(enumerate(grown, 1))[-2:]


@given(PIECES, LIMITS, st.integers(1, 7), st.integers(0, 3), PATTERNS)
def test_a_search_in_pages_finds_every_match_once_with_its_context(
    pieces: list[bytes], limits: LogLimits, max_lines: int, context: int, pattern: str
) -> None:
    content = b"".join(pieces)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdout.log"
        path.write_bytes(content)
        found = list(pages(path, "search", limits, max_lines, pattern=pattern, context_lines=context))
    lines = expected_lines(content)
    matches = [number for number, states in enumerate(line_states(content), 1) if has_match(pattern, states)]
    assert [line.number for line in found if line.match] == matches
    assert all(line.text == lines[line.number - 1] for line in found if not line.match)
    near = {n for hit in matches for n in range(hit - context, hit + context + 1) if 1 <= n <= len(lines)}
    numbers = [line.number for line in found]
    assert numbers == sorted(set(numbers)), "no line comes twice"
    if limits.scan_bytes > len(content):  # a search that is cut short within context_lines lines gives context up
        assert set(numbers) == near
    assert set(numbers) <= near


@given(st.binary(max_size=400), st.integers(4, 40))
def test_a_cut_line_never_splits_a_character(content: bytes, line_bytes: int) -> None:
    text = content.decode("utf-8", "ignore").translate(dict.fromkeys(map(ord, "\n\r\b\x1b"), "€"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdout.log"
        path.write_bytes(text.encode() + b"\n")
        view = read_log(target(path), LogQuery(mode="head"), LogLimits(line_bytes=line_bytes))
    shown = view.lines[0].text
    head = re.sub(r"…\[\d+ bytes more\]$", "", shown) if view.truncated else shown
    assert text.startswith(head)
    assert view.truncated == (len(text.encode()) > line_bytes)


@settings(max_examples=examples(400))
@given(st.text("ab \n\r", max_size=60), ANY_PATTERN)
def test_ruling_out_whole_chunks_hides_no_match(text: str, pattern: str) -> None:
    try:
        regex.compile(pattern)
    except regex.error:
        assume(False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stdout.log"
        path.write_bytes(text.encode())
        view = read_log(target(path), LogQuery(mode="search", pattern=pattern))
    expected = [number for number, states in enumerate(line_states(text.encode()), 1) if has_match(pattern, states)]
    assert [line.number for line in view.lines] == expected


@given(PIECES, st.integers(1, 40), st.integers(10, 30))
def test_lines_are_the_same_wherever_a_chunk_ends_and_however_little_is_kept(
    pieces: list[bytes], chunk: int, keep: int
) -> None:
    content = b"".join(pieces)
    blanks = re.findall(rb"(?:[\s\0]|\x1b\[(?:2K|1G|100D))+", content)
    assume(max(map(len, blanks), default=0) <= 2 * keep)  # blanks that are longer may be forgotten
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading_lines, "CHUNK", chunk)
        path = Path(folder) / "stdout.log"
        path.write_bytes(content)
        with path.open("rb") as file:
            found = list(reading_lines.lines(file.fileno(), [Extent(0, len(content))], keep=keep))
    expected = [states[-1] for states in line_states(content)]
    assert [line.size for line in found] == [len(state) for state in expected]
    assert [line.raw for line in found] == [state[:keep] for state in expected]
    assert [line.last for line in found] == [state[-keep:] if len(state) > keep else b"" for state in expected]
    assert [content[line.state : line.state + line.size] for line in found] == expected
    assert [line.start for line in found] == [0, *(line.end for line in found[:-1])][: len(found)]
