"""From two texts to edits that lead from the one to the other, around what only stands for a secret."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.cli.commands.edit.difference import STAND_IN, edits_of
from podium.errors import InvalidArguments

SECRET = "[value of TOKEN]"
LINES = st.lists(
    st.sampled_from(["a: 1", "  b: two", "", f"t: {SECRET}", f"u: {SECRET} x", "a: 1 1", "- c"]), max_size=8
)


def made(text: str, edits: list[tuple[str, str]]) -> str:
    """Make edits as a conductor does: each find stands there once, and holds no stand-in."""
    for find, replace in edits:
        assert len(re.findall(f"(?={re.escape(find)})", text)) == 1, find
        assert not STAND_IN.search(find + replace)
        text = text.replace(find, replace)
    return text


@given(LINES, LINES)
def test_edits_lead_from_the_one_text_to_the_other_or_are_refused(old: list[str], new: list[str]) -> None:
    shown, saved = "\n".join(["name: x", *old]), "\n".join(["name: x", *new])
    try:
        edits = edits_of(shown, saved)
    except InvalidArguments:
        assert SECRET in shown + saved
        return
    assert made(shown, edits) == saved


def test_a_change_beside_a_secret_in_its_line_is_one_edit() -> None:
    shown = f"one: 1\nrun: call {SECRET} slow\ntwo: 2"
    edits = edits_of(shown, shown.replace("slow", "quick").replace("call", "ask"))
    assert made(shown, edits) == f"one: 1\nrun: ask {SECRET} quick\ntwo: 2"


def test_lines_that_stand_there_often_are_told_apart_by_what_is_around_them() -> None:
    shown = "\n".join(f"- name: s{number}\n  run: make" for number in range(50))
    lines = shown.split("\n")
    lines[51] = "  run: make test"
    assert len(edits := edits_of(shown, "\n".join(lines))) == 1
    assert made(shown, edits) == "\n".join(lines)


def test_a_change_between_secrets_in_a_text_that_is_not_there_once_is_refused() -> None:
    shown = f"{SECRET}\nx\n{SECRET}\nx\n{SECRET}"
    with pytest.raises(InvalidArguments, match="line 2 stands between values that are not shown"):
        edits_of(shown, shown.replace("x", "y", 1))


def test_more_edits_than_a_call_takes_are_refused() -> None:
    shown = "\n".join(f"k{number}: {number}\nsame: 1" for number in range(205))
    with pytest.raises(InvalidArguments, match="205 places, more than 200"):
        edits_of(shown, re.sub(r"k(\d+): \d+", r"k\1: x", shown))
