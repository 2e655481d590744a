"""Lanes: what lanes of one pool play of its queue, each attempt once, and when they end."""

from pathlib import Path

from podium.lane import place
from tests.support.engines import Gate
from tests.support.lane_trees import names
from tests.support.lanes import JOB, LANE, Shared
from tests.support.podium_home import until


def test_lanes_that_race_play_each_attempt_exactly_once(shared: Shared) -> None:
    count = 60
    for serial in range(1, count + 1):
        shared.put("echo >>played", serial)
    lanes = [shared.start(str(number)) for number in (701, 702)]
    assert [(lane.communicate(timeout=200)[1], lane.returncode) for lane in lanes] == [("", 0)] * 2
    ends = [shared.end(serial) for serial in range(1, count + 1)]
    assert {end.lane for end in ends} == {"701", "702"}
    assert all((shared.attempt(serial) / "played").read_text() == "\n" for serial in range(1, count + 1))
    assert names(shared.root / place.NEWS) == sorted(f"{JOB}.{serial}" for serial in range(1, count + 1))
    assert names(shared.pool / place.TODO) == names(shared.pool / place.LANES) == []


def test_attempts_are_played_in_their_order(shared: Shared) -> None:
    for serial in (10, 9, 2):
        shared.put(f"echo {serial} >>../order", serial)
    shared.play(10)
    assert (shared.attempt().parent / "order").read_text() == "2\n9\n10\n"


def test_what_the_conductor_has_claimed_is_never_played(shared: Shared) -> None:
    shared.put("true")
    assert place.take_claim(str(shared.attempt()), place.Claim(place.CONDUCTOR))
    shared.put("true", 2)
    shared.play(2)
    assert place.read_exit(str(shared.attempt())) is None
    assert names(shared.pool / place.TODO) == []


def test_an_attempt_whose_folder_is_gone_does_not_keep_the_next_from_being_played(shared: Shared) -> None:
    shared.add(1)
    shared.put("true", 2)
    assert shared.play(2).code == 0


def test_an_attempt_stays_in_the_queue_while_the_disk_that_it_is_on_is_not_mounted(shared: Shared) -> None:
    shared.put("exit 7")
    jobs = shared.root / place.JOBS
    jobs.rename(shared.root / "elsewhere")
    with shared.lane() as lane:
        lane.communicate(timeout=100)
    assert names(shared.pool / place.TODO) == ["1"]
    (shared.root / "elsewhere").rename(jobs)
    assert shared.play().code == 7


def test_a_lane_lingers_for_more_and_ends_at_once_when_nothing_more_will_come(tmp_path: Path) -> None:
    shared = Shared(tmp_path / "shared", linger_seconds=1000)
    shared.put("true")
    with shared.lane() as lane:
        until(lambda: place.read_link(place.lane_link(str(shared.pool), LANE)) == [0, "n1"])
        shared.put("true", 2)
        assert shared.end(2).lane == LANE
        assert place.make_link(str(shared.pool / place.CLOSED), True)
        assert lane.wait(100) == 0


def test_a_lane_that_is_too_old_takes_no_further_attempt(tmp_path: Path) -> None:
    shared = Shared(tmp_path / "shared", reuse_seconds=0)
    shared.put("true")
    shared.put("true", 2)
    shared.play()
    assert place.read_claim(str(shared.attempt(2))) is None


def test_a_busy_lane_says_what_it_plays(shared: Shared) -> None:
    shared.put("read -r x <gate")
    with Gate(shared.attempt() / "gate") as gate, shared.lane():
        until(lambda: place.read_link(place.lane_link(str(shared.pool), LANE)) == [1, "n1"])
        gate.open()
        assert shared.end().code == 0
