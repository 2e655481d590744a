"""No part of a secret is shown of an output, wherever a page, a search, a cursor or the writer cuts it; cursors do not change."""

from pathlib import Path

import pytest

from podium.contract.models import LogView
from podium.contract.secrets.masks import Masker, redactor, secrets_in
from podium.logs.cursor import Cursor, seal_of
from podium.logs.shown import spans_in
from podium.texts.cleaning import clean_text
from tests.support.outputs import LogLimits, LogQuery, LogTarget, read_log

SECRET = "abcdefgh-0123456789-STUVWXYZ"
MASKER = Masker(secrets_in({"A_TOKEN": SECRET}))
LABEL = "[value of A_TOKEN]"


def target(path: Path, *, running: bool = False) -> LogTarget:
    return LogTarget(path, "demo-abcde", 1, 1, "stdout", running=running)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "stdout.log"
    path.write_bytes(content)
    return path


def shown(view: LogView) -> str:
    return "\n".join(line.text for line in view.lines)


def leaks(text: str) -> bool:
    """Return whether four characters in a row of the secret are in a text."""
    return any(SECRET[at : at + 4] in text for at in range(len(SECRET) - 3))


@pytest.mark.parametrize("mode", ["tail", "range", "search"])
def test_a_secret_is_replaced_in_every_mode_and_the_cursor_is_that_of_the_file(tmp_path: Path, mode: str) -> None:
    path = written(tmp_path, f"one\nkey={SECRET}!\nthree\n".encode())
    query = LogQuery(mode=mode, pattern="key" if mode == "search" else "", context_lines=1)  # type: ignore[arg-type]
    view, plain = read_log(target(path), query, None, MASKER), read_log(target(path), query)
    assert shown(view) == f"one\nkey={LABEL}!\nthree"
    assert (view.cursor, view.at_end, [line.number for line in view.lines]) == (
        plain.cursor,
        plain.at_end,
        [line.number for line in plain.lines],
    )


def test_a_secret_that_the_limit_of_a_line_cuts_is_replaced_at_every_place(tmp_path: Path) -> None:
    for before in range(30, 75):
        path = written(tmp_path, b"x" * before + SECRET.encode() + b"y" * 100 + b"\n")
        text = shown(read_log(target(path), LogQuery(mode="range"), LogLimits(line_bytes=70), MASKER))
        assert not leaks(text), before
        assert (LABEL in text) == (before < 70)


def test_a_secret_beside_a_match_in_a_long_line_is_replaced_at_every_place(tmp_path: Path) -> None:
    for distance in range(90):
        content = (
            b"x" * 200 + SECRET.encode() + b"z" * distance + b"MATCH" + b"y" * distance + SECRET.encode() + b"x" * 200
        )
        path = written(tmp_path, content + b"\n")
        for pattern in ("MATCH", "MATC[H]", "0123[4]", "STUV"):
            query = LogQuery(mode="search", pattern=pattern)
            text = shown(read_log(target(path), query, LogLimits(line_bytes=80), MASKER))
            assert not leaks(text), (distance, pattern)


def test_the_end_of_a_line_whose_beginning_is_too_far_back_begins_in_no_secret(tmp_path: Path) -> None:
    limits = LogLimits(line_bytes=64, tail_bytes=1024)
    for after in range(30, 75):
        path = written(tmp_path, b"x" * 4000 + SECRET.encode() + b"y" * after)
        assert not leaks(shown(read_log(target(path), LogQuery(mode="tail"), limits, MASKER))), after


def test_a_cursor_in_the_middle_of_a_secret_shows_no_rest_of_it(tmp_path: Path) -> None:
    path = written(tmp_path, f"line one\nkey={SECRET}! and more\nlast\n".encode())
    seal = seal_of("demo-abcde", 1, 1, "stdout")
    for mode, pattern in (("range", ""), ("search", "more")):
        for offset in range(9, 13 + len(SECRET) + 1):
            query = LogQuery(mode=mode, pattern=pattern, cursor=Cursor(offset, 2).encode(seal))  # type: ignore[arg-type]
            assert not leaks(shown(read_log(target(path), query, None, MASKER))), (mode, offset)


def test_pages_of_one_line_each_show_no_part_of_a_key_of_several_lines(tmp_path: Path) -> None:
    key = "-----BEGIN KEY-----\nAAAAB3NzaC1yc2EAAAADAQAB\nBBBB4OzbD2zd3FBBBBERBC\n-----END KEY-----"
    path, cursor, found = written(tmp_path, f"begin\n{key}\nend\n".encode()), "", list[str]()
    for _ in range(6):
        query = LogQuery(mode="range", max_lines=1, cursor=cursor)
        view = read_log(target(path), query, None, Masker(secrets_in({"DEPLOY_KEY": key})))
        cursor, found = view.cursor, found + [line.text for line in view.lines]
    hidden = "[value of DEPLOY_KEY]"
    assert found == ["begin", "-----BEGIN KEY-----", hidden, hidden, "-----END KEY-----", "end"]


def test_a_secret_of_which_only_the_beginning_is_written_yet_is_replaced(tmp_path: Path) -> None:
    for size in range(5, len(SECRET)):
        path = written(tmp_path, f"one\nkey={SECRET[:size]}".encode())
        view = read_log(target(path, running=True), LogQuery(mode="tail"), None, MASKER)
        assert shown(view) == f"one\nkey={LABEL}", size


