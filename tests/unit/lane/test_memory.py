"""Where the kernel counts the processes that it has killed for lack of memory."""

from pathlib import Path

import pytest

from podium.lane.memory import kill_counters, kills


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Return a stand-in for /proc/self of a process in a group of both versions, mounted below the temporary folder."""
    mounts = [
        f"30 24 0:26 / {tmp_path}/v2 rw,nosuid shared:9 - cgroup2 cgroup2 rw",
        f"31 24 0:27 / {tmp_path}/v1 rw shared:10 - cgroup cgroup rw,memory",
        f"32 24 0:28 / {tmp_path}/cpu rw - cgroup cgroup rw,cpu",
    ]
    (tmp_path / "mountinfo").write_text("".join(f"{line}\n" for line in mounts))
    (tmp_path / "cgroup").write_text("5:cpu:/x\n4:memory:/slurm/job_7\n0::/slurm/job_7/step_batch\n")
    return tmp_path


def test_the_kills_of_both_versions_are_counted(proc: Path) -> None:
    new, old = proc / "v2/slurm/job_7/step_batch", proc / "v1/slurm/job_7"
    new.mkdir(parents=True)
    (new / "memory.events").write_text("low 0\noom 5\noom_kill 2\noom_group_kill 0\n")
    old.mkdir(parents=True)
    (old / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
    assert kills(kill_counters(str(proc))) == 5


def test_a_mount_that_begins_within_the_groups_is_understood(proc: Path) -> None:
    (proc / "mountinfo").write_text(f"30 24 0:26 /slurm {proc}/v2 rw - cgroup2 cgroup2 rw\n")
    (proc / "v2/job_7/step_batch").mkdir(parents=True)
    (proc / "v2/job_7/step_batch/memory.events").write_text("oom_kill 1\n")
    assert kills(kill_counters(str(proc))) == 1


def test_where_nothing_is_counted_there_are_none(proc: Path, tmp_path: Path) -> None:
    assert kills(kill_counters(str(proc))) == 0
    assert kill_counters(str(tmp_path / "none")) == []
