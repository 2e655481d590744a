"""Replacing a text in a score: exactly one place, or a refusal that says what to do."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from podium.conductor.plans.editing import LINE_CHARS, LISTED, edited
from podium.contract.secrets.masks import Masker, Secret
from podium.errors import InvalidArguments

SCORE = "name: demo\nsheets:\n- {name: a, run: make all}\n- {name: b, run: 'make b.*'}\n"
HIDE = Masker([Secret("TOKEN", "s3cr3t-value")])
FEW = st.text("ab\n ", max_size=30)


def edit(text: str, find: str, replace: str = "") -> str:
    return edited(text, find, replace, HIDE, "demo-aaaaa")


def refused(text: str, find: str, replace: str = "") -> InvalidArguments:
    with pytest.raises(InvalidArguments) as caught:
        edit(text, find, replace)
    return caught.value


@given(FEW, st.text("ab\n ", min_size=1, max_size=4), FEW)
def test_an_edit_is_pythons_replace_of_the_only_occurrence(text: str, find: str, replace: str) -> None:
    places = sum(text.startswith(find, at) for at in range(len(text)))
    if places == 1:
        assert edit(text, find, replace) == text.replace(find, replace)
        return
    error = refused(text, find, replace)
    assert error.facts["times"] == places
    assert error.fix


@given(FEW, st.text("ab", min_size=1, max_size=4))
def test_a_refusal_quotes_the_lines_in_which_the_text_begins(text: str, find: str) -> None:
    lines = text.split("\n")
    within = [num for num, line in enumerate(lines, 1) if find in line]
    assume(sum(text.startswith(find, at) for at in range(len(text))) > 1)
    assert refused(text, find).facts["lines"] == [f"{num}: {lines[num - 1]}" for num in within]


@pytest.mark.parametrize(
    ("find", "replace", "told"),
    [
        ("make all", "make", "{name: a, run: make}"),
        ("b.*", "b[0-9]+", "'make b[0-9]+'"),
        ("sheets:\n- {name: a, run: make all}\n", "sheets:\n", "sheets:\n- {name: b"),
        ("'make b.*'}\n", "x}", "run: x}"),
        (", run: make all", "", "{name: a}"),
        ("make all", r"\1 \g<0>", r"run: \1 \g<0>}"),
    ],
)
def test_what_is_given_is_text_whatever_its_signs_and_lines(find: str, replace: str, told: str) -> None:
    assert told in edit(SCORE, find, replace)


def test_a_text_that_is_there_twice_is_refused_with_its_lines() -> None:
    error = refused(SCORE, "make")
    assert error.message == (
        "The text given as find stands 2 times in the score of demo-aaaaa, so it is not clear which one is meant."
    )
    assert error.facts["lines"] == ["3: - {name: a, run: make all}", "4: - {name: b, run: 'make b.*'}"]
    assert 'get_job(job_id="demo-aaaaa", detail="score")' in error.fix


def test_a_refusal_quotes_a_bounded_part_of_a_long_text() -> None:
    text = "".join(f"x{'y' * 500}{num}\n" for num in range(1000))
    error = refused(text, "x")
    assert error.facts["times"] == 1000
    assert len(error.facts["lines"]) == LISTED
    assert all(len(line) <= LINE_CHARS + 10 for line in error.facts["lines"])


def test_a_refusal_shows_neither_secrets_nor_what_cannot_be_seen() -> None:
    text = "a: make s3cr3t-value\nb: make \x1b[31mred\u202e\nc: ok\n"
    assert refused(text, "make").facts["lines"] == ["1: a: make [value of TOKEN]", "2: b: make red"]


def test_where_a_secret_ends_its_line_a_refusal_still_counts_lines_right() -> None:
    hide = Masker([Secret("KEY", "first-line\n")])
    with pytest.raises(InvalidArguments) as caught:
        edited("k: first-line\nmake\nmake\n", "make", "", hide, "x")
    assert caught.value.facts["lines"] == ["2", "3"]


@pytest.mark.parametrize(
    ("text", "find", "hint"),
    [
        (SCORE, "make [value of TOKEN]", "[value of TOKEN] stands for a value that is not shown"),
        ("run: cafe\u0301\n", "caf\u00e9", "NFC"),
        (SCORE, " make all \n", "Without the white space at its ends it stands in line 3"),
        (SCORE, "MAKE ALL", "In line 3 it stands with other capital letters"),
        (SCORE, "nothing like it", "as it stands in the score"),
    ],
)
def test_a_text_that_is_not_there_is_refused_with_what_was_probably_overlooked(text: str, find: str, hint: str) -> None:
    error = refused(text, find)
    assert error.facts["times"] == 0
    assert hint in error.fix


def test_the_mark_of_a_secret_is_not_written_into_a_score() -> None:
    assert "the score would lose the value" in refused(SCORE, "make all", "make [value of TOKEN]").message
    assert "[value of OTHER]" in edit(SCORE, "make all", "make [value of OTHER]")


@pytest.mark.parametrize(
    ("text", "find", "replace", "after"),
    [
        ("a: 1\r\nb: 2\r\n", "1\nb", "2\nc: 3\nb", "a: 2\r\nc: 3\r\nb: 2\r\n"),
        ("a: 1\r\nb: 2\r\n", "1\r\nb", "2\r\nb", "a: 2\r\nb: 2\r\n"),
        ("a: 1\nb: 2\n", "1\r\nb", "2\r\nb", "a: 2\nb: 2\n"),
        ("a: 1\r\nb: 2\n", "1\r\nb", "2\nb", "a: 2\nb: 2\n"),  # mixed: as it is written
    ],
)
def test_lines_end_as_those_of_the_score_do(text: str, find: str, replace: str, after: str) -> None:
    assert edit(text, find, replace) == after
