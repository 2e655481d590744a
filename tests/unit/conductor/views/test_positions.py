"""How far outputs were searched, as text: what is written is read again, anything else is refused, and it stays short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.views.positions import MOST_FILES, JobPlace, decode, encode
from podium.contract.methods import POSITION_CHARS
from podium.errors import InvalidArguments
from podium.logs.watch import Place

NUMBERS = st.integers(0, 2**61)
FILES = st.dictionaries(
    st.tuples(st.integers(0, 2**60), st.sampled_from(["stdout", "stderr"])),
    st.builds(Place, NUMBERS, NUMBERS, st.booleans()),
    max_size=8,
)


@given(st.dictionaries(st.integers(0, 2**60), st.builds(JobPlace, NUMBERS, FILES, NUMBERS), max_size=5))
def test_what_was_written_is_read_again_in_the_same_order(jobs: dict[int, JobPlace]) -> None:
    read = decode(encode(jobs))
    assert read == jobs
    assert [list(job.files) for job in read.values()] == [list(job.files) for job in jobs.values()]


@given(st.one_of(st.text(max_size=40), st.from_regex(r"\A[A-Za-z0-9_-]{1,40}\Z")))
def test_any_other_text_is_refused_or_harmless(text: str) -> None:
    try:
        found = decode(text)
    except InvalidArguments as error:
        assert "after" in error.fix  # noqa: PT017
    else:
        assert decode(encode(found)) == found or not found


def test_a_cut_position_is_refused() -> None:
    text = encode({3: JobPlace(9, {(9, "stdout"): Place(2**40, 2**20, True)})})
    for size in range(1, len(text)):
        try:
            assert decode(text[:size]).get(3, JobPlace()).files == {}
        except InvalidArguments:
            continue


def test_the_longest_position_fits_and_a_usual_one_is_short() -> None:
    full = {2**30: JobPlace(2**30, {(2**29 + n, "stderr"): Place(2**31, 2**28, True) for n in range(MOST_FILES)})}
    assert len(encode(full)) <= POSITION_CHARS / 2
    usual = {7: JobPlace(3, {(3, "stdout"): Place(40_000, 700), (3, "stderr"): Place()})}
    assert len(encode(usual)) <= 20


def test_more_files_than_are_watched_are_refused() -> None:
    with pytest.raises(InvalidArguments):
        decode(encode({1: JobPlace(1, {(n, "stdout"): Place() for n in range(MOST_FILES + 1)})}))
