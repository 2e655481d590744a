"""Pages of a score: whole lines, bounded, and without secrets however they are cut."""

import pytest

from podium.contract.secrets.masks import Masker, Secret
from podium.texts.score_text import COMMAND_CHARS, LINE_CHARS, PAGE_CHARS, command_of, looks_like_score, page_of

SECRET = "s3cr3t-value-of-a-token"
MASKER = Masker([Secret("NAME", SECRET)])


def test_pages_follow_each_other_and_together_are_the_text() -> None:
    text = "".join(f"line {number}\n" for number in range(1, 3001))
    lines, first = list[str](), 1
    while len(lines) < 3000:
        page = page_of(text, first=first, most=700, masker=Masker())
        assert (page.first_line, page.lines_total) == (first, 3000)
        lines += page.lines
        first += len(page.lines)
    assert lines == text.splitlines()
    assert page_of(text, first=3001, most=700, masker=Masker()).lines == []


def test_a_long_line_is_cut_with_a_mark_and_a_page_has_a_bound() -> None:
    page = page_of("x" * 900_000, first=1, most=10, masker=Masker())
    assert page.lines == ["x" * LINE_CHARS + f"…[{900_000 - LINE_CHARS} more characters]"]
    many = page_of(("y" * 1000 + "\n") * 1000, first=1, most=1000, masker=Masker())
    assert len(many.lines) == PAGE_CHARS // 1000


@pytest.mark.parametrize("before", range(LINE_CHARS - len(SECRET) - 1, LINE_CHARS + 1))
def test_no_edge_of_a_line_or_a_page_tells_a_part_of_a_secret(before: int) -> None:
    text = "#" * before + SECRET + "\n" + SECRET
    first = page_of(text, first=1, most=1, masker=MASKER)
    shown = first.lines + page_of(text, first=2, most=1, masker=MASKER).lines
    assert "s3cr" not in "".join(shown)


def test_letters_that_nobody_sees_hide_no_secret_and_move_no_line() -> None:
    text = f"a\u2028b\x85c\n{SECRET[:5]}\u200b{SECRET[5:]}\x1b[31m\u202e"
    assert page_of(text, first=1, most=9, masker=MASKER).lines == ["a", "b", "c", "[value of NAME]"]


def test_a_command_is_one_line_without_secrets() -> None:
    assert command_of("\n  make\n\n  make test\n", Masker()) == "make ⏎ make test"
    shown = command_of("#" * (COMMAND_CHARS - 5) + f" {SECRET}", MASKER)
    assert "s3cr" not in shown
    assert shown.endswith("…")


@pytest.mark.parametrize(
    "text", ["name: x\nsheets:\n- {", "sheet :\n ]", '{"name": "x", "sheets": [', "{name: x, sheets: ["]
)
def test_a_broken_score_is_known_by_the_key_of_its_sheets(text: str) -> None:
    assert looks_like_score(text)


@pytest.mark.parametrize("text", ["", "root:x:0:0:", "-----BEGIN KEY-----\nabc", "a:\n  sheets: 1\n ]", "my sheets: ["])
def test_other_texts_are_not(text: str) -> None:
    assert not looks_like_score(text)


def test_a_program_that_copies_a_text_gets_its_lines_whole_in_few_pages() -> None:
    text = ("y" * 2000 + "\n") * 1000
    pages = [page_of(text, first=first, most=10, masker=MASKER, copies=True) for first in (1, 526)]
    assert "".join(f"{line}\n" for page in pages for line in page.lines) == text
