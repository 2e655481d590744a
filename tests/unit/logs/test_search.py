from pathlib import Path

import pytest

from podium.contract.models import LogView
from podium.errors import InvalidArguments
from tests.support.outputs import LogLimits, LogQuery, LogTarget, read_log


def find(
    path: Path, pattern: str, limits: LogLimits | None = None, *, running: bool = False, **query: object
) -> LogView:
    where = LogTarget(path, "demo-abcde", 1, 1, "stderr", running=running)
    return read_log(where, LogQuery(mode="search", pattern=pattern, **query), limits)  # type: ignore[arg-type]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"".join(b"line %d\n" % n for n in range(1, 101)))
    return path


def shown(view: LogView) -> list[tuple[int, bool]]:
    return [(line.number, line.match) for line in view.lines]


def test_matches_come_with_numbers_and_context(log: Path) -> None:
    view = find(log, "line 5$", context_lines=1)
    assert shown(view) == [(4, False), (5, True), (6, False)]
    assert (view.at_end, view.truncated) == (True, False)


def test_overlapping_context_is_shown_once(log: Path) -> None:
    assert shown(find(log, "line (5|7)$", context_lines=2)) == [
        (3, False),
        (4, False),
        (5, True),
        (6, False),
        (7, True),
        (8, False),
        (9, False),
    ]


def test_a_plain_text_is_not_read_as_a_pattern(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes("größe #1 - ok\n".encode())
    assert shown(find(path, "größe #1 - ok")) == [(1, True)]


def test_the_context_owed_to_a_match_is_paid_on_the_next_page(log: Path) -> None:
    view = find(log, "line 5$", context_lines=2, max_lines=4)
    assert shown(view) == [(3, False), (4, False), (5, True), (6, False)]
    rest = find(log, "line 5$", context_lines=2, max_lines=4, cursor=view.cursor)
    assert shown(rest) == [(7, False)]
    assert rest.at_end


def test_a_search_without_a_match_ends_at_the_end_and_can_follow(log: Path) -> None:
    view = find(log, "absent")
    assert (view.lines, view.at_end) == ([], True)
    with log.open("ab") as output:
        output.write(b"absent no more\n")
    assert shown(find(log, "absent", context_lines=1, cursor=view.cursor)) == [(101, True)]


def test_following_keeps_the_lines_before_as_context(log: Path) -> None:
    view = find(log, "absent", context_lines=2)
    with log.open("ab") as output:
        output.write(b"absent no more\n")
    assert shown(find(log, "absent", context_lines=2, cursor=view.cursor)) == [(99, False), (100, False), (101, True)]


def test_a_search_out_of_its_bounds_says_so_and_goes_on_from_its_cursor(log: Path) -> None:
    cursor, calls, found = "", 0, []
    while calls < 100:
        view = find(log, "line 9.$", LogLimits(scan_bytes=100), cursor=cursor)
        calls += 1
        found += shown(view)
        cursor = view.cursor
        if view.at_end:
            break
        assert view.truncated
    assert found == [(number, True) for number in range(90, 100)]
    assert 5 < calls < 20


def test_no_time_is_still_enough_for_one_line_a_call(log: Path) -> None:
    view = find(log, "line 1$", LogLimits(scan_seconds=0.0))
    assert (shown(view), view.at_end) == ([(1, True)], False)


def test_a_pattern_that_never_ends_is_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"ok\n" + b"x" * 5000 + b"\n")
    with pytest.raises(InvalidArguments, match="the line at byte 3"):
        find(path, "(x+x+)+y", LogLimits(match_seconds=0.1, scan_seconds=50))


def test_a_pattern_that_does_not_compile_is_refused(log: Path) -> None:
    with pytest.raises(InvalidArguments, match="not a valid regular expression"):
        find(log, "(")


