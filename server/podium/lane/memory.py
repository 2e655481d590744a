"""How often the kernel has killed a process of this lane's control group for lack of memory."""

from __future__ import annotations

import os

from .processes import read


def kill_counters(proc: str = "/proc/self") -> list[str]:
    """Return the files that count the kills: of cgroup v2, v1, or both; none where memory is not counted."""
    groups = {}
    for line in os.fsdecode(read(f"{proc}/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        groups["memory" if "memory" in controllers.split(",") else controllers] = path
    found = []
    for line in os.fsdecode(read(f"{proc}/mountinfo")).splitlines():
        part, _, kind = line.partition(" - ")
        root, mount = part.split(" ")[3:5]
        if kind.startswith("cgroup2 ") and "" in groups:
            found.append(_within(mount, root, groups[""], "memory.events"))
        elif kind.startswith("cgroup ") and "memory" in kind.split(" ")[2].split(",") and "memory" in groups:
            found.append(_within(mount, root, groups["memory"], "memory.oom_control"))
    return [path for path in found if os.path.exists(path)]


def _within(mount: str, root: str, group: str, name: str) -> str:
    """Return a file of a group below a mount that shows the groups from `root` on."""
    inside = group[len(root) :] if root != "/" and group.startswith(root) else group
    return os.path.join(mount, inside.strip("/"), name)


def kills(counters: list[str]) -> int:
    """Return what the counters say together."""
    lines = b"\n".join(map(read, counters)).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(b"oom_kill "))
