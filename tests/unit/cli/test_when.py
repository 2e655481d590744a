"""Times as people read them."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from podium.cli.shared.when import ago, at, clock, since, took


def before(**ago: float) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


@pytest.mark.parametrize(
    ("gone", "shown"),
    [
        ({"seconds": 0.2}, "just now"),
        ({"seconds": 42.1}, "42 s ago"),
        ({"minutes": 2, "seconds": 20}, "2 min ago"),
        ({"hours": 5, "minutes": 50}, "5 h ago"),
        ({"days": 3}, "3 d ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(gone: dict[str, float], shown: str) -> None:
    assert ago(before(**gone)) == shown


def test_what_has_not_come_has_no_age() -> None:
    assert (ago(None), ago("no time"), clock(None), at("")) == ("", "", "", "")


def test_a_time_stands_on_the_readers_clock_and_has_a_date_unless_it_is_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    try:
        assert clock("2001-02-03T04:05:06.789Z") == "2001-02-03 09:50:06"
        now = datetime.now(UTC)
        assert clock(now.isoformat()) == f"{now + timedelta(hours=5, minutes=45):%H:%M:%S}"
        assert at("2001-02-03T04:05:06Z").startswith("2001-02-03 09:50:06, ")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_duration_has_its_two_largest_units_and_none_is_nothing() -> None:
    assert (took(125), took(None), since(None)) == ("2 min 5 s", "", "")
