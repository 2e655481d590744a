"""Times as people read them."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from podium.cli.terminal.states import what
from podium.cli.terminal.when import ago, ahead, at, clock, in_times, since, took
from podium.contract.models import JobView
from tests.support.screens import time_stands_still


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


def test_a_time_to_come_says_how_long_it_is_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    with time_stands_still(monkeypatch):
        assert ahead("2026-03-04T15:02:05Z") == "15:02:05, in 2 min 5 s"
        assert (ahead(None), ahead("")) == ("", "")


def test_times_in_a_text_of_the_conductor_stand_on_the_readers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    with time_stands_still(monkeypatch):
        told = "It runs since 2026-03-04T14:03:22.123Z, and wrote at 2026-03-01T01:02:03+00:00."
        assert in_times(told) == "It runs since 14:03:22, and wrote at 2026-03-01 01:02:03."
        assert in_times("2026-03-04 and nothing else") == "2026-03-04 and nothing else"


def test_a_reason_in_a_list_has_the_readers_times(monkeypatch: pytest.MonkeyPatch) -> None:
    with time_stands_still(monkeypatch):
        job = JobView(job_id="long-x7k2q", job_name="long", status="running", sheets_total=1)
        assert what(job.model_copy(update={"reason": "quiet since 2026-03-04T14:03:22.450Z"})) == "quiet since 14:03:22"