def test_a_match_deep_in_a_long_line_is_shown_with_its_surroundings(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes("ä".encode() * 10_000 + b" NEEDLE " + b"z" * 10_000 + b"\n")
    for pattern in ("NEEDLE", "NEED?LE"):
        text = find(path, pattern).lines[0].text
        assert "NEEDLE" in text
        assert text.startswith("…[")
        assert text.endswith("bytes more]")
        assert "�" not in text


def test_a_line_end_of_another_system_does_not_hide_the_end_of_the_line(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"done\r\n")
    assert [line.text for line in find(path, "done$").lines] == ["done"]


def test_an_unfinished_line_is_searched_marked_and_searched_again_when_it_has_grown(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"one\nnee")
    view = find(path, "nee", running=True, context_lines=1)
    assert [(line.number, line.text, line.unfinished) for line in view.lines] == [(2, "nee", True)]
    assert (view.at_end, view.unfinished) == (True, True)
    with path.open("ab") as output:
        output.write(b"dle")
    last = find(path, "nee", cursor=view.cursor, context_lines=1)
    assert [(line.number, line.text, line.unfinished) for line in last.lines] == [
        (1, "one", False),
        (2, "needle", False),
    ]


def test_a_full_page_leaves_the_unfinished_match_to_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"needle\nno\nneedle")
    first = find(path, "needle", running=True, max_lines=1, context_lines=1)
    pages = [first]
    while not pages[-1].at_end:
        pages.append(find(path, "needle", running=True, max_lines=1, context_lines=1, cursor=pages[-1].cursor))
    assert [line.text for page in pages for line in page.lines] == ["needle", "no", "needle"]


@pytest.mark.parametrize("pattern", ["^$", "^x*$", "$^"])
def test_lines_that_are_passed_over_together_are_no_empty_line(tmp_path: Path, pattern: str) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"a\nb\nc\nd\n")
    assert find(path, pattern).lines == []


def test_an_expression_that_is_slow_on_a_chunk_is_tried_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"aaaaaaaa\n" * 20_000 + b"z\n")
    patient = LogLimits(scan_seconds=50)  # a busy machine must not end the search before it has found the line
    assert shown(find(path, "[^y]*[^x]*[^w]*[^v]*!|z$", patient)) == [(20_001, True)]


BAR = b"".join(b"\rstep %5d of 20000" % step for step in range(20_000))


def test_a_rewritten_line_is_one_line_with_its_last_state(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"start\n" + BAR * 5 + b"\nend\n")
    view = find(path, "step", LogLimits(line_bytes=100, scan_seconds=50))
    assert [(line.number, line.text) for line in view.lines] == [(2, "step 19999 of 20000")]
    assert (view.truncated, view.unsearched_bytes) == (False, 0)


@pytest.mark.parametrize("pattern", ["step   777", "^step +777 of"])
def test_an_earlier_state_of_a_line_is_found_too_and_marked(tmp_path: Path, pattern: str) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(BAR)
    view = find(path, pattern, LogLimits(scan_seconds=50))
    assert [line.text for line in view.lines] == ["step   777 of 20000…[rewritten later]"]


@pytest.mark.parametrize("pattern", ["NEEDLE", "NEED?LE", "^y+ NEEDLE end$"])
def test_a_line_of_many_mebibytes_is_searched_to_its_end(tmp_path: Path, pattern: str) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"y" * 3_000_000 + b" NEEDLE end\n")
    view = find(path, pattern, LogLimits(scan_seconds=50))
    assert len(view.lines) == 1
    assert view.unsearched_bytes == 0
    assert ("NEEDLE" in view.lines[0].text) == (not pattern.startswith("^"))


def test_what_a_search_leaves_out_of_a_very_long_line_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"y" * 300_000 + b" NEEDLE\nNEEDLE\n")
    view = find(path, "NEEDLE", LogLimits(search_line_bytes=200_000))
    assert ([line.text for line in view.lines], view.unsearched_bytes) == (["NEEDLE"], 100_007)


def test_a_pattern_too_slow_for_a_very_long_line_does_not_end_the_search(tmp_path: Path) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"x" * 1_100_000 + b"\nxy\n")
    view = find(path, "(x+x+)+y", LogLimits(scan_seconds=0.2))
    rest = find(path, "(x+x+)+y", LogLimits(scan_seconds=50), cursor=view.cursor)
    assert view.unsearched_bytes == 1_100_000
    assert [line.text for line in (*view.lines, *rest.lines)] == []
    assert rest.at_end


@pytest.mark.parametrize("pattern", ["^error: disk full$", "error: disk"])
def test_colours_and_backspaces_do_not_hide_what_is_seen(tmp_path: Path, pattern: str) -> None:
    path = tmp_path / "stderr.log"
    path.write_bytes(b"ok\n\x1b[1;31merror\x1b[0m: d\bdisk ful|\bl\n" * 2)
    assert shown(find(path, pattern)) == [(2, True), (4, True)]
