import os
from dataclasses import replace
from pathlib import Path

import pytest

from podium.contract.models import LogView
from podium.errors import InvalidArguments
from podium.logs.read import open_output
from tests.support.outputs import LogLimits, LogQuery, LogTarget, read_log

KILO = 1024


def target(path: Path, *, running: bool = False) -> LogTarget:
    return LogTarget(path, "demo-abcde", 3, 2, "stdout", sheet_name="tests", running=running)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "stdout.log"
    path.write_bytes(content)
    return path


def texts(view: LogView) -> list[str]:
    return [line.text for line in view.lines]


def test_the_view_names_what_it_shows(tmp_path: Path) -> None:
    view = read_log(target(write(tmp_path, b"a\nb\n"), running=True), LogQuery())
    assert (view.job_id, view.sheet, view.sheet_name, view.attempt, view.stream) == (
        "demo-abcde",
        3,
        "tests",
        2,
        "stdout",
    )
    assert (view.running, view.at_end, view.truncated, view.total_bytes) == (True, True, False, 4)


@pytest.mark.parametrize("mode", ["tail", "head", "range", "search"])
def test_a_file_that_is_not_there_yet_is_empty_and_can_be_followed(tmp_path: Path, mode: str) -> None:
    pattern = "b" if mode == "search" else ""
    path = tmp_path / "stdout.log"
    view = read_log(target(path, running=True), LogQuery(mode=mode, pattern=pattern))  # type: ignore[arg-type]
    assert (view.lines, view.at_end, view.total_bytes) == ([], True, 0)
    path.write_bytes(b"a\nb\n")
    assert texts(read_log(target(path), LogQuery(mode="range", cursor=view.cursor))) == ["a", "b"]


def test_a_tail_shows_the_unfinished_line_and_its_cursor_gives_it_again_when_it_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path, b"one\nPassword: ")
    view = read_log(target(path, running=True), LogQuery(mode="tail"))
    assert [(line.text, line.unfinished) for line in view.lines] == [("one", False), ("Password: ", True)]
    with path.open("ab") as output:
        output.write(b"secret\n")
    follow = read_log(target(path, running=True), LogQuery(mode="range", cursor=view.cursor))
    assert [(line.number, line.text) for line in follow.lines] == [(2, "Password: secret")]


def test_reading_forward_holds_an_unfinished_line_back_until_the_attempt_has_ended(tmp_path: Path) -> None:
    path = write(tmp_path, b"one\ntw")
    view = read_log(target(path, running=True), LogQuery(mode="range"))
    assert (texts(view), view.at_end, view.unfinished) == (["one"], True, True)
    last = read_log(target(path), LogQuery(mode="range", cursor=view.cursor))
    assert (texts(last), last.lines[0].unfinished, last.unfinished) == (["tw"], False, False)


@pytest.mark.parametrize("other", [{"job_id": "x"}, {"sheet": 4}, {"attempt": 1}, {"stream": "stderr"}])
def test_a_cursor_of_another_output_is_refused(tmp_path: Path, other: dict[str, object]) -> None:
    here = target(write(tmp_path, b"a\n"))
    cursor = read_log(here, LogQuery()).cursor
    with pytest.raises(InvalidArguments, match="another job, sheet, attempt or stream"):
        read_log(replace(here, **other), LogQuery(mode="range", cursor=cursor))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cursor", ["x", "1.2.3", "1.1.0.zz.zz", "-1.1.0.ab", "²." * 3 + "ab", "1" * 40 + ".1.0.ab", "ü"]
)
def test_what_is_no_cursor_is_refused(tmp_path: Path, cursor: str) -> None:
    with pytest.raises(InvalidArguments):
        read_log(target(write(tmp_path, b"a\n")), LogQuery(mode="range", cursor=cursor))


