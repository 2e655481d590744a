"""Widths of texts, texts that are cut and wrapped, and tables that fit."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.cli.terminal.tables import Column, facts, table
from podium.texts.cleaning import clean_text
from podium.texts.widths import cut_end, cut_middle, folded, padded, width, wrapped
from tests.support.screens import Screen

LETTERS = "ab é é e\u0301 測試 빌드 \u1112\u1161\u11ab 🎉 ключ اختبار \uff46\uff55 …✓■•○"
TEXTS = st.text(st.sampled_from(LETTERS), max_size=40)


def lines(columns: list[Column], rows: list[list[str]], total: int | None) -> list[str]:
    made = table(columns, [[(cell, "") for cell in row] for row in rows], total)
    return ["".join(text for text, _ in pieces) for pieces in made]


@pytest.mark.parametrize("letter", sorted(set(LETTERS) - {"\u0301", "\u1161", "\u11ab"}))
def test_a_letter_is_as_wide_as_a_terminal_draws_it(letter: str) -> None:
    assert Screen(20, 2, f"{letter}|".encode()).lines[0].index("|") + (width(letter) - len(letter)) == width(letter)
    assert Screen(width(letter), 3, f"{letter}|".encode()).lines == ([letter, "|"] if letter != " " else ["", "|"])


@given(TEXTS, st.integers(1, 30))
def test_a_text_that_is_cut_fits_and_one_that_fits_is_not_cut(text: str, columns: int) -> None:
    for cut in (cut_end, cut_middle):
        made = cut(text, columns)
        assert width(made) <= columns
        assert (made == text) == (width(text) <= columns)
        assert not unicodedata.combining((made or " ")[0]) or unicodedata.combining(text[0])


@given(TEXTS, st.integers(2, 30))
def test_a_text_that_is_folded_loses_nothing(text: str, columns: int) -> None:
    pieces = list(folded(text, columns))
    assert "".join(pieces) == text
    assert all(width(piece) <= columns for piece in pieces)


def test_a_name_keeps_its_beginning_and_its_end() -> None:
    assert cut_middle("train-the-large-model", 11) == "train…model"
    assert cut_middle("測試測試測試", 8) == "測試…試"
    assert cut_end("a long reason", 7) == "a long…"
    assert (padded("試", 4), cut_middle("abc", 1)) == ("試  ", "…")


def test_texts_are_wrapped_between_words_and_a_long_word_stays_whole() -> None:
    assert list(wrapped("a bc  def ghij", 7, indent=2)) == ["  a bc", "  def", "  ghij"]
    assert list(wrapped("see /a/very/long/path now", 8)) == ["see", "/a/very/long/path", "now"]
    assert list(wrapped("as long as it takes " * 9, None)) == [("as long as it takes " * 9).strip()]


COLUMNS = [Column("JOB"), Column("NAME", least=6, drop=1), Column("AGE", drop=2), Column("WHAT")]
ROWS = [["nightly-x5rqa", "a name that is long", "2 min ago", "why it does not run, in many words"], ["b", "", "", ""]]


def test_a_pipe_gets_every_letter() -> None:
    assert lines(COLUMNS, ROWS, None) == [
        "JOB            NAME                 AGE        WHAT",
        "nightly-x5rqa  a name that is long  2 min ago  why it does not run, in many words",
        "b",
    ]


@pytest.mark.parametrize(
    ("total", "first"),
    [
        (81, "nightly-x5rqa  a name that is long  2 min ago  why it does not run, in many words"),
        (76, "nightly-x5rqa  a name …s long  2 min ago  why it does not run, in many words"),
        (50, "nightly-x5rqa  a n…ng  why it does not run, in ma…"),
        (43, "nightly-x5rqa  why it does not run, in man…"),
        (20, "nightly-x5rqa  why …"),
        (18, "nightly-x5rqa"),
        (9, "nightly-x5rqa"),
    ],
)
def test_what_goes_first_is_what_matters_least_and_never_an_id(total: int, first: str) -> None:
    made = lines(COLUMNS, ROWS, total)
    assert made[1] == first
    assert total < 16 or all(width(each) <= total for each in made)


def test_a_column_without_a_text_is_left_out_and_wide_letters_are_lined_up() -> None:
    made = lines([Column("A"), Column("B"), Column("C")], [["測試", "", "x"], ["é", "", "y"]], 40)
    assert made == ["A     C", "測試  x", "é     y"]


def test_what_others_wrote_begins_no_line_and_moves_nothing() -> None:
    made = lines([Column("A"), Column("B")], [["a\nb", "\x1b[31mc\td\x1b[0m"]], 40)
    assert made == ["A    B", "a b  c d"]


def test_facts_that_are_known_are_lined_up_and_wrapped_below_themselves() -> None:
    made = [
        "".join(text for text, _ in each) for each in facts([("a", "b c " * 4), ("long", "/x/y/z/w"), ("none", "")], 14)
    ]
    assert made == ["  a     b c b", "        c b c", "        b c", "  long  /x/y/z/w"]


def test_the_letters_of_these_tests_are_what_remains_after_cleaning() -> None:
    assert clean_text(LETTERS) == LETTERS
