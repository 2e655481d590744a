"""What this machine has for sheets: the processors, the memory and the GPUs that the conductor may use.

Each control group (v2) around the conductor may allow less than there is. GPUs are found by their device files, so nothing of a
vendor's has to be installed. Where a machine has those of NVIDIA, others are not counted, since each vendor numbers its own from
0. A conductor that may see only some of them, as in a job of a cluster, gives out only those.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import own_group
from podium.score.model.resources import Machine

ROOT = Path("/")
_AMD = b"0x1002"  # the number of the vendor on the PCI bus
_NVIDIA_DEVICE = re.compile(r"nvidia\d+")


def find(root: Path = ROOT, env: Mapping[str, str] = os.environ) -> Machine:
    """Look what there is; `root` is the folder in which /proc, /sys and /dev are, `env` the conductor's environment."""
    groups = _groups(root)
    return Machine(cpus=_cpus(groups), memory_bytes=_memory(root, groups), gpus=_gpus(root, env))


def _groups(root: Path) -> list[Path]:
    """Return the folders of the control groups around us, the outermost last."""
    mounts = facts.read(f"{root}/proc/self/mountinfo").decode()
    own = own_group(facts.read(f"{root}/proc/self/cgroup").decode(), mounts)
    inside = [own, *own.parents][:-1] if own else []  # all but "/"; a folder that is no group has no limits
    return [root / folder.relative_to("/") for folder in inside]


def _cpus(groups: list[Path]) -> int:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for group in groups:
        quota, _, period = facts.read(f"{group}/cpu.max").decode().strip().partition(" ")
        if quota.isdecimal() and period.isdecimal() and int(period):
            allowed = min(allowed, int(quota) // int(period))
    return max(1, allowed)


def _memory(root: Path, groups: list[Path]) -> int:
    words = facts.read(f"{root}/proc/meminfo").split()
    total = int(words[1]) * 1024 if words[:1] == [b"MemTotal:"] else _pages()
    limits = [facts.read(f"{group}/memory.max").strip() for group in groups]
    return min([total, *(int(each) for each in limits if each.isdigit())])


def _pages() -> int:
    """Return the memory of a machine without /proc."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _gpus(root: Path, env: Mapping[str, str]) -> tuple[int, ...]:
    visible = env.get("CUDA_VISIBLE_DEVICES")
    count = sum(1 for name in _names(root / "dev") if _NVIDIA_DEVICE.fullmatch(name))
    if not count:
        visible = env.get("HIP_VISIBLE_DEVICES", visible)
        count = _of_amd(root)
        if "ROCR_VISIBLE_DEVICES" in env:  # what it leaves is numbered from 0
            count = min(count, len(env["ROCR_VISIBLE_DEVICES"].split(",")))
    if visible is None:
        return tuple(range(count))
    # Those that are named otherwise, such as by a UUID, cannot be told apart from numbers: the setting `gpus` can.
    given = {int(each) for each in visible.replace(" ", "").split(",") if each.isdecimal()}
    return tuple(sorted(given & set(range(count))))


def _of_amd(root: Path) -> int:
    if not (root / "dev/kfd").exists():
        return 0
    nodes = [name for name in _names(root / "dev/dri") if name.startswith("renderD")]
    return sum(1 for node in nodes if facts.read(f"{root}/sys/class/drm/{node}/device/vendor").strip() == _AMD)


def _names(folder: Path) -> list[str]:
    try:
        return [each.name for each in folder.iterdir()]
    except OSError:
        return []
