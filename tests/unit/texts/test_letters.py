"""Which letters count as invisible: everything that Unicode says is, held against all of its characters."""

import sys
import unicodedata
from collections.abc import Iterator

import pytest
import regex

from podium.texts.cleaning import clean_text
from podium.texts.letters import all_visible, is_invisible

IGNORABLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}\p{Cs}\p{Zl}\p{Zp}]")
NOTHING = ("FILLER", "BLANK", "INVISIBLE", "ZERO WIDTH", "NULL NOTEHEAD", "VARIATION SELECTOR")
DRAWN = ("BLANK SYMBOL", "GAP FILLER", "LINE FILLER", "COMBINING")  # signs that are seen


def every_letter() -> Iterator[str]:
    return map(chr, range(sys.maxunicode + 1))


def named_as_nothing(letter: str) -> bool:
    name = unicodedata.name(letter, "")
    return any(word in name for word in NOTHING) and not any(word in name for word in DRAWN)


def test_every_letter_that_unicode_calls_ignorable_or_names_as_nothing_is_invisible() -> None:
    missed = [
        hex(ord(letter))
        for letter in every_letter()
        if letter not in "\t\n" and (IGNORABLE.match(letter) or named_as_nothing(letter)) and not is_invisible(letter)
    ]
    assert not missed


def test_nothing_else_is_invisible() -> None:
    wrong = [
        f"{ord(letter):x} {unicodedata.name(letter, '')}"
        for letter in every_letter()
        if is_invisible(letter) and unicodedata.category(letter)[0] in "LMNPSZ" and not IGNORABLE.match(letter)
    ]
    assert len(wrong) <= 5, wrong  # the blanks of `letters`


def test_what_is_invisible_is_taken_out_of_foreign_text_and_makes_no_name() -> None:
    hidden = "".join(filter(is_invisible, every_letter()))
    assert clean_text(hidden).strip("\n") == ""
    assert not [hex(ord(letter)) for letter in hidden if all_visible(f"a{letter}b")]


@pytest.mark.parametrize("name", ["a b", "größe-1", "日本語", "e\u0301", "Ω·≈", "⠋", "\u3042"])
def test_an_ordinary_name_is_visible(name: str) -> None:
    assert all_visible(name)


@pytest.mark.parametrize("name", ["a\u3164", "\u2800", "a\xa0b", "a\u200bb", "a\nb", "a\U000e0041", "a\ud800"])
def test_a_name_with_a_letter_that_is_not_seen_as_it_is_is_none(name: str) -> None:
    assert not all_visible(name)
