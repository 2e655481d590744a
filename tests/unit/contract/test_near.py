"""Which ids are suggested for one that nobody has."""

import pytest

from podium.contract.near import job_not_found, near_ids

KNOWN = ["bad-32w8k", "nightly-audit-zzzz2", "bad-99999", "audit-abcde", "bad-aaaaa", "nightly-q2345", "bad-bbbbb"]


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("BAD-AAAAA", ["bad-aaaaa", "bad-32w8k", "bad-99999"]),
        ("bad", ["bad-32w8k", "bad-99999", "bad-aaaaa"]),
        ("Bad", ["bad-32w8k", "bad-99999", "bad-aaaaa"]),
        ("bad-bbbb", ["bad-bbbbb", "bad-32w8k", "bad-99999"]),
        ("bad-bbbxb", ["bad-bbbbb", "bad-32w8k", "bad-99999"]),
        ("bad-gone7", ["bad-32w8k", "bad-99999", "bad-aaaaa"]),
        ("nightly-audit", ["nightly-audit-zzzz2", "nightly-q2345"]),
        ("nigthly-q2345", ["nightly-q2345"]),
        ("zzz", []),
        ("", []),
        ("-", []),
    ],
)
def test_the_ids_that_are_meant_come_first_and_of_one_name_the_newest(given: str, near: list[str]) -> None:
    assert near_ids(given, KNOWN) == near


def test_a_name_without_a_suffix_and_another_case_are_found_as_they_are_written() -> None:
    assert near_ids("AUDIT", ["Audit", "x"]) == ["Audit"]


def test_the_error_asks_for_what_is_meant_and_else_points_to_the_list() -> None:
    assert job_not_found("bad-bbbb", KNOWN).fix == "Did you mean bad-bbbbb or bad-32w8k or bad-99999?"
    assert "list_jobs" in job_not_found("zzz", KNOWN).fix
