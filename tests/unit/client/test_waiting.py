"""What ends a wait, told by a source that a test scripts; the real one is tested against the conductor."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import anyio
import pytest

from podium.client import waiting
from podium.client.waiting import WaitRequest, wait_for_jobs
from podium.contract.models import EventView, JobView, LogLine
from podium.contract.replies import WatchReply
from podium.contract.waits import MatchView, WaitView
from podium.errors import (
    ConductorBusy,
    ConductorMismatch,
    ConductorNotRunning,
    ConductorUnreachable,
    InvalidArguments,
    JobNotFound,
)

pytestmark = pytest.mark.anyio


def job(job_id: str, status: Any = "running", **facts: Any) -> JobView:
    return JobView(job_id=job_id, job_name=job_id, status=status, sheets_total=3, cursor="h:0", **facts)


class Script:
    """A conductor in memory: jobs, a list of events with cursors "h:<n>", and failures to come."""

    def __init__(self, *jobs: JobView) -> None:
        self.jobs = {each.job_id: each for each in jobs}
        self.log: list[EventView] = []
        self.failures: list[Exception] = []
        self.looks = 0
        self.lost = False  # until somebody takes a new mark
        self.signs: list[WatchReply | Exception] = []  # the next answers of a watch; without one it waits
        self.watches: list[str] = []  # the positions that were asked for
        self._news = anyio.Event()

    def happens(self, type_: str, job_id: str, **changes: Any) -> None:
        """Record an event and change the job."""
        seq = len(self.log) + 1
        self.log.append(EventView(seq=seq, job_id=job_id, job_seq=seq, type=type_, at=""))
        self.jobs[job_id] = self.jobs[job_id].model_copy(update={**changes, "cursor": f"h:{seq}"})
        self._news.set()
        self._news = anyio.Event()

    first_cursor = ""

    async def views(self, job_ids: Sequence[str]) -> list[JobView]:
        self.looks += 1
        if self.failures:
            raise self.failures.pop(0)
        if missing := [job_id for job_id in job_ids if job_id not in self.jobs]:
            raise JobNotFound(f"Job '{missing[0]}' not found")
        return [self.jobs[job_id] for job_id in job_ids]

    async def events(self, job_ids: Sequence[str], after: str) -> tuple[list[EventView], str]:
        seq = int(after.rpartition(":")[2])
        return [each for each in self.log[seq:] if each.job_id in job_ids], f"h:{len(self.log)}"

    async def watch(self, job_ids: Sequence[str], pattern: str, position: str, seconds: float) -> WatchReply:
        self.watches.append(position)
        if self.signs:
            if isinstance(reply := self.signs.pop(0), Exception):
                raise reply
            return reply
        await anyio.sleep(seconds)
        return WatchReply(position=position or "p0", behind=False)

    async def mark(self) -> int:
        self.lost = False
        return len(self.log)

    async def changed(self, job_ids: Sequence[str], mark: int) -> None:
        if self.lost:
            raise ConductorUnreachable("the subscription is gone")
        while len(self.log) == mark:
            await self._news.wait()


async def wait(script: Script, *ids: str, timeout_seconds: float = 5.0, **rest: Any) -> WaitView:
    until = rest.pop("until", "any")
    with anyio.fail_after(20):
        return await wait_for_jobs(script, WaitRequest(ids, until, timeout_seconds, **rest))


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "paused"])
async def test_a_settled_job_is_returned_at_once(status: str) -> None:
    script = Script(job("a", status))
    done = await wait(script, "a")
    assert (done.woke_for, done.jobs[0].status, script.looks) == ("settled", status, 1)


async def test_a_stuck_job_is_settled() -> None:
    assert (await wait(Script(job("a", stuck=True)), "a")).woke_for == "settled"


async def test_a_job_with_a_pending_pause_is_not_settled() -> None:
    assert (await wait(Script(job("a", pause_requested=True)), "a", timeout_seconds=0)).woke_for == "timeout"


async def test_the_time_out_gives_the_present_state() -> None:
    script = Script(job("a"))

    async def go_on() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.happens("sheet.completed", "a", sheets_completed=1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(go_on)
        done = await wait(script, "a", timeout_seconds=0.05)
    assert (done.woke_for, done.jobs[0].sheets_completed) == ("timeout", 1)
    assert [event.type for event in done.events] == ["sheet.completed"]


async def test_an_end_wakes_the_wait() -> None:
    script = Script(job("a"), job("b"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_after_the_first_look, script, "job.completed", "b", {"status": "completed"})
        done = await wait(script, "a", "b")
    assert done.woke_for == "settled"
    assert [each.status for each in done.jobs] == ["running", "completed"]


async def _after_the_first_look(script: Script, type_: str, job_id: str, changes: dict[str, Any]) -> None:
    while not script.looks:
        await anyio.lowlevel.checkpoint()
    script.happens(type_, job_id, **changes)


@pytest.mark.parametrize(
    "type_", ["sheet.failed", "sheet.retrying", "sheet.rate_limited", "sheet.fallback", "healing.applied"]
)
async def test_a_passing_event_wakes_once(type_: str) -> None:
    script = Script(job("a"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_after_the_first_look, script, type_, "a", {})
        first = await wait(script, "a")
    assert (first.woke_for, [event.type for event in first.events]) == ("event", [type_])
    second = await wait(script, "a", timeout_seconds=0, after=first.after)
    assert (second.woke_for, second.events) == ("timeout", [])


async def test_a_passing_event_between_two_waits_wakes_the_second_at_once() -> None:
    script = Script(job("a"))
    first = await wait(script, "a", timeout_seconds=0)
    script.happens("sheet.failed", "a")
    assert (await wait(script, "a", after=first.after)).woke_for == "event"


async def test_an_event_before_the_first_wait_does_not_wake_it() -> None:
    script = Script(job("a"))
    script.happens("sheet.failed", "a")
    assert (await wait(script, "a", timeout_seconds=0)).woke_for == "timeout"


async def test_another_jobs_event_does_not_wake() -> None:
    script = Script(job("a"), job("b"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_after_the_first_look, script, "sheet.failed", "b", {})
        assert (await wait(script, "a", timeout_seconds=0.05)).woke_for == "timeout"


async def test_waiting_for_all_ends_when_all_are_settled_and_not_at_passing_events() -> None:
    script = Script(job("a"), job("b", "completed"))

    async def go_on() -> None:
        await _after_the_first_look(script, "sheet.failed", "a", {})
        looks = script.looks
        while script.looks == looks:
            await anyio.lowlevel.checkpoint()
        script.happens("job.failed", "a", status="failed")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(go_on)
        done = await wait(script, "a", "b", until="all")
    assert done.woke_for == "settled"
    assert [event.type for event in done.events] == ["sheet.failed", "job.failed"]


async def test_of_many_events_those_that_need_attention_are_kept() -> None:
    script = Script(job("a"))
    script.happens("sheet.failed", "a")
    for _ in range(100):
        script.happens("sheet.completed", "a")
    done = await wait(script, "a", until="all", timeout_seconds=0, after="h:0")
    assert len(done.events) == 50
    assert [event.type for event in done.events[:2]] == ["sheet.failed", "sheet.completed"]
    assert done.events[-1].seq == 101


async def test_an_unknown_id_fails_the_wait() -> None:
    with pytest.raises(JobNotFound):
        await wait(Script(job("a")), "a", "nope")


async def test_a_conductor_that_restarts_inside_a_wait_is_bridged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "BRIDGE_SECONDS", 0.001)
    script = Script(job("a"))

    async def restart() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.failures = [ConductorNotRunning("gone")] * 3
        script.lost = True
        script.happens("job.completed", "a", status="completed")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(restart)
        assert (await wait(script, "a")).woke_for == "settled"


async def test_a_conductor_that_stays_away_fails_the_wait_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "BRIDGE_SECONDS", 0.001)
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0.001)
    script = Script(job("a"))
    script.failures = []

    async def stop() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.failures = [ConductorNotRunning("gone")] * 100_000

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop)
        with pytest.raises(ConductorNotRunning):
            await wait(script, "a", timeout_seconds=0.05)


async def test_a_conductor_that_is_away_for_longer_than_a_restart_fails_the_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "BRIDGE_SECONDS", 0.001)
    monkeypatch.setattr(waiting, "AWAY_SECONDS", 0.05)
    script = Script(job("a"))

    async def stop() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.failures = [ConductorNotRunning("gone")] * 100_000
        script.lost = True
        script.happens("sheet.started", "a")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop)
        with pytest.raises(ConductorNotRunning):
            await wait(script, "a", timeout_seconds=600)


async def test_without_a_conductor_a_wait_fails_at_once() -> None:
    script = Script(job("a"))
    script.failures = [ConductorNotRunning("none")]
    with pytest.raises(ConductorNotRunning):
        await wait(script, "a")


async def test_what_cannot_pass_is_not_bridged() -> None:
    script = Script(job("a"))

    async def replace() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.failures = [ConductorMismatch("another")]
        script.happens("sheet.started", "a")

    async def waits() -> None:
        with pytest.raises(ConductorMismatch):
            await wait(script, "a")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(replace)
        tasks.start_soon(waits)


async def test_progress_is_told_at_once_and_at_looks_with_elapsed_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0.01)
    told = list[tuple[float, int]]()
    script = Script(job("a"))

    async def progress(elapsed: float, jobs: Sequence[JobView]) -> None:
        told.append((elapsed, jobs[0].sheets_completed))
        if len(told) == 3:
            script.happens("job.completed", "a", status="completed")

    assert (await wait(script, "a", progress=progress)).woke_for == "settled"
    elapsed = [each for each, _ in told]
    assert len(told) == 3
    assert elapsed == sorted(elapsed)


async def test_progress_is_told_at_most_once_a_second_however_much_happens() -> None:
    told = list[float]()
    script = Script(job("a"))

    async def progress(elapsed: float, jobs: Sequence[JobView]) -> None:
        told.append(elapsed)

    async def churn() -> None:
        for n in range(10):
            looks = script.looks
            script.happens("sheet.completed", "a", sheets_completed=n)
            while script.looks == looks:
                await anyio.lowlevel.checkpoint()
        script.happens("job.completed", "a", status="completed")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(churn)
        await wait(script, "a", progress=progress)
    assert told
    assert all(later - earlier > 0.99 for earlier, later in pairwise(told))


def sign(text: str = "listening") -> MatchView:
    return MatchView(job_id="a", sheet=1, attempt=1, stream="stdout", line=LogLine(number=4, text=text))


FOUND = WatchReply(found=sign(), position="p1", behind=True)


async def test_a_line_that_is_there_already_ends_the_wait_at_once() -> None:
    script = Script(job("a"))
    script.signs = [FOUND]
    done = await wait(script, "a", pattern="listening")
    assert (done.woke_for, done.match, done.after) == ("pattern", sign(), "h:0~p1")
    assert script.watches == [""]


async def test_a_line_that_comes_later_wakes_a_wait_that_saw_nothing() -> None:
    script = Script(job("a"))
    script.signs = [WatchReply(position="p0", behind=False), FOUND]
    done = await wait(script, "a", pattern="listening", until="all")
    assert (done.woke_for, done.match) == ("pattern", sign())
    assert script.watches == ["", "p0"]


async def test_the_next_wait_goes_on_where_the_last_one_ended() -> None:
    script = Script(job("a"))
    done = await wait(script, "a", pattern="x", after="h:0~p7", timeout_seconds=0)
    assert (done.woke_for, done.match, done.behind, done.after) == ("timeout", None, False, "h:0~p7")
    assert set(script.watches) == {"p7"}


async def test_a_wait_without_a_pattern_costs_no_watch_and_hands_the_position_on() -> None:
    script = Script(job("a", "completed"))
    done = await wait(script, "a", after="h:0~p7")
    assert (done.woke_for, done.after, script.watches) == ("settled", "h:0~p7", [])


async def test_output_that_is_left_is_searched_before_a_settled_job_is_told() -> None:
    script = Script(job("a", "completed"))
    script.signs = [*(WatchReply(position=f"p{n}", behind=True) for n in range(3)), FOUND]
    assert (await wait(script, "a", pattern="x")).woke_for == "pattern"
    assert script.watches == ["", "p0", "p1", "p2"]


async def test_a_settled_job_without_a_match_is_told_as_such() -> None:
    done = await wait(Script(job("a", "failed")), "a", pattern="x")
    assert (done.woke_for, done.match, done.behind) == ("settled", None, False)


async def test_a_pattern_that_cannot_be_used_is_refused_before_the_wait() -> None:
    script = Script(job("a"))
    script.signs = [InvalidArguments("no pattern")]
    with pytest.raises(InvalidArguments):
        await wait(script, "a", pattern="(")
    assert script.looks == 0


async def test_a_pattern_that_turns_out_too_slow_ends_the_wait() -> None:
    script = Script(job("a"))
    script.signs = [WatchReply(position="p0", behind=False), InvalidArguments("too slow")]
    with pytest.raises(InvalidArguments):
        await wait(script, "a", pattern="x")


async def test_a_conductor_that_restarts_is_asked_again_from_the_same_place() -> None:
    script = Script(job("a"))
    script.signs = [WatchReply(position="p0", behind=False), ConductorNotRunning("away"), FOUND]
    assert (await wait(script, "a", pattern="x")).woke_for == "pattern"
    assert script.watches == ["", "p0", "p0"]


async def test_an_event_still_wakes_a_wait_for_a_pattern() -> None:
    script = Script(job("a"))
    script.happens("sheet.failed", "a")
    done = await wait(script, "a", pattern="x", after="h:0")
    assert (done.woke_for, done.match, done.after) == ("event", None, "h:1~p0")


async def test_a_conductor_that_is_too_busy_to_search_at_the_end_does_not_hide_that_the_job_has_settled() -> None:
    script = Script(job("a", "failed"))
    script.signs = [WatchReply(position="p0", behind=False), ConductorBusy("64 calls wait")]
    done = await wait(script, "a", pattern="x")
    assert (done.woke_for, done.behind, done.after) == ("settled", True, "h:0~p0")
