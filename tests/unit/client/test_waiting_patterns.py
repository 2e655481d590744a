"""A wait for a line of output: where it is looked for, and what else ends the wait."""

import pytest

from podium.contract.models import LogLine
from podium.contract.replies import WatchReply
from podium.contract.waits import MatchView
from podium.errors import ConductorBusy, ConductorNotRunning, InvalidArguments
from tests.unit.client.scripted import Script, job, wait

pytestmark = pytest.mark.anyio


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
