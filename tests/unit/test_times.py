"""Times and durations in words, and that a duration is never negative, whatever happened to the clock."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.times import duration, elapsed, elapsed_between, iso, present, span

DAYS = st.floats(0, 4e9)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"),
        (0.124, "0.12 s"),
        (1.5, "1.5 s"),
        (9.96, "10 s"),
        (38.4, "38 s"),
        (312, "5 min 12 s"),
        (7380, "2 h 3 min"),
        (7200, "2 h"),
        (187_200, "2 d 4 h"),
        (-5, "0 s"),
    ],
)
def test_a_duration_in_words_has_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_a_measured_duration_has_no_fraction_and_an_endless_one_is_unknown() -> None:
    assert [span(seconds, whole=True) for seconds in (-1.0, 0.4, 5.37, 3599.6)] == ["0 s", "0 s", "5 s", "1 h"]
    assert {span(math.inf), span(math.nan, whole=True)} == {"an unknown time"}


def test_now_has_no_fraction_and_is_now() -> None:
    assert len(present()) == len("2026-11-30T04:40:00Z")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(present())) < timedelta(minutes=5)


@given(start=DAYS, end=DAYS)
def test_a_duration_is_never_negative_even_if_the_clock_was_set_back(start: float, end: float) -> None:
    found = elapsed_between(iso(start), iso(end))
    assert found is not None
    assert elapsed(start, end) >= 0
    assert found >= 0
    assert math.isclose(found, max(0.0, end - start), abs_tol=0.003)


@given(start=DAYS)
def test_what_has_not_ended_lasts_until_now_and_never_less_than_nothing(start: float) -> None:
    assert (elapsed_between(iso(start), None) or 0.0) >= 0


@pytest.mark.parametrize("time", [None, "", "yesterday", "9" * 50])
def test_what_has_no_time_has_no_duration(time: str | None) -> None:
    assert elapsed_between(time, None) is None
    if time:
        assert elapsed_between("2026-01-02T03:04:05Z", time) is None


@given(time=st.text(max_size=40))
def test_a_time_of_a_foreign_conductor_is_read_or_is_none(time: str) -> None:
    assert (elapsed_between(time, "2026-01-02T03:04:05Z") or 0.0) >= 0


def test_a_time_of_another_zone_counts_as_what_it_says_and_one_without_a_zone_is_utc() -> None:
    assert elapsed_between("2026-01-02T03:04:05+01:00", "2026-01-02T03:04:05Z") == 3600
    assert elapsed_between("2026-01-02T03:04:05.500", "2026-01-02T03:04:06Z") == 0.5


@pytest.mark.parametrize(
    ("text", "unit", "seconds"),
    [
        ("90s", "", 90.0),
        ("1.5 h", "", 5400.0),
        (" 7d ", "", 604_800.0),
        ("500ms", "", 0.5),
        ("12", "ms", 0.012),
        ("12", "", None),
        ("x", "s", None),
    ],
)
def test_a_written_duration_is_read_with_its_unit_or_the_one_of_its_field(
    text: str, unit: str, seconds: float | None
) -> None:
    assert duration(text, unit=unit) == seconds