def test_a_cursor_beyond_a_file_that_became_shorter_is_at_the_end(tmp_path: Path) -> None:
    path = write(tmp_path, b"a\nb\n")
    cursor = read_log(target(path), LogQuery()).cursor
    path.write_bytes(b"")
    view = read_log(target(path), LogQuery(mode="range", cursor=cursor))
    assert (view.lines, view.at_end) == ([], True)


@pytest.mark.parametrize(
    "query",
    [
        LogQuery(mode="tail", cursor="0.1.0.ab"),
        LogQuery(mode="head", cursor="0.1.0.ab"),
        LogQuery(mode="tail", pattern="x"),
        LogQuery(mode="search"),
    ],
)
def test_a_field_that_the_mode_would_ignore_is_refused(tmp_path: Path, query: LogQuery) -> None:
    with pytest.raises(InvalidArguments):
        read_log(target(write(tmp_path, b"a\n")), query)


def test_a_long_line_is_cut_with_a_mark_and_the_next_one_follows(tmp_path: Path) -> None:
    path = write(tmp_path, b"x" * 5000 + b"\nnext\n")
    view = read_log(target(path), LogQuery(mode="head"))
    assert texts(view) == ["x" * 4000 + "…[1000 bytes more]", "next"]
    assert view.truncated


def test_a_tail_cuts_the_middle_of_a_long_line_and_keeps_its_end(tmp_path: Path) -> None:
    path = write(tmp_path, b"fatal: " + b"x" * 5000 + b" disk full\nnext\n")
    view = read_log(target(path), LogQuery(mode="tail"))
    assert texts(view) == ["fatal: " + "x" * 993 + "…[1017 bytes left out]" + "x" * 2990 + " disk full", "next"]
    assert view.truncated


def test_a_page_stays_within_its_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, b"".join(b"%03d" % n + b"y" * 1000 + b"\n" for n in range(100)))
    view = read_log(target(path), LogQuery(mode="tail", max_lines=2000))
    assert sum(len(text) for text in texts(view)) <= 24_000
    assert texts(view)[-1].startswith("099")
    assert [line.number for line in view.lines] == list(range(101 - len(view.lines), 101))
    assert view.truncated


def test_a_tail_of_one_endless_line_is_its_end(tmp_path: Path) -> None:
    path = write(tmp_path, b"a" * 100 * KILO + "€".encode() * 100)
    view = read_log(target(path), LogQuery(mode="tail"), LogLimits(tail_bytes=16 * KILO, line_bytes=31))
    assert texts(view) == ["…[cut before]" + "€" * 10]
    assert (view.lines[0].number, view.truncated) == (0, True)


def test_a_tail_looks_back_only_so_far_and_then_does_not_number(tmp_path: Path) -> None:
    path = write(tmp_path, b"b" * 9000 + b"\n" + b"c" * 9000 + b"\nend\n")
    limits = LogLimits(tail_bytes=10_000, count_bytes=0)
    view = read_log(target(path), LogQuery(mode="tail"), limits)
    assert [line.number for line in view.lines] == [0, 0, 0]
    assert texts(view)[0].startswith("…[cut before]b")
    with path.open("ab") as output:
        output.write(b"more\n")
    follow = read_log(target(path), LogQuery(mode="range", cursor=view.cursor))
    assert [(line.number, line.text) for line in follow.lines] == [(0, "more")]


def test_a_tail_of_many_short_lines_needs_no_wide_window(tmp_path: Path) -> None:
    path = write(tmp_path, b"".join(b"line %d\n" % n for n in range(200_000)))
    view = read_log(target(path), LogQuery(mode="tail", max_lines=2), LogLimits(tail_bytes=64 * KILO))
    assert texts(view) == ["line 199998", "line 199999"]
    assert [line.number for line in view.lines] == [199_999, 200_000]


def test_bytes_that_are_no_text_are_shown_as_replacement_characters(tmp_path: Path) -> None:
    view = read_log(target(write(tmp_path, b"\xff\xfe\x00ok\n\xe2\x82")), LogQuery())
    assert texts(view) == ["��\x00ok", "�"]


