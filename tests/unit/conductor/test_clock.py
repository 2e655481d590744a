"""How late it is for sure: the wall clock counts only as far as time was seen passing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor import clock
from podium.conductor.clock import CONFIRMING_SECONDS, PLAUSIBLE_SECONDS, Calendar, Moment, Timekeeper, set_back
from podium.times import iso

HOUR, DAY = 3600.0, 86400.0
BEGAN = 1_800_000_000.0


def looked(calendar: Calendar, hours: int) -> Calendar:
    """Return the calendar after so many looks, an hour apart, with a clock that goes as it should."""
    for _ in range(hours):
        calendar = calendar.later(calendar.wall + HOUR, HOUR)
    return calendar


def test_a_clock_that_goes_as_it_should_is_believed() -> None:
    assert looked(Calendar(BEGAN, BEGAN), 100) == Calendar(BEGAN + 100 * HOUR, BEGAN + 100 * HOUR)


@pytest.mark.parametrize("hours", [-23.0, -1.0, 0.01, 14.0, 23.9])
def test_a_night_without_power_or_a_corrected_clock_is_believed_at_once(hours: float) -> None:
    wall = BEGAN + hours * HOUR
    assert Calendar(BEGAN, BEGAN).later(wall, 0.0) == Calendar(wall, wall)


@pytest.mark.parametrize("days", [2.0, 40.0, 365.0 * 70])
def test_a_long_jump_ahead_counts_once_a_day_was_seen_after_it(days: float) -> None:
    jumped = Calendar(BEGAN, BEGAN).later(BEGAN + days * DAY, 0.0)
    assert jumped.sure == BEGAN
    assert looked(jumped, 23).sure == BEGAN + 23 * HOUR
    late = looked(jumped, 24)
    assert (late.sure, late.doubt) == (late.wall, 0.0)


def test_a_jump_ahead_that_is_taken_back_leaves_no_trace() -> None:
    wrong = looked(Calendar(BEGAN, BEGAN).later(BEGAN + 40 * DAY, 0.0), 20)
    right = wrong.later(BEGAN + 21 * HOUR, HOUR)
    assert right.sure == BEGAN + 21 * HOUR
    assert looked(right, 24) == Calendar(BEGAN + 45 * HOUR, BEGAN + 45 * HOUR)


def test_a_clock_that_begins_in_1970_and_is_corrected_makes_nothing_old() -> None:
    at_boot = Calendar(BEGAN, BEGAN).later(30.0, 0.0)
    assert at_boot.sure == 30.0
    corrected = at_boot.later(BEGAN + HOUR, HOUR)
    assert corrected.sure == 30.0 + HOUR
    assert looked(corrected, 24).sure == BEGAN + 25 * HOUR


def test_nights_without_power_do_not_keep_a_jump_from_being_confirmed() -> None:
    calendar = Calendar(BEGAN, BEGAN).later(BEGAN + 3 * DAY, 0.0)  # a weekend
    for _ in range(3):
        calendar = looked(calendar, 8).later(calendar.wall + 24 * HOUR, 0.0)
    assert calendar.sure == calendar.wall


_LOOKS = st.lists(
    st.tuples(st.floats(0, 2 * DAY), st.one_of(st.just(0.0), st.floats(-80 * 365 * DAY, 80 * 365 * DAY))), max_size=40
)


@given(_LOOKS)
def test_time_that_is_sure_never_runs_ahead_of_what_was_seen_and_what_is_plausible(
    looks: list[tuple[float, float]],
) -> None:
    """Each look sees some time passing, and may find the clock set."""
    calendar, seen_since_jump = Calendar(BEGAN, BEGAN), math.inf
    for passed, jump in looks:
        before = calendar
        calendar = calendar.later(max(0.0, calendar.wall + passed + jump), passed)
        assert calendar.sure <= calendar.wall
        set_by = calendar.wall - before.wall - passed
        seen_since_jump = 0.0 if abs(set_by) > PLAUSIBLE_SECONDS else seen_since_jump + passed
        if seen_since_jump < CONFIRMING_SECONDS:
            assert calendar.sure <= before.sure + passed + PLAUSIBLE_SECONDS + 1e-3
        elif calendar.doubt == 0.0:
            assert calendar.sure == calendar.wall


def test_a_calendar_is_read_as_it_was_stored_and_a_damaged_one_is_none() -> None:
    calendar = Calendar(BEGAN, BEGAN - 1.5, 7.25)
    assert Calendar.read(calendar.text()) == calendar
    for text in ("", "[]", "{}", '{"wall": 1}', '{"wall": 1, "sure": "x", "doubt": 0}', '{"wall": NaN, "sure": 1}'):
        assert Calendar.read(text) is None


def test_a_calendar_is_stored_only_if_a_restart_would_not_find_it_out() -> None:
    stored = Calendar(BEGAN, BEGAN)
    assert not Calendar(BEGAN + 1, BEGAN + 1).is_news(stored)  # so a start costs no commit
    assert Calendar(BEGAN + 600, BEGAN + 600).is_news(stored)
    assert Calendar(BEGAN + 1, BEGAN, doubt=DAY).is_news(stored)
    assert stored.is_news(Calendar(BEGAN, BEGAN, doubt=1))


def test_looks_of_one_process_see_time_passing_and_a_new_process_has_only_the_clock() -> None:
    keeper = Timekeeper(Calendar(BEGAN, BEGAN), Moment(BEGAN + HOUR, 500.0))
    assert keeper.at(Moment(BEGAN + 3 * DAY, 500.0 + 3 * DAY - HOUR)).doubt == 0.0
    assert keeper.at(Moment(BEGAN + 3 * DAY, 500.0 + HOUR)).sure == BEGAN + 2 * HOUR
    assert keeper.look(Moment(BEGAN + 2 * HOUR, 500.0 + HOUR)) == Calendar(BEGAN + 2 * HOUR, BEGAN + 2 * HOUR)
    assert Timekeeper(Calendar(BEGAN, BEGAN), Moment(BEGAN + 40 * DAY, 9.0)).at(Moment(BEGAN, 9.0)).sure == BEGAN


@pytest.mark.parametrize(("shift", "year"), [(-9e9, "1970"), (3e8, "20"), (4e9, "21"), (9e12, "9892"), (1e300, "9892")])
def test_a_clock_outside_the_calendar_stands_still_at_its_edge(
    shift: float, year: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_SHIFT_SECONDS", shift)
    assert iso(clock.wall()).startswith(year)


@pytest.mark.parametrize(("wall", "back"), [(60.0, 0.0), (59.8, 0.0), (30.0, 30.0), (-3540.0, 3600.0), (3660.0, 0.0)])
def test_what_an_attempt_did_is_compared_with_its_start_as_a_clock_that_was_set_back_tells_it(
    wall: float, back: float
) -> None:
    assert set_back(Moment(BEGAN, 5.0), Moment(BEGAN + wall, 65.0)) == pytest.approx(back)
