"""Looking for the next matching line of a growing output: none is missed, none comes twice."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.contract.models import LogLine
from podium.contract.secrets.masks import Masker, secrets_in
from podium.errors import InvalidArguments
from podium.logs.read import NO_SECRETS
from podium.logs.watch import LIMITS, OVERLAP_BYTES, WINDOW_BYTES, Place, Seen, watch
from podium.reader.match import matcher_for


class Output:
    """A file that grows, and a watch that goes on from look to look."""

    def __init__(self, path: Path, pattern: str, masker: Masker = NO_SECRETS) -> None:
        self.path, self.matcher, self.masker = path, matcher_for(pattern, LIMITS), masker
        self.place = Place()
        path.touch()

    def write(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def look(self, *, running: bool = True, quiet: bool = False) -> Seen:
        fd = os.open(self.path, os.O_RDONLY)
        try:
            size = self.path.stat().st_size if quiet else -1
            seen = watch(fd, self.place, matcher=self.matcher, masker=self.masker, running=running, quiet_size=size)
        finally:
            os.close(fd)
        self.place = seen.place
        return seen

    def all(self, *, running: bool = True, quiet: bool = False) -> list[LogLine]:
        """Look until nothing is left."""
        found = []
        while True:
            seen = self.look(running=running, quiet=quiet)
            found += [seen.found] if seen.found else []
            if not seen.behind:
                return found


def texts(found: list[LogLine]) -> list[str]:
    return [line.text for line in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_each_matching_line_comes_once_with_its_number(folder: Path) -> None:
    output = Output(folder / "out", "ready")
    output.write(b"starting\nready one\nready two\nother\n")
    assert [(line.number, line.text) for line in output.all()] == [(2, "ready one"), (3, "ready two")]
    output.write(b"ready three\n")
    assert [(line.number, line.text) for line in output.all()] == [(5, "ready three")]


def test_a_prompt_without_a_newline_counts_when_the_output_is_quiet_and_is_not_told_again(folder: Path) -> None:
    output = Output(folder / "out", "listening on 80$|listening")
    output.write(b"listening on 80")
    fresh = output.look()
    assert (fresh.found, fresh.open_rest) == (None, True)
    (prompt,) = output.all(quiet=True)
    assert (prompt.text, prompt.unfinished) == ("listening on 80", True)
    output.write(b"80, listening\nlistening again\n")
    assert texts(output.all(quiet=True)) == ["listening again"]


def test_half_a_line_does_not_match_where_the_whole_line_does_not(folder: Path) -> None:
    output = Output(folder / "out", "step 10$")
    output.write(b"step 10")
    assert output.all() == []
    output.write(b"0\nstep 10\n")
    assert texts(output.all()) == ["step 10"]


def test_the_last_line_of_an_ended_attempt_needs_no_newline(folder: Path) -> None:
    output = Output(folder / "out", "done")
    output.write(b"done")
    (line,) = output.all(running=False)
    assert (line.text, line.unfinished) == ("done", False)
    assert output.all(running=False) == []


def test_a_progress_bar_is_told_as_it_was_shown_when_it_matched(folder: Path) -> None:
    output = Output(folder / "out", "[5-9]0%")
    output.write(b"10%\r20%\r50%\r51%")
    (line,) = output.all()
    assert line.text == "50%…[rewritten later]"
    output.write(b"\r60%")
    assert output.all() == []  # it may become 600%
    assert texts(output.all(quiet=True)) == ["60%"]
    output.write(b"\r70%\r100%\n")
    assert texts(output.all()) == ["70%…[rewritten later]"]


def test_the_line_ends_of_another_system_do_not_tell_a_prompt_twice(folder: Path) -> None:
    output = Output(folder / "out", "ready")
    output.write(b"ready")
    assert len(output.all(quiet=True)) == 1
    output.write(b"\r")
    assert output.all(quiet=True) == []
    output.write(b"\nready\r\n")
    assert texts(output.all()) == ["ready"]


def test_a_match_at_any_place_of_a_line_without_end_is_found_once(folder: Path) -> None:
    output = Output(folder / "out", "needle")
    for _ in range(5):
        output.write(b"x" * WINDOW_BYTES)
        assert output.all() == []
    output.write(b"needle" + b"y" * (2 * OVERLAP_BYTES))
    (line,) = output.all()
    assert "needle" in line.text
    assert len(line.text) < 2 * LIMITS.line_bytes
    output.write(b"needle" * 100 + b"\nneedle\n")
    assert texts(output.all()) == ["needle"]
    assert output.place.line == 3


def test_what_crosses_two_windows_is_found(folder: Path) -> None:
    output = Output(folder / "out", "needle")
    output.write(b"x" * (WINDOW_BYTES - 3) + b"needle" + b"x" * WINDOW_BYTES + b"\n")
    output.write(b"short\n" * 200_000 + b"a needle\n")
    assert [line.number for line in output.all()] == [1, 200_002]


def test_a_character_that_a_window_cuts_is_whole(folder: Path) -> None:
    output = Output(folder / "out", "größer 7$")
    output.write(b"a" * (WINDOW_BYTES - 4) + b"\n" + "größer 7\n".encode())
    assert texts(output.all()) == ["größer 7"]


def test_a_gap_in_the_middle_is_passed_by(folder: Path) -> None:
    output = Output(folder / "out", "ready")
    output.write(b"ready 1\n")
    assert len(output.all()) == 1
    with output.path.open("r+b") as file:
        file.seek(4 * WINDOW_BYTES)
        file.write(b"ready 2\n")
    assert [(line.number, line.text) for line in output.all()] == [(0, "ready 2")]


def test_bytes_that_were_gone_before_they_were_searched_are_counted_once(folder: Path) -> None:
    output = Output(folder / "out", "never there")
    output.write(b"first\n")
    unsearched = output.look().unsearched
    with output.path.open("r+b") as file:
        file.seek(4 * WINDOW_BYTES)
        file.write(b"last\n")
    seen = output.look()
    unsearched += seen.unsearched
    while seen.behind:
        seen = output.look()
        unsearched += seen.unsearched
    assert unsearched == 4 * WINDOW_BYTES - 4096  # the first line's block is there
    assert output.look().unsearched == 0


def test_an_output_that_was_emptied_is_read_from_its_beginning(folder: Path) -> None:
    output = Output(folder / "out", "ready")
    output.write(b"something long\nready 1\n")
    assert len(output.all()) == 1
    os.truncate(output.path, 0)
    output.write(b"ready 2\n")
    assert [(line.number, line.text) for line in output.all()] == [(1, "ready 2")]


def test_binary_output_is_no_trouble(folder: Path) -> None:
    output = Output(folder / "out", "ready")
    output.write(bytes(range(256)) * 1000 + b"\nready\n" + b"\0" * 100)
    assert texts(output.all())[-1] == "ready"


def test_a_pattern_that_is_too_slow_on_a_line_is_refused(folder: Path) -> None:
    output = Output(folder / "out", "(a|aa)+$")
    output.write(b"a" * 300 + b"!\n")
    with pytest.raises(InvalidArguments, match="took longer"):
        output.all()


SECRET = "abcdefgh-0123456789-STUVWXYZ"
MASKER = Masker(secrets_in({"A_TOKEN": SECRET}))


def test_a_pattern_does_not_tell_what_a_secret_begins_with(folder: Path) -> None:
    for number, pattern in enumerate(["abcdefgh-0", "key=(abc|x)", r"key=(abc.*|x)", "^key=abc", r"key=\w+-\d"]):
        output = Output(folder / str(number), pattern, MASKER)
        output.write(f"key={SECRET}\nother\n".encode())
        assert output.all() == []
        output.write(f"key={SECRET[:12]}".encode())
        assert output.all(quiet=True) == []


def test_what_is_found_beside_a_secret_is_shown_without_it_whether_or_not_the_pattern_guesses_it(folder: Path) -> None:
    for number, guess in enumerate(["abc.*", "xyz.*"]):
        output = Output(folder / str(number), rf"^key=({guess}|\[value of.*)$", MASKER)
        output.write(b"other\n" * 10 + f"key={SECRET}\n".encode() + b"other\n" * 10)
        assert texts(output.all()) == ["key=[value of A_TOKEN]"]


@contextmanager
def scratch(tmp: Path) -> Iterator[Path]:
    path = tmp / "out"
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


LINES = st.lists(st.sampled_from(["hit", "a hit in it", "other", "", "ö hit ü", "h", "it"]), max_size=20)


@given(written=LINES, cuts=st.lists(st.integers(1, 12), max_size=60), looks=st.lists(st.booleans(), max_size=60))
def test_every_matching_line_comes_exactly_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, written: list[str], cuts: list[int], looks: list[bool]
) -> None:
    data = "".join(f"{text}\n" for text in written).encode()
    expected = [(number, text) for number, text in enumerate(written, 1) if "hit" in text]
    with scratch(tmp_path_factory.getbasetemp()) as path:
        output, found, at = Output(path, "h[i]t"), list[LogLine](), 0
        for cut, is_look in zip(cuts, looks, strict=False):
            output.write(data[at : at + cut])
            at += cut
            if is_look:
                found += output.all()
        output.write(data[at:])
        found += output.all()
        found += output.all(running=False)
    assert [(line.number, line.text) for line in found] == expected


@given(written=LINES, cuts=st.lists(st.integers(1, 12), max_size=60))
def test_no_line_comes_twice_where_every_look_takes_unfinished_ones(
    tmp_path_factory: pytest.TempPathFactory, written: list[str], cuts: list[int]
) -> None:
    data = "".join(f"{text}\n" for text in written).encode()
    expected = [number for number, text in enumerate(written, 1) if "hit" in text]
    with scratch(tmp_path_factory.getbasetemp()) as path:
        output, found, at = Output(path, "hit"), list[LogLine](), 0
        for cut in cuts:
            output.write(data[at : at + cut])
            at += cut
            found += output.all(quiet=True)
        output.write(data[at:])
        found += output.all(running=False)
    assert [line.number for line in found] == expected
