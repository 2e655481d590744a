"""Control groups (cgroup v2): one an attempt, where a folder for them can be made. No process leaves its group by itself.

Ours lie below the group that the conductor is in, so every limit set on it holds for the sheets too; below that group's parent
where systemd has delegated it (`Delegate=yes` with `DelegateSubgroup=`), which alone gives each attempt a memory account of its
own: the kernel takes no controllers into a group that holds processes itself. See cgroups(7) and
Documentation/admin-guide/cgroup-v2.rst. Making, entering and removing a group may wait for others' changes to groups, about
10 ms; reading does not.
"""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Self

from podium.conductor.processes import facts
from podium.log import get_logger

DELEGATED = "user.delegate"  # systemd sets this attribute, "1", on what it has handed over

log = get_logger()


class Cgroup:
    """The group of one attempt. It may be gone, or never have been there: then it has no members."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> bool:
        """Make the group; False where that is not possible now."""
        try:
            self.path.mkdir()
        except FileExistsError:
            return True
        except OSError as error:
            log.warning("cgroup_not_made", path=str(self.path), error=str(error))
            return False
        return True

    def pids(self) -> set[int]:
        """Return the members, those in groups that they have made below it too."""
        files = [folder / "cgroup.procs" for folder in self._folders()]
        return {int(pid) for file in files for pid in facts.read(str(file)).split()}

    def is_populated(self) -> bool:
        """Tell whether a member is alive. Costs one small read."""
        return _value(self.path / "cgroup.events", b"populated") > 0

    def out_of_memory_kills(self) -> int:
        """Return how many members the kernel has ended for want of memory; 0 where the group has no account."""
        return _value(self.path / "memory.events", b"oom_kill")

    def kill(self) -> bool:
        """End every member at once, also those that are just being born; False where the system cannot (before Linux 5.14)."""
        try:
            # Never made here: in a plain folder that stands for a group it would be a file.
            file = os.open(self.path / "cgroup.kill", os.O_WRONLY)
        except OSError:
            return False
        with os.fdopen(file, "wb", buffering=0) as opened, suppress(OSError):
            opened.write(b"1")
            return True
        return False

    def remove(self) -> bool:
        """Remove the group and what members have made below it; False while a member is alive."""
        with suppress(OSError):  # the usual case first: there is nothing below it
            self.path.rmdir()
            return True
        for folder in reversed(self._folders()):
            with suppress(OSError):
                folder.rmdir()
        return not self.path.exists()

    def _folders(self) -> list[Path]:
        """Return the group's folder and all below it, each after the one that holds it."""
        return [Path(folder) for folder, _, _ in os.walk(self.path)]


class Cgroups:
    """The groups of one home's attempts, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def open(cls, mark: str) -> Self | None:
        """Make the folder of the home with this mark; None where that cannot be."""
        base, delegated = _base()
        if base is None or not os.access(base / "cgroup.procs", os.W_OK):
            return None
        folder = base / f"podium-{mark}"
        if not Cgroup(folder).make():
            return None
        for group in (base, folder) if delegated else (folder,):
            with suppress(OSError):
                (group / "cgroup.subtree_control").write_text("+memory")
        return cls(folder)

    def clean(self, kept: Collection[str]) -> None:
        """End and remove every group but those of these attempts: a killed conductor may have left some."""
        with suppress(FileNotFoundError):
            for path in [path for path in self._folder.iterdir() if path.is_dir() and path.name not in kept]:
                left = Cgroup(path)
                if not left.remove():
                    log.warning("cgroup_left", path=str(path), pids=sorted(left.pids()))
                    left.kill()
                    left.remove()

    def close(self) -> None:
        """Remove the folder if no attempt is left in it."""
        with suppress(OSError):
            self._folder.rmdir()

    def of(self, key: str) -> Cgroup:
        """Return the group of an attempt, made or not."""
        return Cgroup(self._folder / key)


def _base() -> tuple[Path | None, bool]:
    """Return the group in which ours may be made, None without cgroup v2, and whether it was delegated to us."""
    own = own_group(facts.read("/proc/self/cgroup").decode(), facts.read("/proc/self/mountinfo").decode())
    if own is not None and _is_delegated(own.parent):
        return own.parent, True
    return own, False


def own_group(groups: str, mounts: str) -> Path | None:
    """Return the folder of our own group, given /proc/self/cgroup and /proc/self/mountinfo; None where it is not to be seen."""
    group = next((line[3:] for line in groups.splitlines() if line.startswith("0::")), None)
    for line in mounts.splitlines():
        place, _, kind = line.partition(" - ")
        if group is not None and kind.startswith("cgroup2 "):
            root, point = place.split()[3:5]
            # The mount may show a part of the tree only, and we may be outside of it.
            visible = Path(group).is_relative_to(root) and ".." not in Path(group).parts
            return Path(point) / Path(group).relative_to(root) if visible else None
    return None


def _is_delegated(folder: Path) -> bool:
    try:
        return facts.LINUX and os.getxattr(folder, DELEGATED) == b"1"
    except OSError:
        return False


def _value(file: Path, name: bytes) -> int:
    """Return one number of a file of `name number` lines, 0 where it has none."""
    words = facts.read(str(file)).split()
    return int(words[words.index(name) + 1]) if name in words else 0
