"""Control groups (cgroup v2): one for each attempt, if we may make them. No process leaves its group by itself.

They lie below the conductor's own group, so that every limit set on it holds for the sheets too. If systemd has delegated the
parent of that group (`Delegate=yes` with `DelegateSubgroup=`), they lie below the parent; only then does each attempt have a
memory account, since the kernel enables no controllers for a group that holds processes itself. See cgroups(7) and
Documentation/admin-guide/cgroup-v2.rst. Making, entering and removing a group may wait some 10 ms for other changes to groups;
reading does not.
"""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Self

from podium.conductor.processes import facts
from podium.keeper.system import NO_DESCRIPTOR
from podium.log import get_logger

DELEGATED = "user.delegate"  # systemd sets this attribute to "1" on a folder that it has delegated

log = get_logger()


class Cgroup:
    """The group of one attempt, by the path of its folder. A group that does not exist has no members."""

    def __init__(self, place: str) -> None:
        self.place = place  # a text: one is made for each attempt, and most have only their `cgroup.events` read

    @property
    def path(self) -> Path:
        """The group's folder."""
        return Path(self.place)

    def make(self) -> bool:
        """Make the group; return False if that is not possible now."""
        try:
            self.path.mkdir()
        except FileExistsError:
            return True
        except OSError as error:
            log.warning("cgroup_not_made", path=self.place, error=str(error))
            return False
        return True

    def pids(self) -> set[int]:
        """Return the members, including those in groups that members have made below it."""
        files = [folder / "cgroup.procs" for folder in self._folders()]
        return {int(pid) for file in files for pid in facts.read(str(file)).split()}

    def exists(self) -> bool:
        """Return whether this is a group of the kernel's.

        Raises:
            OSError: no descriptor is left.
        """
        return bool(facts.read_surely(f"{self.place}/cgroup.events"))

    def is_populated(self) -> bool:
        """Return whether a member is alive. Costs one small read.

        Raises:
            OSError: no descriptor is left.
        """
        return _value(facts.read_surely(f"{self.place}/cgroup.events"), b"populated") > 0

    def out_of_memory_kills(self) -> int:
        """Return how many members the kernel has killed for lack of memory; 0 if the group has no memory account."""
        return _value(facts.read(f"{self.place}/memory.events"), b"oom_kill")

    def limit_memory(self, size: int) -> None:
        """Limit the memory of all members together. Only once the keeper has left the group: it would be limited too.

        What exceeds it makes the kernel kill the largest process, and not all of them (memory.oom.group): a script may go on with
        less, and its own exit code decides.
        """
        self._write("memory.max", str(size).encode())

    def kill(self) -> None:
        """Kill every member at once, another user's and those being forked among them, if the system can (since Linux 5.14)."""
        self._write("cgroup.kill", b"1")

    def freeze(self) -> bool:
        """Ask that no member runs any more, and none that comes; return False if the system cannot (it can since Linux 5.2).

        It has happened when `is_frozen` says so. A frozen member can be killed; other signals reach it when it goes on.

        Raises:
            OSError: no descriptor is left.
        """
        return self._write_surely("cgroup.freeze", b"1")

    def thaw(self) -> bool:
        """Let the members go on; return False if they cannot be frozen at all.

        Raises:
            OSError: no descriptor is left, so they may be frozen still.
        """
        return self._write_surely("cgroup.freeze", b"0")

    def is_frozen(self) -> bool:
        """Return whether no member runs, because the group is frozen. Costs one small read.

        Raises:
            OSError: no descriptor is left.
        """
        return _value(facts.read_surely(f"{self.place}/cgroup.events"), b"frozen") > 0

    def _write(self, name: str, value: bytes) -> None:
        with suppress(OSError):
            self._write_surely(name, value)

    def _write_surely(self, name: str, value: bytes) -> bool:
        try:
            # Without O_CREAT: in a plain folder in place of a group it would create a file.
            file = os.open(f"{self.place}/{name}", os.O_WRONLY)
            with os.fdopen(file, "wb", buffering=0) as opened:
                opened.write(value)
        except OSError as error:
            if error.errno in NO_DESCRIPTOR:
                raise
            return False
        return True

    def remove(self) -> bool:
        """Remove the group and what members have made below it; return False while a member is alive."""
        with suppress(OSError):  # the usual case first: nothing is below it
            self.path.rmdir()
            return True
        for folder in reversed(self._folders()):
            with suppress(OSError):
                folder.rmdir()
        return not self.path.exists()

    def _folders(self) -> list[Path]:
        """Return the group's folder and all folders below it, parents first."""
        return [Path(folder) for folder, _, _ in os.walk(self.place)]


