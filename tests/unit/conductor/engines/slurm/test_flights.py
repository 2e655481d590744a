"""An attempt on a cluster that is suspended: since when, for how long, and who waits for that."""

from pathlib import Path

import pytest

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm.flights import Flight, Pool
from podium.conductor.engines.slurm.shared import Held

pytestmark = pytest.mark.anyio


def flight() -> Flight:
    """Return an attempt that a lane plays and was asked to hold."""
    spec = AttemptSpec("here.job.1", Path("/home/jobs/job/1"), "true", Path("/"), {})
    return Flight(spec, Pool("job.1", "here.job.1"), "/shared/1", stage="playing", asked="hold")


async def test_it_is_suspended_when_its_lane_says_so_and_whoever_waits_is_told() -> None:
    made = flight()
    settled = made.want_hold()
    made.take_held(Held(0.0, holds=False), 10.0)
    assert (made.suspended, settled.is_set(), made.awaits_hold) == (False, False, True)
    made.take_held(Held(0.2, holds=True), 11.0)
    assert (made.suspended, settled.is_set(), made.awaits_hold) == (True, True, False)
    assert made.want_hold().is_set()


async def test_what_was_held_is_counted_on_between_two_words_of_its_lane_and_stands_still_afterwards() -> None:
    made = flight()
    made.take_held(Held(1.0, holds=True), 10.0)
    assert made.held(14.0) == 5.0
    made.take_held(Held(4.0, holds=True), 15.0)  # it said so a while ago
    assert made.held(16.0) == 7.0
    made.turn(17.0, suspended=False)
    assert (made.held(30.0), made.suspended) == (8.0, False)
    made.asked = "go"
    made.take_held(Held(8.5, holds=False), 31.0)
    assert made.held(40.0) == 8.5


async def test_an_old_word_of_a_lane_that_was_asked_to_go_on_suspends_nothing() -> None:
    made = flight()
    made.asked = "go"
    made.take_held(Held(3.0, holds=True), 10.0)
    assert not made.suspended


async def test_one_that_is_let_go_on_or_ends_lets_nobody_wait() -> None:
    made = flight()
    settled = made.want_hold()
    made.forget_hold()
    assert (settled.is_set(), made.hold_settled) == (True, None)


@pytest.mark.parametrize(("stage", "withdrawn"), [("new", True), ("waiting", True), ("playing", False)])
async def test_to_suspend_one_that_no_lane_has_takes_it_back(stage: str, withdrawn: bool) -> None:
    made = flight()
    made.stage = stage  # type: ignore[assignment]
    made.want_hold()
    assert (made.to_withdraw, made.is_unwanted) == (withdrawn, withdrawn)