def test_what_is_left_of_a_secret_beside_a_gap_of_a_log_is_replaced(tmp_path: Path) -> None:
    path, block = tmp_path / "stdout.log", 64 * 1024
    with path.open("wb") as output:
        output.write(b"x" * (block - 8) + SECRET[:8].encode())
        output.truncate(4 * block)
        output.seek(4 * block)
        output.write(SECRET[8:].encode() + b" the rest\n")
    assert path.stat().st_blocks * 512 < 4 * block, "the file system keeps no gaps"
    text = shown(read_log(target(path), LogQuery(mode="tail"), None, MASKER))
    assert not leaks(text)
    assert text.endswith(f"{LABEL} the rest")


def test_a_line_of_many_letters_that_are_no_ascii_is_cut_between_letters_as_before(tmp_path: Path) -> None:
    path = written(tmp_path, ("é" * 60 + SECRET + "ü" * 60).encode() + b"\n")
    for limit in range(100, 180):
        text = shown(read_log(target(path), LogQuery(mode="range"), LogLimits(line_bytes=limit), MASKER))
        assert not leaks(text)
        assert "\ufffd" not in text


@pytest.mark.parametrize("mode", ["tail", "range", "search"])
def test_a_secret_is_replaced_though_a_program_colours_rewrites_or_corrects_a_part_of_it(
    tmp_path: Path, mode: str
) -> None:
    coloured = f"{SECRET[:9]}\x1b[01;31m\x1b[K{SECRET[9:14]}\x1b[m\x1b[K{SECRET[14:]}"
    corrected = f"{SECRET[:9]}xy\b\b{SECRET[9:]}"
    path = written(tmp_path, f"key {coloured}.\nkey {corrected}.\nkey 10 %\rkey {SECRET}\r\n".encode())
    query = LogQuery(mode=mode, pattern="key" if mode == "search" else "")  # type: ignore[arg-type]
    assert shown(read_log(target(path), query, None, MASKER)) == f"key {LABEL}.\nkey {LABEL}.\nkey {LABEL}"


@pytest.mark.parametrize(
    "between",
    ["\u200b", "\u3164", "\u202e", "\x00", "\x07", "\x7f", "\x85", "\x1b]", "\x1bP", "\x9b31m", "\U000e0041\x00"],
)
def test_a_secret_is_replaced_though_letters_that_cleaning_takes_away_stand_in_it(tmp_path: Path, between: str) -> None:
    parted = f"{SECRET[:9]}{between}{SECRET[9:]}"
    everywhere = "".join(f"{each}\0" for each in SECRET)  # as UTF-16 without its mark looks
    path = written(tmp_path, f"key {parted}.\nkey {everywhere}.\n".encode())
    text = clean_text(shown(read_log(target(path), LogQuery(mode="tail"), None, MASKER)))
    assert text == f"key {LABEL}.\nkey {LABEL}."


@pytest.mark.parametrize("written_as", [f"{SECRET[:5]}x\b{SECRET[5:]}", "".join(f"{each}\b{each}" for each in SECRET)])
def test_a_secret_in_a_file_is_found_though_letters_are_printed_over_others(written_as: str) -> None:
    (found,) = spans_in(f"key {written_as}.".encode(), MASKER)
    assert (found.start in {4, 6}, found.end) == (
        True,
        4 + len(written_as),
    )  # what was taken back first stands before it


def test_the_cut_in_the_middle_of_a_long_line_of_a_tail_shows_no_part_of_a_secret(tmp_path: Path) -> None:
    limits = LogLimits(line_bytes=80)
    for before in range(75):
        secret = SECRET.encode()
        content = b"x" * before + secret + b"y" * 500 + secret + b"z" * before
        assert not leaks(
            shown(read_log(target(written(tmp_path, content + b"\n")), LogQuery(mode="tail"), limits, MASKER))
        )


def test_a_log_without_secrets_is_shown_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, b"abcd 0123 STUV\n")
    assert shown(read_log(target(path), LogQuery(mode="range"), None, MASKER)) == "abcd 0123 STUV"
    assert redactor({"HOME": "/root"})("abcd") == "abcd"


@pytest.mark.parametrize("pattern", ["key=abcd", "key=[a-b]", "abcdefgh-0", r"key=(abcd.*|zzz)$"])
def test_a_search_does_not_tell_what_a_secret_begins_with(tmp_path: Path, pattern: str) -> None:
    path = written(tmp_path, f"one\nkey={SECRET}\nthree\n".encode())
    assert not read_log(target(path), LogQuery("search", pattern), None, MASKER).lines


@pytest.mark.parametrize("guess", ["abcd.*", "zzz"])
def test_a_search_finds_the_line_of_a_secret_by_what_is_shown_of_it(tmp_path: Path, guess: str) -> None:
    path = written(tmp_path, b"one\n" * 9 + f"key={SECRET}\n".encode() + b"two\n" * 9)
    view = read_log(target(path), LogQuery("search", rf"^key=({guess}|\[value of.*)$"), None, MASKER)
    assert shown(view) == f"key={LABEL}"
