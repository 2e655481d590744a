"""How many lanes a pool needs, and what follows from how they end."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm import counting
from podium.conductor.engines.slurm.answers import STATES, Row
from podium.conductor.engines.slurm.flights import FIRST_PAUSE, LONGEST_PAUSE, Flight, Pool, Stage, pool_name
from podium.lane.place import Claim
from podium.score.model.plan import Resources

NOW = 1000.0


def make_pool(waiting: int = 0, playing: int = 0) -> Pool:
    pool = Pool("job-1.hash", "mk.job-1.hash", Resources())
    for serial in range(1, waiting + playing + 1):
        stage: Stage = "waiting" if serial <= waiting else "playing"
        spec = AttemptSpec(f"mk.job-1.{serial}", Path(f"/home/jobs/job-1/{serial}"), "", Path("/w"), {})
        flight = Flight(spec, pool, f"/root/jobs/job-1/{serial}", stage, since=NOW)
        if stage == "playing":
            flight.claim = Claim(str(100 + serial), "f1")
            pool.useful.add(flight.claim.lane)
            take(pool, row(str(100 + serial)), keep=True)
        pool.flights[serial] = flight
    return pool


def row(lane: str, state: str = "RUNNING", reason: str = "") -> Row:
    return Row(lane, lane.partition("_")[0], state, STATES[state], reason, "f1", "main", None, "mk.job-1.hash")


def take(pool: Pool, *rows: Row, keep: bool = False, now: float = NOW, asked_at: float = NOW) -> None:
    old = pool.lanes if keep else {}
    counting.take_rows(pool, {**old, **{each.lane: each for each in rows}}, asked_at, now)


def test_each_attempt_that_waits_gets_a_lane() -> None:
    assert counting.missing(make_pool(waiting=3), {}) == 3


def test_lanes_on_their_way_are_not_submitted_again() -> None:
    pool = make_pool(waiting=3)
    pool.fresh = {"7": NOW}
    take(pool, row("5", "PENDING"), row("6", "CONFIGURING"))
    assert counting.missing(pool, {}) == 0


def test_a_lane_that_plays_takes_nothing_else() -> None:
    pool = make_pool(waiting=1, playing=2)
    assert counting.missing(pool, {"102": 2, "103": 3}) == 1


def test_an_idle_lane_takes_one_that_waits_and_one_that_has_left_does_not() -> None:
    pool = make_pool(waiting=1)
    take(pool, row("9"))
    assert counting.missing(pool, {}) == 0, "it has just begun"
    assert counting.missing(pool, {"9": 0}) == 0
    assert counting.missing(pool, {}) == 1, "it has told before, and tells nothing any more"


def test_a_lane_that_has_just_taken_one_of_those_that_wait_counts_for_it() -> None:
    pool = make_pool(waiting=1)
    take(pool, row("9"))
    assert counting.missing(pool, {"9": 1}) == 0
    assert counting.missing(pool, {"9": 77}) == 1


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 5))
def test_never_more_lanes_than_attempts_that_wait(waiting: int, pending: int, fresh: int, playing: int) -> None:
    pool = make_pool(waiting, playing)
    take(pool, *(row(str(1000 + each), "PENDING") for each in range(pending)), keep=True)
    pool.fresh = {str(2000 + each): NOW for each in range(fresh)}
    assert counting.missing(pool, {}) == max(0, waiting - pending - fresh)


def test_what_is_queued_is_cancelled_only_when_nothing_waits() -> None:
    pool = make_pool(waiting=1)
    take(pool, row("5", "PENDING"), row("6", "PENDING"), row("7"))
    assert counting.surplus(pool, NOW) == []
    pool.flights.clear()
    pool.quiet_since = NOW
    assert counting.surplus(pool, NOW) == ["5", "6"]
    pool.unwanted = True
    assert counting.surplus(pool, NOW) == ["5", "6", "7"]


def test_a_lane_that_ends_after_its_work_lets_the_next_one_be_submitted_soon() -> None:
    pool = make_pool(waiting=1, playing=1)
    pool.pause = 150.0
    pool.hold_off(NOW, "QOSMaxSubmitJobPerUserLimit")
    pool.useful.add("102")
    take(pool, row("102", "COMPLETED"), now=NOW + 1)
    assert pool.not_before == NOW + 1 + FIRST_PAUSE
    assert pool.pause == 300.0, "which is how long the one after that waits"


def test_a_lane_that_has_nothing_to_play_and_does_not_end_is_cancelled() -> None:
    pool = make_pool(playing=1)
    take(pool, row("7"), row("8", "SUSPENDED"))
    assert counting.surplus(pool, NOW + 1000) == []
    pool.flights.clear()
    pool.quiet_since = NOW
    assert counting.surplus(pool, NOW + counting.OVERSTAY_SECONDS - 1) == []
    assert counting.surplus(pool, NOW + counting.OVERSTAY_SECONDS + 1) == ["7", "8"]


def test_a_lane_that_plays_is_not_cancelled_though_the_queue_still_says_that_it_waits() -> None:
    pool = make_pool(playing=2)
    pool.flights[2].claim = Claim("109", "f1", member="7_1")
    take(pool, row("101", "PENDING"), row("7_1", "PENDING"), row("7_2", "PENDING"))
    assert counting.surplus(pool, NOW) == ["7_2"]


def test_a_pool_is_over_only_with_its_last_lane() -> None:
    pool = make_pool()
    assert counting.is_over(pool)
    pool.fresh = {"5": NOW}
    assert not counting.is_over(pool)
    take(pool, row("5", "COMPLETING"))
    assert not counting.is_over(pool)
    take(pool, row("5", "COMPLETED"))
    assert counting.is_over(pool)
    pool.unsure = NOW
    assert not counting.is_over(pool)


def test_a_submit_of_which_nobody_knows_is_looked_for_in_a_queue_that_can_show_it() -> None:
    pool = make_pool(waiting=1)
    pool.unsure = NOW
    take(pool, asked_at=NOW + 1)
    assert pool.unsure == NOW
    take(pool, asked_at=NOW + counting.SETTLED_SECONDS + 1)
    assert pool.unsure is None


def test_a_lane_that_a_later_queue_does_not_know_is_submitted_again() -> None:
    pool = make_pool(waiting=1)
    pool.fresh = {"5": NOW}
    take(pool, asked_at=NOW + 1)
    assert counting.missing(pool, {}) == 0
    take(pool, asked_at=NOW + counting.SETTLED_SECONDS + 1)
    assert counting.missing(pool, {}) == 1


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "BOOT_FAIL", "OUT_OF_MEMORY", "TIMEOUT", "DEADLINE"])
def test_lanes_that_end_without_doing_anything_are_counted_and_slow_down_the_next(state: str) -> None:
    pool = make_pool(waiting=1)
    for number in ("5", "6", "7"):
        take(pool, row(number))
        take(pool, row(number, state))
        take(pool, row(number, state))
    assert pool.failures == counting.FAILURES
    assert pool.pause == 4 * FIRST_PAUSE
    assert pool.failed == row("7", state)


@pytest.mark.parametrize("state", sorted(counting.BLAMELESS))
def test_a_lane_that_its_node_took_along_is_no_failure(state: str) -> None:
    pool = make_pool(waiting=1)
    take(pool, row("5"))
    take(pool, row("5", state))
    assert not pool.failures


def test_a_lane_that_waited_in_vain_is_a_failure_only_if_there_was_something_to_take() -> None:
    pool = make_pool(waiting=1)
    take(pool, row("5"), row("6"))
    take(pool, row("5", "COMPLETED"), row("6"), now=NOW + 1)
    before = pool.failures
    take(pool, row("6", "COMPLETED"), now=NOW + counting.SETTLED_SECONDS + 1)
    assert (before, pool.failures) == (0, 1)


def test_ends_of_lanes_from_before_this_conductor_are_not_counted() -> None:
    pool = make_pool(waiting=1)
    take(pool, row("5", "FAILED"))
    assert not pool.failures


def test_a_lane_of_use_ends_the_row_of_failures() -> None:
    pool = make_pool(waiting=1)
    pool.failures = 2
    pool.useful.add("5")
    take(pool, row("5"))
    take(pool, row("5", "COMPLETED"))
    assert not pool.failures


def test_pauses_grow_to_five_minutes() -> None:
    pool = make_pool(waiting=1)
    pauses = []
    for _ in range(9):
        pool.hold_off(NOW, "no")
        pauses.append(pool.pause)
    assert pauses[0] == FIRST_PAUSE
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_the_index_of_an_array_that_waits_is_not_taken_for_the_lane_with_its_number() -> None:
    pool = make_pool(playing=1)
    pending = Row("101_1", "101", "PENDING", "pending", name="mk.job-1.hash")
    last = Row("101_2", "101", "RUNNING", "running", nodes="f1", name="mk.job-1.hash")
    counting.take_rows(pool, {"101_1": pending, "101_2": last}, NOW, NOW)
    assert counting.lane_of(pool, pool.flights[1]) == last


def test_attempts_of_a_job_that_need_the_same_share_a_pool() -> None:
    assert pool_name("job-1", Resources(cpus=2)) == pool_name("job-1", Resources(cpus=2))
    assert pool_name("job-1", Resources(cpus=2)) != pool_name("job-1", Resources(cpus=3))
    assert Pool(pool_name("job.1", Resources()), "").job_id == "job.1"


def test_a_pool_is_cleared_when_the_lanes_that_were_cancelled_are_gone() -> None:
    pool = make_pool(waiting=1)
    pool.clearing, pool.cancelled = NOW, {"7"}
    take(pool, row("7", "CANCELLED"), asked_at=NOW - 1)  # asked before they were cancelled
    assert pool.clearing == NOW
    take(pool, row("7"), asked_at=NOW + 1, now=NOW + 1)  # it has just begun, and is being ended
    assert pool.clearing == NOW
    take(pool, row("7", "COMPLETING"), row("8"), asked_at=NOW + 2, now=NOW + 2)
    assert pool.clearing is None


def test_a_pool_is_not_cleared_while_its_lanes_are_being_cancelled() -> None:
    pool = make_pool(waiting=1)
    pool.clearing, pool.cancelled = math.inf, {"7"}
    take(pool, row("7", "CANCELLED"), asked_at=NOW + 100, now=NOW + 100)
    assert pool.clearing == math.inf


def test_lanes_that_do_not_go_though_they_were_cancelled_keep_attempts_back_for_a_while_only() -> None:
    pool = make_pool(waiting=1)
    pool.clearing, pool.cancelled = NOW, {"7"}
    take(pool, row("7", "PENDING"), asked_at=NOW + 31, now=NOW + 31)
    assert pool.clearing is None
