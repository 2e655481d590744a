"""Job ids."""

import pytest

from podium.conductor.service.naming import job_id_of, slug

HOME = "6ce6870bca202876"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Release Audit!", "release-audit"), ("--x--", "x"), ("日本", "job"), ("a" * 80, "a" * 30), ("", "job")],
)
def test_the_slug_is_readable_ascii(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_no_two_jobs_of_a_home_have_the_same_id() -> None:
    assert len({job_id_of("x", number, HOME) for number in range(1, 200_000)}) == 199_999


def test_ids_stay_unique_when_the_numbers_outgrow_five_characters() -> None:
    first = 2**25 - 500
    ids = {job_id_of("x", number, HOME) for number in range(first, first + 1000)}
    assert len(ids) == 1000
    assert {len(each) for each in ids} == {7, 8}


def test_two_homes_give_their_jobs_different_ids() -> None:
    assert job_id_of("x", 1, HOME) != job_id_of("x", 1, "0123456789abcdef")