class Cgroups:
    """The groups of one home's attempts, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found = list(folder.iterdir()) if folder.is_dir() else []

    @classmethod
    def open(cls, mark: str) -> Self | None:
        """Make the folder of the home with this mark; return None if that is not possible."""
        base = own_group(facts.read("/proc/self/cgroup").decode(), facts.read("/proc/self/mountinfo").decode())
        delegated = False
        if base is not None and facts.LINUX:
            with suppress(OSError):
                delegated = os.getxattr(base.parent, DELEGATED) == b"1"
            base = base.parent if delegated else base
        if base is None or not os.access(base / "cgroup.procs", os.W_OK):
            return None
        folder = base / f"podium-{mark}"
        if not Cgroup(str(folder)).make():
            return None
        for group in (base, folder) if delegated else (folder,):
            with suppress(OSError):
                (group / "cgroup.subtree_control").write_text("+memory")
        return cls(folder)

    def clean(self, kept: Collection[str]) -> None:
        """Kill and remove the groups that killed conductors have left, except those of these attempts.

        One that was made since this object is left alone: the keeper itself may be in it, starting a process.
        """
        for path in self._found:
            if path.name not in kept and path.is_dir():
                left = Cgroup(str(path))
                if not left.remove():
                    log.warning("cgroup_left", path=str(path), pids=sorted(left.pids()))
                    left.kill()
                    left.remove()

    @property
    def limits_memory(self) -> bool:
        """Whether each attempt's group has a memory account, and so may have a limit."""
        return b"memory" in facts.read(f"{self._folder}/cgroup.subtree_control").split()

    def close(self) -> None:
        """Remove the folder if no attempt is left in it."""
        with suppress(OSError):
            self._folder.rmdir()

    def of(self, key: str) -> Cgroup:
        """Return the group of an attempt, made or not."""
        return Cgroup(f"{self._folder}/{key}")


def own_group(groups: str, mounts: str) -> Path | None:
    """Return the folder of our own group, given /proc/self/cgroup and /proc/self/mountinfo; None if it is not visible."""
    group = next((line[3:] for line in groups.splitlines() if line.startswith("0::")), None)
    for line in mounts.splitlines():
        place, _, kind = line.partition(" - ")
        if group is not None and kind.startswith("cgroup2 "):
            root, point = place.split()[3:5]
            # The mount may show only a part of the tree, and we may be outside it.
            visible = Path(group).is_relative_to(root) and ".." not in Path(group).parts
            return Path(point) / Path(group).relative_to(root) if visible else None
    return None


def own_procs() -> str:
    """Return the file through which a process enters our own group, "" if it is not ours to write."""
    base = own_group(facts.read("/proc/self/cgroup").decode(), facts.read("/proc/self/mountinfo").decode())
    procs = base / "cgroup.procs" if base else None
    return str(procs) if procs and os.access(procs, os.W_OK) else ""


def _value(text: bytes, name: bytes) -> int:
    """Return one number of a text of `name number` lines, 0 if the name is missing."""
    words = text.split()
    return int(words[words.index(name) + 1]) if name in words else 0
