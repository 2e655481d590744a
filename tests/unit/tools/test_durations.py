"""How long sheets and jobs have taken, and what a wait that timed out tells of what goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import times
from podium.contract.models import EventView, JobView
from podium.contract.waits import RunningSheet, RunningView, WaitView
from podium.errors import ConductorUnreachable
from podium_tools.durations import SHOWN, job_seconds, sheet_seconds
from tests.support.port import CURSOR, ScriptedPort, ended, job
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"
NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def _the_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "epoch", lambda: NOW)


def ago(seconds: float) -> str:
    """Return a time as the conductor writes it."""
    return times.iso(NOW - seconds)


def end_of(label: str, seconds: object, kind: str = "sheet.completed", job_id: str = ID) -> EventView:
    return EventView(
        seq=1, job_id=job_id, job_seq=1, type=kind, at="", data={"name": label, "duration_seconds": seconds}
    )


def going(*sheets: RunningSheet, earlier: float | None = None) -> RunningView:
    return RunningView(sheets=list(sheets), earlier_seconds=earlier)


def running(*labels: str, since: float = 38) -> JobView:
    return job(running=list(labels), running_since=[ago(since) for _ in labels])


def test_running_sheets_come_first_and_the_last_end_of_a_sheet_counts() -> None:
    events = [end_of("a", 3.14159), end_of("b", 12.345), end_of("a", 0.004, "sheet.failed")]
    assert sheet_seconds(running("tests", since=3600), events) == ["tests=3600", "b=12.3", "a=0"]


def test_a_sheet_that_runs_again_is_told_once() -> None:
    assert [each.partition("=")[0] for each in sheet_seconds(running("a"), [end_of("a", 5.0)])] == ["a"]


def test_of_many_sheets_the_last_are_told() -> None:
    events = [end_of(f"s{number}", float(number)) for number in range(30)]
    many = running(*[f"r{number}" for number in range(30)])
    told = sheet_seconds(many, events)
    assert len(told) == SHOWN
    assert [each.partition("=")[0] for each in told[5:]] == ["s25", "s26", "s27", "s28", "s29"]


def test_what_does_not_say_how_long_it_took_is_left_out() -> None:
    others = [end_of("c", 1.0, job_id="other-aaaaa"), end_of("d", None), end_of("e", "long"), end_of("f", True)]
    assert sheet_seconds(job(), others) == []  # nor has an older conductor said since when its sheets run


@given(back=st.floats(-1e6, 1e6))
def test_no_duration_is_negative_however_the_clock_was_set(back: float) -> None:
    moved = running("tests", since=back)
    (told,) = sheet_seconds(moved)
    assert float(told.partition("=")[2]) >= 0
    assert (job_seconds(moved.model_copy(update={"started_at": ago(back)})) or 0.0) >= 0


def test_a_job_that_has_not_begun_has_no_duration_and_one_that_has_ended_keeps_its_own() -> None:
    assert job_seconds(job(status="queued")) is None
    over = ended(started_at="2026-01-02T03:04:05.000Z", finished_at="2026-01-02T03:09:17.512Z")
    assert job_seconds(over) == 312.5


async def test_a_wait_that_timed_out_says_what_runs_since_when_its_limit_its_last_output_and_the_last_run() -> None:
    since = ago(38)
    port = ScriptedPort(
        goes_on=going(
            RunningSheet(label="tests", since=since, limit_seconds=300, written_at=ago(2)),
            RunningSheet(label="docs", since=since),
            earlier=312.4,
        )
    )
    result = await use(port, "wait_for_job", {"job_ids": [ID], "timeout_seconds": 0})
    at = f"{since[:19]}Z"
    assert result.summary.endswith(
        f" tests has been running for 38 s, since {at} (limit 5 min, last output 2 s ago); "
        f"docs has been running for 38 s, since {at} (no limit, no output yet); the last completed run of build took 5 min 12 s."
    )
    (line,) = result.model_dump()["jobs"]
    assert line["limit_seconds"] == ["tests=300"]
    assert line["quiet_seconds"] == ["tests=2"]
    assert line["last_run_seconds"] == 312.4


async def test_only_a_time_out_asks_what_runs_and_only_of_jobs_that_go_on() -> None:
    view = WaitView(woke_for="settled", jobs=[ended()], after=CURSOR, waited_seconds=3)
    port = ScriptedPort(waited=view, goes_on=going(earlier=312))
    result = await use(port, "wait_for_job", {"job_ids": [ID]})
    assert [name for name, _ in port.calls] == ["wait"]
    assert not {"limit_seconds", "quiet_seconds", "last_run_seconds"} & set(result.model_dump()["jobs"][0])


async def test_of_many_jobs_the_first_are_told_of_by_their_ids() -> None:
    jobs = {f"build-{number}": job(f"build-{number}") for number in range(5)}
    port = ScriptedPort(jobs=jobs, goes_on=going(RunningSheet(label="tests", since=ago(38)), earlier=7380))
    result = await use(port, "wait_for_job", {"job_ids": list(jobs), "timeout_seconds": 0})
    assert [asked for name, asked in port.calls if name == "running"] == ["build-0", "build-1", "build-2"]
    assert " build-2: tests has been running for 38 s" in result.summary
    assert "build-3: " not in result.summary


async def test_a_conductor_that_goes_away_meanwhile_costs_only_these_facts() -> None:
    class Away(ScriptedPort):
        async def running(self, job_id: str) -> RunningView:
            raise ConductorUnreachable("It went away.", fix="podium start")

    result = await use(Away(), "wait_for_job", {"job_ids": [ID], "timeout_seconds": 0})
    assert result.woke_for == "timeout"
    assert result.summary.endswith("running: 2 tests).")