class TestHoles:
    @pytest.fixture
    def sparse(self, tmp_path: Path) -> Path:
        """A file with data, a hole of 64 MiB and data; skipped where the file system fills holes."""
        path = write(tmp_path, b"first\nbefo")
        with path.open("r+b") as output:
            output.seek(64 * KILO * KILO)
            output.write(b"re\nlast\n")
        if path.stat().st_blocks * 512 > KILO * KILO:
            pytest.skip("this file system has no sparse files")
        return path

    def test_reading_forward_skips_a_hole_and_shows_it(self, sparse: Path) -> None:
        view = read_log(target(sparse), LogQuery(mode="head"))
        assert texts(view)[:2] == ["first", "befo"]
        assert "bytes without data]" in texts(view)[2]
        assert texts(view)[3:] == ["re", "last"]
        assert [line.number for line in view.lines] == [1, 2, 0, 0, 0]

    def test_a_tail_sees_the_whole_hole_and_what_is_before_it(self, sparse: Path) -> None:
        view = read_log(target(sparse), LogQuery(mode="tail"))
        assert texts(view) == texts(read_log(target(sparse), LogQuery(mode="head")))
        assert texts(read_log(target(sparse), LogQuery(mode="tail", max_lines=1))) == ["last"]

    def test_a_search_goes_over_it(self, sparse: Path) -> None:
        view = read_log(target(sparse), LogQuery(mode="search", pattern="^last$", max_lines=1))
        assert texts(view) == ["last"]
        assert read_log(target(sparse), LogQuery(mode="search", pattern="^$")).lines == []

    def test_a_page_may_end_at_it(self, sparse: Path) -> None:
        cursor, found = "", []
        for _ in range(5):
            view = read_log(target(sparse), LogQuery(mode="range", cursor=cursor, max_lines=1))
            found += texts(view)
            cursor = view.cursor
        assert view.at_end
        assert found == texts(read_log(target(sparse), LogQuery(mode="head")))

    def test_a_log_that_was_emptied_under_its_writer_begins_with_one(self, tmp_path: Path) -> None:
        path = tmp_path / "stdout.log"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)  # a writer without O_APPEND keeps its position
        os.write(fd, b"old\n" * 100_000)
        os.truncate(path, 0)
        os.write(fd, b"new\n")
        os.close(fd)
        found = texts(read_log(target(path), LogQuery(mode="head")))
        assert found[-1].strip("\0") == "new"
        assert len(found) <= 2


def test_a_program_that_copies_gets_large_pages_with_whole_lines_and_every_line_once(tmp_path: Path) -> None:
    lines = [*(f"{number} {'x' * 90}" for number in range(3000)), "y" * 100_000, "é" * 5000]
    where = target(write(tmp_path, "".join(f"{line}\n" for line in lines).encode()))
    pages, cursor = list[LogView](), ""
    while not pages or not pages[-1].at_end:
        pages.append(read_log(where, LogQuery(mode="range", cursor=cursor, copies=True)))
        cursor = pages[-1].cursor
    assert [text for page in pages for text in texts(page)] == lines
    assert len(pages) == 2
    assert texts(read_log(where, LogQuery(mode="tail", max_lines=1500, copies=True)))[-2:] == lines[-2:]
    few = read_log(where, LogQuery(mode="range"))
    assert len(few.lines) < 300


def test_a_tail_for_a_program_that_copies_has_as_many_lines_as_it_asked_for(tmp_path: Path) -> None:
    where = target(write(tmp_path, b"".join(b"%d %s\n" % (number, b"x" * 90) for number in range(9000))))
    assert len(read_log(where, LogQuery(mode="tail", max_lines=2000, copies=True)).lines) == 2000


def test_a_pipe_in_place_of_the_output_is_no_output_and_keeps_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stdout.log")
    assert open_output(tmp_path, "stdout") is None
