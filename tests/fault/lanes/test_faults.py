"""Lanes: whatever befalls the lane, its memory or the disk, an attempt leaves nothing and its end is recorded."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podium.lane import place
from podium.lane.memory import kill_counters
from tests.support.engines import Gate, is_alive, on_a_disk_of_its_own
from tests.support.lane_trees import MIB, TREE, names, pids
from tests.support.lanes import LANE, Shared
from tests.support.podium_home import until


def worker_of(shared: Shared) -> int:
    """Return the pid of the process that plays the attempt."""
    return shared.claim().pid


# -- the lane's own end -----------------------------------------------------------------------------------------------


def test_the_clusters_end_of_a_lane_ends_its_attempt_and_is_recorded(shared: Shared) -> None:
    folder = shared.put(TREE)
    shared.put("true", serial=2)
    with shared.lane() as lane:
        members = pids(folder, 5)
        lane.terminate()
        assert lane.wait(100) == 0
    end = shared.end()
    assert (end.reason, end.detail, end.left) == ("terminated", "the cluster told the lane to end", ())
    assert not any(map(is_alive, members))
    assert place.read_claim(str(shared.attempt(2))) is None
    assert names(shared.pool / place.LANES) == []


def test_an_attempt_that_the_cluster_signalled_itself_was_terminated_too(shared: Shared) -> None:
    folder = shared.put("echo $$ >>pids; exec sleep 1000")
    with shared.lane() as lane:
        (first,) = pids(folder, 1)
        os.kill(first, signal.SIGTERM)
        lane.terminate()
        assert lane.wait(100) == 0
    end = shared.end()
    assert (end.reason, end.signal) == ("terminated", 15)


@pytest.mark.parametrize("whom", [worker_of, lambda _: 0], ids=["worker", "guard"])
def test_a_lane_that_is_killed_leaves_nothing_and_its_attempts_end_is_recorded(
    shared: Shared, whom: Callable[[Shared], int]
) -> None:
    folder = shared.put(TREE)
    with shared.lane() as lane:
        members = pids(folder, 5)
        os.kill(whom(shared) or lane.pid, signal.SIGKILL)
        end = shared.end()
        lane.wait(100)
    assert (end.reason, end.detail) in {
        ("killed", "the lane was killed by signal 9"),
        ("terminated", "the process that guards the lane was killed"),
    }
    assert not any(map(is_alive, members))
    until(lambda: names(shared.pool / place.LANES) == [])


def test_a_lane_that_breaks_leaves_nothing_and_says_why(shared: Shared) -> None:
    shared.replace("load", "class Load:\n    def __init__(self, *_: object) -> None:\n        1 / 0\n")
    shared.put("sleep 1000 & sleep 1000")
    with shared.lane() as lane:
        _, said = lane.communicate(timeout=100)
    end = shared.end()
    assert (end.reason, end.detail) == ("killed", "the lane ended with code 1")
    assert said.startswith(f"lane {LANE} on node n1 broke: ZeroDivisionError")
    assert shared.members() == []


# -- memory -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_group() -> Iterator[Path]:
    """Return a control group with little memory below our own, skip where we may make none."""
    counters = kill_counters()
    if not counters:
        pytest.skip("memory is not counted by a control group here")
    group = Path(counters[0]).parent / f"podium-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("no control group can be made here")
    try:
        limit = group / "memory.limit_in_bytes" if (group / "memory.limit_in_bytes").exists() else group / "memory.max"
        limit.write_text("60M")
    except OSError:
        group.rmdir()
        pytest.skip("no control group can be limited here")
    yield group
    until(lambda: (group / "cgroup.procs").read_text() == "")
    group.rmdir()


def test_an_attempt_that_the_kernel_killed_for_lack_of_memory_says_so(
    small_group: Path, shared: Shared, tmp_path: Path
) -> None:
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\necho $$ >{small_group}/cgroup.procs && exec {shared.python} "$@"\n')
    shim.chmod(0o755)
    shared.python = str(shim)
    shared.put("x=$(head -c 300M /dev/zero | tr '\\0' x)")
    shared.put("exit 9", 2)
    shared.play(2)
    assert [(shared.end(serial).reason, shared.end(serial).code) for serial in (1, 2)] == [
        ("out_of_memory", None),
        ("exited", 9),
    ]


# -- the disk ---------------------------------------------------------------------------------------------------------


def test_a_log_beyond_its_limit_keeps_its_beginning_and_its_end(short_tmp: Path) -> None:
    script = "echo begin; head -c 30M /dev/zero; echo; echo end"
    end = on_a_disk_of_its_own("tests.support.lanes", short_tmp, "tmpfs", "200m", MIB, script)
    if end is None:
        pytest.skip("no mount namespaces here")
    assert (end["reason"], end["code"], end["size"]) == ("exited", 0, len("begin\n\nend\n") + 30 * MIB)
    assert end["held"] <= MIB


def test_where_the_middle_of_a_log_cannot_be_freed_the_attempt_is_ended(short_tmp: Path) -> None:
    script = "trap '' TERM; echo begin; head -c 3M /dev/zero; sleep 1000"  # ramfs has no fallocate
    end = on_a_disk_of_its_own("tests.support.lanes", short_tmp, "ramfs", "", MIB, script)
    if end is None:
        pytest.skip("no mount namespaces here")
    assert (end["reason"], end["signal"], end["size"]) == ("output_limit", 9, MIB)
    assert end["detail"] == f"a stream exceeds {MIB} bytes"


def test_the_end_of_an_attempt_that_fills_the_disk_is_recorded(short_tmp: Path) -> None:
    script = "cat /dev/zero >$DISK/filler 2>/dev/null; exit 9"
    end = on_a_disk_of_its_own("tests.support.lanes", short_tmp, "tmpfs", "4m", MIB, script)
    if end is None:
        pytest.skip("no mount namespaces here")
    assert (end["reason"], end["code"]) == ("exited", 9)


def test_an_end_that_cannot_be_recorded_now_is_recorded_later_and_nothing_is_played_before(shared: Shared) -> None:
    jobs, away = shared.root / place.JOBS, shared.root / "away"
    shared.put("echo $$ >>pids; read -r x <gate; exit 9")
    shared.put("true", 2)
    with Gate(shared.attempt() / "gate") as gate, shared.lane() as lane:
        (first,) = pids(shared.attempt(), 1)
        jobs.rename(away)
        gate.open()
        until(lambda: not is_alive(first))
        with pytest.raises(subprocess.TimeoutExpired):
            lane.wait(1.5)
        away.rename(jobs)
        assert (shared.end().code, shared.end(2).code) == (9, 0)
        assert lane.wait(100) == 0
