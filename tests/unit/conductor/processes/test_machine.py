"""What a machine has for sheets, from stand-ins of /proc, /sys and /dev."""

import os
from pathlib import Path

import pytest

from podium.conductor.processes import machine
from podium.score.model.resources import Machine

GROUP = "sys/fs/cgroup/user.slice/podium"
MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw\n"
KILO = 1024


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with 16 kB of memory, on which we are in a control group without limits."""
    for folder in ("proc/self", "dev/dri", GROUP):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal:             16 kB\nMemFree:               1 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("4:memory:/elsewhere\n0::/user.slice/podium\n")
    (tmp_path / "proc/self/mountinfo").write_text(MOUNT)
    return tmp_path


def here() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def test_without_limits_it_is_what_the_system_says(root: Path) -> None:
    for name, text in (("cpu.max", "max 100000\n"), ("memory.max", "max\n")):
        (root / GROUP / name).write_text(text)
    assert machine.find(root, {}) == Machine(cpus=here(), memory_bytes=16 * KILO, gpus=())


@pytest.mark.parametrize("group", [GROUP, "sys/fs/cgroup/user.slice", "sys/fs/cgroup"])
def test_a_limit_of_any_group_around_it_counts(root: Path, group: str) -> None:
    (root / group / "cpu.max").write_text("100000 100000\n")
    (root / group / "memory.max").write_text(f"{8 * KILO}\n")
    assert machine.find(root, {}) == Machine(cpus=1, memory_bytes=8 * KILO, gpus=())


@pytest.mark.parametrize(
    ("quota", "cpus"), [("50000 100000", 1), ("99900000 100000", here()), ("250000 100000", min(2, here()))]
)
def test_part_of_a_processor_is_none_but_there_is_always_one(root: Path, quota: str, cpus: int) -> None:
    (root / GROUP / "cpu.max").write_text(f"{quota}\n")
    assert machine.find(root, {}).cpus == cpus


def test_gpus_of_nvidia_are_found_by_their_device_files(root: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidia10", "nvidiactl", "nvidia-uvm", "nvidia-modeset", "nvidia-caps"):
        (root / "dev" / name).touch()
    assert machine.find(root, {}).gpus == (0, 1, 2)


def test_gpus_of_amd_are_its_render_nodes_where_its_compute_driver_is(root: Path) -> None:
    for name, vendor in (
        ("renderD128", "0x1002"),
        ("renderD129", "0x1002"),
        ("renderD130", "0x8086"),
        ("card0", "0x1002"),
    ):
        (root / "dev/dri" / name).touch()
        device = root / "sys/class/drm" / name / "device"
        device.mkdir(parents=True)
        (device / "vendor").write_text(f"{vendor}\n")
    assert machine.find(root, {}).gpus == ()
    (root / "dev/kfd").touch()
    assert machine.find(root, {}).gpus == (0, 1)
    (root / "dev/nvidia0").touch()
    assert machine.find(root, {}).gpus == (0,)


@pytest.mark.parametrize(
    ("visible", "gpus"), [("1,2", (1, 2)), ("", ()), ("-1", ()), ("2, 9", (2,)), ("GPU-8f2d", ()), (None, (0, 1, 2))]
)
def test_only_those_that_the_conductor_may_see_are_given_out(
    root: Path, visible: str | None, gpus: tuple[int, ...]
) -> None:
    for index in range(3):
        (root / f"dev/nvidia{index}").touch()
    env = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert machine.find(root, env).gpus == gpus


@pytest.mark.parametrize(
    ("env", "gpus"),
    [
        ({"HIP_VISIBLE_DEVICES": "1", "CUDA_VISIBLE_DEVICES": "0,1"}, (1,)),
        ({"CUDA_VISIBLE_DEVICES": "0"}, (0,)),
        ({"ROCR_VISIBLE_DEVICES": "1"}, (0,)),
    ],
)
def test_those_of_amd_that_the_conductor_may_see_are_given_out(
    root: Path, env: dict[str, str], gpus: tuple[int, ...]
) -> None:
    (root / "dev/kfd").touch()
    for name in ("renderD128", "renderD129"):
        (root / "dev/dri" / name).touch()
        device = root / "sys/class/drm" / name / "device"
        device.mkdir(parents=True)
        (device / "vendor").write_text("0x1002\n")
    assert machine.find(root, env).gpus == gpus


def test_a_machine_that_shows_none_of_it_has_at_least_a_processor_and_its_memory(tmp_path: Path) -> None:
    found = machine.find(tmp_path, {})
    assert (found.cpus, found.gpus) == (here(), ())
    assert found.memory_bytes == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_this_machine_can_be_asked() -> None:
    found = machine.find()
    assert found.cpus >= 1
    assert found.memory_bytes >= 64 * KILO**2
