"""Replacing a text in a score: exactly one place, or a refusal that says what to do."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from podium.contract.secrets.masks import Masker, Secret
from podium.errors import InvalidArguments
from podium.reader.editing import COUNTED, LINE_CHARS, LISTED, edited

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
        "The text given as find occurs 2 times in the score of demo-aaaaa, so it is not clear which one is meant."
    )
    assert error.facts["lines"] == ["3: - {name: a, run: make all}", "4: - {name: b, run: 'make b.*'}"]
    assert 'get_job(job_id="demo-aaaaa", detail="score")' in error.fix


def test_a_refusal_quotes_a_bounded_part_of_a_long_text() -> None:
    text = "".join(f"x{'y' * 500}{num}\n" for num in range(COUNTED + 5))
    error = refused(text, "x")
    assert f"stands {COUNTED} times or more" in error.message
    assert error.facts["times"] == COUNTED
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
        ("run: make\u202e all\n", "make all", "letters within that cannot be seen"),
        ("run: cafe\u0301\n", "caf\u00e9", "NFC"),
        (SCORE, " make all \n", "Without the white space at its ends it occurs in line 3"),
        (SCORE, "MAKE ALL", "In line 3 it occurs with different capital letters"),
        (SCORE, "nothing like it", "Copy a text from the score exactly"),
    ],
)
def test_a_text_that_is_not_there_is_refused_with_what_was_probably_overlooked(text: str, find: str, hint: str) -> None:
    error = refused(text, find)
    assert error.facts["times"] == 0
    assert hint in error.fix


def test_a_secret_that_the_score_names_is_neither_shown_nor_taken_apart() -> None:
    text = "a: mysql --password pw-77 x\nb: x https://me:told99@host/\n"
    assert refused(text, "x").facts["lines"] == [
        "1: a: mysql --password [value of password] x", "2: b: x https://me:[value of a password]@host/",
    ]  # fmt: skip
    for part in ("--password p", "77 x", "told"):
        assert refused(text, part).facts["times"] == 0
    assert edit(text, "--password pw-77", "--quiet") == text.replace("--password pw-77", "--quiet")
    assert "the score would lose" in refused(text, "mysql", "mysql --password [value of password]").message


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028"])
def test_lines_are_counted_as_pages_of_the_score_count_them(end: str) -> None:
    assert refused(f"a: 1{end}b: 1{end}", "1").facts["lines"] == ["1: a: 1", "2: b: 1"]


@pytest.mark.parametrize("before", ["a: ", "\u00e9\u20ac\U0001f600: "])
def test_no_part_of_a_secret_can_be_asked_for_and_all_of_it_can_be_replaced(before: str) -> None:
    text = f"{before}s3cr3t-value # Told\n"
    for part in ("s3", f"{before}s3cr3t", "value", "t-value # Told", "S3CR3T", " s3cr3t-valu\n"):
        absent = refused(text, part.replace("3", "9"))
        assert (refused(text, part).facts, refused(text, part).fix) == (absent.facts, absent.fix)
    assert edit(text, "s3cr3t-value", "other") == f"{before}other # Told\n"
    assert edit(text, f"{before}s3cr3t-value #", "other") == "other Told\n"
    assert edit(text, before, "b: ") == "b: s3cr3t-value # Told\n"
    assert "other capital letters" in refused(text, "told").fix


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
