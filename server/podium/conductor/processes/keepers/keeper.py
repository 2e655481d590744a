"""One keeper as the conductor sees it: its folder, its journal, and the processes that it was asked for or left."""

from pathlib import Path
from typing import Any, NamedTuple

from podium.conductor.processes import facts
from podium.conductor.processes.keepers.child import OVER, Child
from podium.conductor.processes.keepers.journal import Records
from podium.conductor.processes.keepers.link import Link, is_held


class NamelessEnd(NamedTuple):
    """How a process ended that nobody named: its code, the moment (seconds since the epoch), its session, and its control group.

    `group` is the group's path, "" if that is not known; the session is 0 if that is not.
    """

    code: int
    at: float
    session: int = 0
    group: str = ""


class Keeper:
    """What one keeper has told so far. `number` names its folder; a higher one began later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = int(folder.name)
        self.children: dict[str, Child] = {}
        self.link: Link | None = None
        self.pid = 0
        self.guard = 0
        self.version = 0
        self.is_buried = False  # it is dead, and what it had is taken care of
        self.broken = ""  # why it cannot write its journal
        self.is_of_this_boot = False  # the machine has not restarted since it began
        self.records = Records(folder)
        self.oldest = 1  # generation that is not dropped
        self._told_in = 0  # the generation of the record that was noted last
        self.ended: dict[str, int] = {}  # key -> generation that tells its end, until that is dropped
        self.unended: set[str] = set()  # keys that were begun, and of which the journal tells no end
        self.nameless: dict[tuple[int, int], NamelessEnd] = {}  # by pid and start time
        # Pid and start time of each process that may be the start in which it died; None if its guard has not told.
        self.left: list[tuple[int, int]] | None = None
        self._by_pid: dict[int, Child] = {}
        self._just_ended: set[int] = set()  # pids that may not be reaped yet

    @property
    def running(self) -> list[Child]:
        """What has not ended, as far as is known."""
        return [child for child in self.children.values() if child.state not in OVER]

    def is_alive(self) -> bool:
        """Return whether the keeper itself lives; its guard may outlive it."""
        if not is_held(self.folder) or not self.is_of_this_boot:
            return False
        stat = facts.read_stat(self.pid)
        return (
            stat is not None
            and stat.state != "Z"
            and str(self.folder) in facts.read(f"/proc/{self.pid}/cmdline").decode()
        )

    def add(self, key: str) -> Child:
        """Return the child with this key, known or new."""
        child = self.children.get(key)
        if child is None:
            child = self.children[key] = Child(key)
        return child

    def take(self, *, to_the_last: bool = False) -> None:
        """Read on in the journal (see `Records.read`), and note what it tells of each child."""
        self._just_ended.clear()
        for generation, words in self.records.read(to_the_last=to_the_last):
            self._told_in = generation
            self._note(words)
        for child in self._by_pid.values():
            child.watch()

    def _note(self, words: list[Any]) -> None:
        """Note what one record tells."""
        match words:
            case ["begin", str(key), str(group), *_]:
                self.unended.add(key)
                self.add(key).begin(group)
            case ["started", str(key), int(pid), int(ticks), str(group), *_]:
                child = self.add(key)
                self.unended.add(key)
                if self.is_of_this_boot:  # else these numbers may be those of others
                    self._by_pid[pid] = child
                    child.run(pid, ticks, group)
            case ["failed", str(key), int(number), str(why), *_]:
                self._has_ended(key)
                self.add(key).fail("failed", why, number)
            case ["ended", str(key), int(pid), int(code), int(at), *_]:
                self._by_pid.pop(pid, None)
                self._just_ended.add(pid)
                self._has_ended(key)
                self.add(key).end(code, at / 1e9)
            case ["gone", int(pid), int(code), int(ticks), int(session), int(at), *rest]:
                group = next((each for each in rest if isinstance(each, str)), "")
                self.reaped(pid, NamelessEnd(code, at / 1e9, session, group), ticks)
            case ["orphaned", int(), list(left), *_]:
                self.left = [(int(pid), int(ticks)) for pid, ticks in left]
            case ["open", int(version), str(boot_id), int(pid), int(guard), *_]:
                self.version, self.pid, self.guard = version, pid, guard
                self.is_of_this_boot = boot_id == facts.boot_id()
            case _:
                pass

    def reaped(self, pid: int, end: NamelessEnd, ticks: int | None = None) -> None:
        """Note the end of a process that somebody else than the keeper has reaped."""
        child = self._by_pid.pop(pid, None)
        ticks = dict(self.left or ()).get(pid) if ticks is None else ticks
        if child is not None:
            self._has_ended(child.key)
            child.end(end.code, end.at)
        elif ticks is not None:
            self.nameless.setdefault((pid, ticks), end)

    def name(self, child: Child) -> None:
        """Note the process of a start that the keeper has not told, so that its end is told to it."""
        self._by_pid[child.pid] = child
        if end := self.nameless.get((child.pid, child.start_ticks)):
            self.reaped(child.pid, end)

    def orphans(self) -> set[int]:
        """Return the children of the keeper and of its guard that the keeper did not start. Needs Linux.

        Raises:
            OSError: no descriptor is left.
        """
        # In this order: the guard inherits what the keeper had.
        parents = [pid for pid in (self.pid, self.guard) if pid]
        lists = [facts.read_surely(f"/proc/{pid}/task/{pid}/children").split() for pid in parents]
        found = {int(pid) for pids in lists for pid in pids} - {*parents} - self._by_pid.keys() - self._just_ended
        if found:  # some may have been started since the journal was read
            found -= {words[2] for words in self.records.ahead() if words[0] == "started"}
        return found

    def _has_ended(self, key: str) -> None:
        self.ended[key] = self._told_in
        self.unended.discard(key)

    def dropped(self, before: int) -> None:
        """Forget the generations before one."""
        self.oldest = before
        self.ended = {key: generation for key, generation in self.ended.items() if generation >= before}

    def close(self) -> None:
        """Let go of its journal, its connection and its processes."""
        self.records.close()
        if self.link is not None:
            self.link.close()
            self.link = None
        for child in self.children.values():
            child.release()

    def remove(self) -> None:
        """Remove what is left of a dead keeper."""
        self.close()
        for path in list(self.folder.iterdir()):
            path.unlink()
        self.folder.rmdir()
