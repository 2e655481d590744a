"""Lanes: an attempt ends with its whole tree, is held and let go on with it, and its load is told."""

import signal
import subprocess

import pytest

from podium.lane import place
from tests.support.engines import is_alive
from tests.support.lane_trees import ANY, DOUBLE_FORKED, MIB, STAY, TREE, pids
from tests.support.lanes import Shared
from tests.support.podium_home import until


def test_what_a_good_attempt_leaves_is_ended_and_counted(shared: Shared) -> None:
    folder = shared.put(
        "\n".join(["mkfifo hold", *ANY, "until (($(grep -c . pids) == 4)); do sleep 0.02; done; exit 3"])
    )
    end = shared.play()
    assert (end.reason, end.code, end.ended) == ("exited", 3, 4)
    assert not any(map(is_alive, pids(folder, 4)))


def test_a_cancel_ends_every_kind_of_descendant(shared: Shared) -> None:
    folder = shared.put(TREE)
    with shared.lane() as lane:
        members = pids(folder, 5)
        shared.ask("stop", "cancelled")
        end = shared.end()
        assert (end.reason, end.signal, end.ended, end.left) == ("cancelled", 15, 4, ())
        assert not any(map(is_alive, members))
        assert lane.wait(100) == 0


def test_a_chain_of_short_processes_is_ended(shared: Shared) -> None:
    hop = 'sleep 0.03; echo $$ >>pids; setsid /bin/bash "$0" & sleep 0.03'
    folder = shared.put(f"cat >hop <<'X'\n{hop}\nX\ntrap '' TERM; setsid bash hop & sleep 1000")
    with shared.lane() as lane:
        pids(folder, 3)
        shared.ask("stop", "cancelled", 0.1)
        assert shared.end().left == ()
        assert lane.wait(100) == 0
    assert shared.members() == []


def test_a_signal_makes_the_lane_look_at_once(shared: Shared) -> None:
    code = shared.program / "lane/place.py"
    slow = code.read_text().replace(f"LOOK_SECONDS = {place.LOOK_SECONDS}", "LOOK_SECONDS = 1000.0")
    assert slow != code.read_text()
    shared.replace("place", slow)
    folder = shared.put(f"mkfifo hold; {STAY}")
    with shared.lane() as lane:
        pids(folder, 1)
        until((folder / place.ALIVE).exists)  # the first look at what is asked was before
        shared.ask("stop", "cancelled", 30)
        lane.send_signal(signal.SIGUSR1)
        assert shared.end().signal == 15


def test_a_stop_that_comes_before_the_start_is_heard(shared: Shared) -> None:
    folder = shared.put("touch began")
    shared.ask("stop", "cancelled")
    end = shared.play()
    assert (end.reason, end.detail) == ("cancelled", "it had not begun")
    assert not (folder / "began").exists()


def test_a_second_stop_shortens_the_grace(shared: Shared) -> None:
    folder = shared.put(f"trap 'echo 0 >>pids' TERM; mkfifo hold; {STAY}")
    with shared.lane() as lane:
        pids(folder, 1)
        shared.ask("stop", "cancelled", 1000)
        lane.send_signal(signal.SIGUSR1)
        pids(folder, 2)
        shared.ask("stop", "cancelled", 0)
        lane.send_signal(signal.SIGUSR1)
        end = shared.end()
    assert (end.reason, end.signal) == ("cancelled", 9)


def test_a_held_attempt_stands_still_and_its_time_does_not_pass(shared: Shared) -> None:
    folder = shared.put(
        f"{DOUBLE_FORKED}\necho $$ >>pids; while [ ! -e go ]; do sleep 0.01; done", timeout_seconds=4, quiet_seconds=4
    )
    with shared.lane() as lane:
        members = pids(folder, 2)
        shared.ask("hold")
        lane.send_signal(signal.SIGUSR1)
        until(lambda: set(members) <= set((place.read_file(str(folder / place.ALIVE)) or {}).get("stopped", [])))
        (folder / "go").touch()
        with pytest.raises(subprocess.TimeoutExpired):
            lane.wait(5)
        shared.ask("go")
        lane.send_signal(signal.SIGUSR1)
        end = shared.end()
    assert (end.reason, end.code, end.ended) == ("exited", 0, 1)


def test_a_held_attempt_that_is_stopped_runs_its_traps(shared: Shared) -> None:
    folder = shared.put(f"trap 'echo trapped; exit 4' TERM; mkfifo hold; {STAY}")
    with shared.lane() as lane:
        pids(folder, 1)
        shared.ask("hold")
        lane.send_signal(signal.SIGUSR1)
        until(lambda: (place.read_file(str(folder / place.ALIVE)) or {}).get("stopped"))
        shared.ask("stop", "cancelled", 30)
        lane.send_signal(signal.SIGUSR1)
        end = shared.end()
    assert (end.reason, end.code) == ("cancelled", 4)
    assert (folder / place.STDOUT).read_text() == "trapped\n"


def test_the_load_of_an_attempt_is_told(shared: Shared) -> None:
    folder = shared.put("echo $$ >>pids; while :; do :; done & wait")
    with shared.lane():
        (first,) = pids(folder, 1)
        until((folder / place.ALIVE).exists)
        told = place.read_file(str(folder / place.ALIVE))
    assert (told["pid"], told["processes"], told["stopped"]) == (first, 2, [])
    assert told["cpu_seconds"] > 0
    assert told["cpu_percent"] > 0
    assert told["memory_bytes"] > MIB
    assert told["uptime"] > 0
