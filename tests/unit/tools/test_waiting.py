"""`wait_for_job`: a time-out is an answer, and what needs attention comes first."""

from typing import Any

import pytest

from podium.contract.models import EventView, LogLine
from podium.contract.waits import MatchView, WaitView
from podium.errors import JobNotFound
from tests.support.port import CURSOR, ScriptedPort, ended, job
from tests.unit.tools.helpers import RecordedCall, use

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"
OTHER = "docs-aaaaa"


def event(seq: int, kind: str, **data: object) -> EventView:
    return EventView(seq=seq, job_id=ID, job_seq=seq, type=kind, at="2026-01-02T03:04:05Z", data=data)


async def test_a_time_out_tells_the_state_and_how_to_wait_on() -> None:
    result = await use(ScriptedPort(), "wait_for_job", {"job_ids": [ID], "timeout_seconds": 0})
    assert result.woke_for == "timeout"
    assert result.summary.startswith("Not settled after 0 s; nothing is lost, and you can wait again. ")
    assert f"{ID} is running (1 of 3 sheets completed, running: 2 tests)." in result.summary
    assert result.next == f'wait_for_job(job_ids=["{ID}"], after="{CURSOR}")'
    assert not result.jobs[0].settled


async def test_the_arguments_reach_the_port_and_ids_only_once() -> None:
    port = ScriptedPort(waited=WaitView(woke_for="timeout", jobs=[job()], after=CURSOR, waited_seconds=1))
    await use(port, "wait_for_job", {"job_ids": [ID, ID], "until": "all", "timeout_seconds": 5, "after": "h1:3"})
    assert port.calls[0] == ("wait", ([ID], "all", 5.0, "h1:3"))


async def test_a_sheet_that_holds_is_told_with_what_it_asks_and_what_approves_it() -> None:
    asks = "sheet deploy waits for approval: Deploy?"
    actions = ["pause", "resume", "modify", "cancel"]
    holding = job(reason=asks, holding=["deploy"], holding_total=3, allowed_actions=actions)
    view = WaitView(woke_for="event", jobs=[holding], events=[event(8, "sheet.held", text="Deploy?")], after=CURSOR,
                    waited_seconds=1)  # fmt: skip
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID]})
    assert result.summary.endswith(f"running: 2 tests): {asks} resume_job approves deploy, and 2 more.")
    assert result.jobs[0].holding == ["deploy", "and 2 more"]
    assert result.events[-1].endswith("sheet.held text=Deploy?")


@pytest.mark.parametrize(
    "changes", [{"pause_requested": True}, {"reason": "paused on request; sheet a waits for approval: b"}]
)
async def test_a_resume_that_would_approve_nothing_is_not_said_to_approve(changes: dict[str, Any]) -> None:
    facts: dict[str, Any] = {
        "status": "paused",
        "holding": ["a"],
        "allowed_actions": ["resume"],
        "running": [],
        **changes,
    }
    view = WaitView(woke_for="settled", jobs=[job(**facts)], after=CURSOR, waited_seconds=1)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID]})
    assert "approves" not in result.summary


async def test_the_default_is_45_seconds() -> None:
    port = ScriptedPort(waited=WaitView(woke_for="timeout", jobs=[job()], after=CURSOR, waited_seconds=45))
    await use(port, "wait_for_job", {"job_ids": [ID]})
    assert port.calls[0][1][2] == 45.0


async def test_a_failed_job_leads_to_its_explanation() -> None:
    view = WaitView(woke_for="settled", jobs=[ended("failed")], after=CURSOR, waited_seconds=3)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID]})
    assert result.next == f'explain_job(job_id="{ID}")'
    assert result.jobs[0].settled


async def test_with_all_the_next_wait_is_for_those_that_are_left() -> None:
    view = WaitView(woke_for="timeout", jobs=[ended(), job(OTHER)], after="h1:9", waited_seconds=45)
    port = ScriptedPort(jobs={ID: ended(), OTHER: job(OTHER)}, waited=view)
    result = await use(port, "wait_for_job", {"job_ids": [ID, OTHER], "until": "all"})
    assert result.next == f'wait_for_job(job_ids=["{OTHER}"], until="all", after="h1:9")'


async def test_after_one_of_several_has_settled_the_next_wait_is_for_the_others() -> None:
    view = WaitView(woke_for="settled", jobs=[ended(), job(OTHER)], after="h1:9", waited_seconds=3)
    result = await use(
        ScriptedPort(waited=view, jobs={ID: ended(), OTHER: job(OTHER)}), "wait_for_job", {"job_ids": [ID, OTHER]}
    )
    assert result.summary.endswith("Next, wait only for the others: a settled job ends a wait immediately.")
    assert result.next == f'wait_for_job(job_ids=["{OTHER}"], after="h1:9")'


async def test_the_next_wait_has_the_same_time() -> None:
    view = WaitView(woke_for="timeout", jobs=[job()], after="h1:9", waited_seconds=5)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID], "timeout_seconds": 5})
    assert result.next == f'wait_for_job(job_ids=["{ID}"], timeout_seconds=5.0, after="h1:9")'


async def test_a_completed_job_leads_to_its_files() -> None:
    view = WaitView(woke_for="settled", jobs=[ended()], after=CURSOR, waited_seconds=3)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID]})
    assert result.next == f'read_artifact(job_id="{ID}", path="report.md")'


