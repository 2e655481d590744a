"""Text of jobs cannot colour, hide, reorder or smuggle anything; what can be seen stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.texts.cleaning import clean_text, every_text


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[1;38;2;1;2;3mx\x1b[K", "x"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0;2;0\x1b\\after", "after"),
        ("\x1b(Btext\x1b7", "text"),
        ("10%\r50%\r100%\r\n", "10%\n50%\n100%\n"),
        ("bell\x07 nul\x00 del\x7f back\x08", "bell nul del back"),
        ("abc\u202edef\u202c", "abcdef"),
        ("\u2066iso\u2069", "iso"),
        ("zero\u200bwidth\u200d\u2060\ufeff", "zerowidth"),
        ("tag" + "".join(chr(0xE0000 + ord(letter)) for letter in "ignore"), "tag"),
        ("vs\ufe0f\U000e0101", "vs"),
        ("soft\u00adhyphen\u3164", "softhyphen"),
        ("line\u2028para\u2029", "linepara"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("cut \x1b[", "cut "),
        ("a\x1bXall that follows\nis here", "aall that follows\nis here"),
        ("a\x1b]0;title\nb\x07c", "a0;title\nbc"),
        ("a\x1bPb\x1b[31mc\nd", "abc\nd"),
        ("a\x1b^" + "b" * 100_000 + "\x07", "a" + "b" * 100_000),
        ("\u2800\u3164 \U00013441\U00016fe4\U0001d159", " "),
    ],
)
def test_what_cannot_be_seen_is_removed(dirty: str, expected: str) -> None:
    assert clean_text(dirty) == expected


@pytest.mark.parametrize("introducer", ["\x1bX", "\x1b]", "\x1bP", "\x1b^", "\x1b_", "\x1b]8;;", "\x1b["])
def test_a_sequence_that_does_not_end_hides_nothing_that_follows(introducer: str) -> None:
    assert clean_text(f"before {introducer}\nan error\n").endswith("\nan error\n")
    assert "ll of the rest" in clean_text(f"before {introducer}all of the rest")


@pytest.mark.parametrize(
    "text", ["plain\ttext\n", "Grüße, 日本語, שלום, مرحبا", "👍 ✓ ─ │ ⠋", "\u3000\xa0", "e\u0301", "\ue0b0"]
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert clean_text(text) == text


@given(st.text())
def test_no_text_keeps_control_or_format_characters(text: str) -> None:
    cleaned = clean_text(text)
    assert not {unicodedata.category(letter) for letter in cleaned if letter not in "\t\n"} & {"Cc", "Cf", "Cs"}
    cleaned.encode()


@given(st.text(alphabet="\x1b\x9b[]();?0123456789mKPX^_\\\x07ab\r\n"))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


def test_texts_inside_lists_and_members_are_cleaned() -> None:
    dirty = {"a\u200b": ["\x1b[1mx", {"b": "\x00y"}], "n": 1, "none": None, "t": ("\x07",)}
    assert every_text(dirty, clean_text) == {
        "a": ["x", {"b": "y"}],
        "n": 1,
        "none": None,
        "t": [""],
    }
