"""Launches that are refused are tried again, less and less often."""

from podium.conductor.supervisor.refused import FIRST_SECONDS, MOST_SECONDS, TRY_SECONDS, Refused


def waits(refused: Refused, tries: int) -> list[float]:
    """Return how long each of these tries, all of them refused, holds up the next one."""
    now, found = 0.0, []
    for _ in range(tries):
        refused.note("no room", now)
        found.append(refused.until - now)
        now = refused.until
    return found


def test_each_refusal_in_a_row_doubles_the_wait_up_to_a_bound() -> None:
    assert waits(Refused(), 7) == [1.0, 2.0, 4.0, 8.0, MOST_SECONDS, MOST_SECONDS, MOST_SECONDS]


def test_many_sheets_that_are_refused_together_count_once() -> None:
    refused = Refused()
    for _ in range(16):
        refused.note("no room", 5.0)
    assert refused.until == 5.0 + FIRST_SECONDS


def test_a_launch_that_succeeds_ends_the_reason_and_the_waiting() -> None:
    refused = Refused()
    waits(refused, 5)
    now = refused.until
    assert refused.why(now) == "no room"
    refused.forget()
    assert refused.why(now) == ""
    refused.note("no room", now)
    assert refused.until == now + FIRST_SECONDS


def test_a_reason_is_not_told_any_longer_when_a_sheet_was_launched_that_goes_on() -> None:
    refused = Refused()
    refused.note("no room", 5.0)
    assert refused.why(5.0 + FIRST_SECONDS + TRY_SECONDS / 2) == "no room"  # the try may still be on its way
    assert refused.why(5.0 + FIRST_SECONDS + TRY_SECONDS) == ""