async def test_many_jobs_are_counted_not_told_one_by_one() -> None:
    jobs = {f"build-{number}": job(f"build-{number}") for number in range(5)}
    port = ScriptedPort(jobs=jobs)
    result = await use(port, "wait_for_job", {"job_ids": list(jobs), "timeout_seconds": 0})
    assert result.summary.endswith("0 of 5 jobs are settled.")


async def test_events_are_one_line_each_and_bounded() -> None:
    events = [event(number, "sheet.retrying", sheet=2, reason="exit code 1") for number in range(30)]
    view = WaitView(woke_for="event", jobs=[job()], events=events, after=CURSOR, waited_seconds=3)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID]})
    assert result.events[0] == '(10 earlier events: get_job with detail="full" shows what became of each sheet)'
    assert result.events[1] == f"2026-01-02T03:04:05Z {ID} sheet.retrying sheet=2 reason=exit code 1"
    assert len(result.events) == 21
    assert result.summary.startswith("Something happened that may need attention. ")


async def test_routine_is_counted_and_what_needs_attention_is_told() -> None:
    kinds = ["job.started", "sheet.started", "sheet.failed", "sheet.completed"]
    events = [event(number, kind) for number, kind in enumerate(kinds, 1)]
    view = WaitView(woke_for="settled", jobs=[ended()], events=events, after=CURSOR, waited_seconds=3)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID]})
    assert result.events == [f"2026-01-02T03:04:05Z {ID} sheet.failed"]


async def test_a_long_event_is_cut() -> None:
    view = WaitView(
        woke_for="event",
        jobs=[job()],
        events=[event(1, "sheet.failed", reason="x" * 1000)],
        after=CURSOR,
        waited_seconds=3,
    )
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID]})
    assert len(result.events[0]) == 303
    assert result.events[0].endswith("x...")


async def test_progress_is_elapsed_time_with_counts_and_names() -> None:
    call = RecordedCall()
    port = ScriptedPort(waited=WaitView(woke_for="timeout", jobs=[job()], after=CURSOR, waited_seconds=2))
    await use(port, "wait_for_job", {"job_ids": [ID], "timeout_seconds": 30}, call)
    message = f"{ID}: running, 1 of 3 sheets completed, running: 2 tests"
    assert call.reports == [(1.0, 30.0, message), (2.0, 30.0, message)]


async def test_an_unknown_id_fails_the_call() -> None:
    with pytest.raises(JobNotFound):
        await use(ScriptedPort(), "wait_for_job", {"job_ids": ["nope"]})


def matched(text: str, **facts: object) -> MatchView:
    line = LogLine.model_validate({"number": 12, "text": text, **facts})
    return MatchView(job_id=ID, sheet=2, sheet_name="serve", attempt=1, stream="stdout", line=line)


async def test_a_line_that_matches_comes_in_a_field_of_its_own_with_the_call_for_the_next_one() -> None:
    view = WaitView(
        woke_for="pattern", jobs=[job()], after="h1:9~p", waited_seconds=3, match=matched("on 80"), behind=True
    )
    port = ScriptedPort(waited=view)
    result = await use(port, "wait_for_job", {"job_ids": [ID], "pattern": "on .*"})
    assert port.calls == [("wait", ([ID], "any", 45.0, "", "on .*"))]
    assert result.summary.startswith("Line 12 of stdout of sheet serve matches the pattern. ")
    assert (result.job_output, result.match_sheet, result.match_attempt, result.match_line) == ("on 80", "serve", 1, 12)
    assert result.next == f'wait_for_job(job_ids=["{ID}"], after="h1:9~p", pattern="on .*")'


async def test_after_a_match_in_a_job_that_has_ended_nothing_is_waited_for() -> None:
    view = WaitView(
        woke_for="pattern", jobs=[ended()], after="h1:9~p", waited_seconds=3, match=matched("x"), behind=True
    )
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID], "pattern": "x"})
    assert result.next == f'read_artifact(job_id="{ID}", path="report.md")'


async def test_a_job_that_ended_without_the_line_is_told_so() -> None:
    view = WaitView(woke_for="settled", jobs=[ended("failed")], after="h1:9~p", waited_seconds=3)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID], "pattern": "x"})
    assert result.summary.startswith("The pattern was not seen. ")
    assert "job_output" not in result.model_dump()


async def test_output_that_could_not_be_searched_in_time_is_told_and_searched_by_the_next_call() -> None:
    view = WaitView(woke_for="settled", jobs=[ended()], after="h1:9~p", waited_seconds=3, behind=True)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID], "pattern": "x"})
    assert "part of the output is still to be searched" in result.summary
    assert result.next == f'wait_for_job(job_ids=["{ID}"], after="h1:9~p", pattern="x")'


@pytest.mark.parametrize(
    ("match", "told"), [(None, "In the rest the pattern was not seen. "), (matched("x"), "Line 12 ")]
)
async def test_output_that_was_gone_before_it_was_searched_is_told_with_what_was_found(
    match: MatchView | None, told: str
) -> None:
    view = WaitView(
        woke_for="settled", jobs=[ended()], after="h1:9~p", waited_seconds=3, match=match, unsearched=70_000
    )
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID], "pattern": "x"})
    assert "70000 bytes of output were not searched" in result.summary
    assert told in result.summary
    assert "The pattern was not seen. " not in result.summary


async def test_without_a_pattern_nothing_is_said_of_one() -> None:
    result = await use(ScriptedPort(), "wait_for_job", {"job_ids": [ID], "timeout_seconds": 0})
    assert "pattern" not in result.summary
    assert not [name for name in result.model_dump() if name.startswith(("match", "job_output"))]
