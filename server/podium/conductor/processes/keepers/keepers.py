"""All keepers of a home: one takes new starts, the others finish what they have."""

import os
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.abc import TaskGroup
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.keepers import remains
from podium.conductor.processes.keepers.child import OVER, Child, Start
from podium.conductor.processes.keepers.keeper import Keeper, NamelessEnd
from podium.conductor.processes.keepers.launching import launch
from podium.conductor.processes.keepers.link import ANSWER_SECONDS, Link, is_held
from podium.conductor.processes.reaper import Reaper
from podium.keeper.journal import VERSION
from podium.keeper.system import surroundings
from podium.log import get_logger
from podium.privacy.files import open_own
from podium.privacy.way import make_private
from podium.times import iso

SILENT_SECONDS = 1.0  # between two tries to reach one that does not answer
LONG_BYTES = int(os.environ.get("PODIUM_JOURNAL_BYTES", str(1 << 20)))  # a journal that is longer is begun anew
EPOCH = "epoch"

log = get_logger()


class Keepers:
    """Starts processes through keepers. Open it inside an open `Reaper`; `procs` is the file of our own control group, or ""."""

    def __init__(self, folder: Path, reaper: Reaper, procs: str = "") -> None:
        self._folder = folder
        self._reaper = reaper
        self._procs = procs
        self._env = dict(os.environ)
        self._umask = os.umask(0o077)
        os.umask(self._umask)
        self._epoch = 0
        self._keepers: list[Keeper] = []
        self._current: Keeper | None = None
        self._asked: dict[str, Start] = {}  # what no keeper may have begun yet
        self._lately: set[str] = set()  # keys of starts since the journals were shortened last
        self._orphans: set[int] | None = None
        self._turn = anyio.Lock()
        self._tasks: TaskGroup = anyio.create_task_group()
        self.restarts = 0
        self._last_death = ""
        self._silent = 0  # the number of the keeper that did nothing about what it was asked

    async def __aenter__(self) -> Self:
        await run_sync(self._take_folder)
        self._reaper.on_orphan = self._orphan_reaped
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._watch_silence)
        for folder in sorted(
            (each for each in self._folder.iterdir() if each.name.isdecimal()), key=lambda at: int(at.name)
        ):
            await self._find(folder)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Leave the keepers to themselves; one without a process is told to end."""
        self._tasks.cancel_scope.cancel()
        try:
            return await self._tasks.__aexit__(kind, error, trace)
        finally:
            self._reaper.on_orphan = None
            with anyio.CancelScope(shield=True):
                for keeper in self._keepers:
                    await _end_if_idle(keeper)
                    keeper.close()

    async def start(self, starts: Sequence[Start]) -> list[Child]:
        """Ask the newest keeper for processes, and start a keeper if there is none. Failures are states of the children."""
        async with self._turn:
            try:
                keeper = await self._newest()
            except OSError as error:
                children = [Child(start.key) for start in starts]
                for child in children:
                    child.fail("refused", f"no keeper could be started: {error.strerror or error}", error.errno or 0)
                return children
            self._asked |= {start.key: start for start in starts}
            self._lately.update(start.key for start in starts)
            children = [keeper.add(start.key) for start in starts]
            for child in children:
                child.is_claimed = True
            try:
                await self._ask(keeper, starts)
            except anyio.get_cancelled_exc_class():
                for child in children:  # whatever of it is begun all the same, nobody waits for
                    child.is_claimed = False
                    self._asked.pop(child.key, None)
                raise
            return children

    def find(self, key: str) -> Child | None:
        """Return what the journals know of a key."""
        return next((keeper.children[key] for keeper in self._keepers if key in keeper.children), None)

    def is_of_this_boot(self, key: str) -> bool:
        """Return whether the machine has not restarted since this key was begun."""
        return any(keeper.is_of_this_boot for keeper in self._keepers if key in keeper.children)

    def unclaimed(self) -> list[Child]:
        """Return what nobody waits for, running or over: it was given up before a keeper that had hung began it, an earlier
        conductor ran it as a check, or its end is stored.
        """
        return [child for keeper in self._keepers for child in keeper.children.values() if not child.is_claimed]

    def forget(self, key: str) -> None:
        """Drop a child whose end has been taken care of. What a keeper may yet begin is nobody's from now on."""
        self._asked.pop(key, None)
        for keeper in self._keepers:
            child = keeper.children.get(key)
            if child is not None and child.state in OVER:
                del keeper.children[key]
            elif child is not None and child.state == "running":  # it could not be ended: nobody's from its end on
                child.on_change = partial(setattr, child, "is_claimed", False)
            elif child is not None:
                child.is_claimed = False

    def orphans(self, child: Child, *, anew: bool = False) -> set[int] | None:
        """Return the processes among which are those that a child left: they became ours, a keeper's or a guard's.

        None if that cannot be known. They are listed once for all ends that a journal told together, or `anew`.
        """
        if child.is_adrift:
            return None
        if (anew or self._orphans is None) and facts.TELLS_CHILDREN:
            self._orphans = None
            with suppress(OSError):  # no descriptor is left
                self._orphans = self._list_orphans()
        return self._orphans

    def _list_orphans(self) -> set[int] | None:
        """List them; what a keeper and its guard had that have just died may be anybody's by now."""
        own = facts.own_children() or set()
        guards = {keeper.guard for keeper in self._keepers}
        found = set().union(own - self._reaper.pids() - guards, *(keeper.orphans() for keeper in self._keepers))
        return found if all(keeper.is_buried or is_held(keeper.folder) for keeper in self._keepers) else None

    def describe(self) -> list[dict[str, Any]]:
        """Return the keepers and guards, for people: pid, version, restarts, the last death, what is wrong."""
        current = [keeper for keeper in self._keepers if keeper is self._current or keeper.running]
        told = [("keeper", each.pid, each) for each in current] + [("guard", each.guard, each) for each in current]
        return [
            {
                "role": role,
                "pid": pid,
                "version": str(keeper.version),
                "restarts": self.restarts,
                "last_death": self._last_death,
                "note": self._note(keeper) if role == "keeper" else "",
            }
            for role, pid, keeper in told
        ]

    def _note(self, keeper: Keeper) -> str:
        """Return what is unusual about a keeper."""
        if keeper.broken:
            return f"cannot write its journal: {keeper.broken}"
        if keeper.link is None or self._silent == keeper.number:
            return f"does not answer; it waits in {facts.read(f'/proc/{keeper.pid}/wchan').decode() or 'nothing known'}"
        return "" if keeper is self._current else f"finishes what it has: {len(keeper.running)} processes"

    async def shorten(self, open_keys: Collection[str]) -> None:
        """Drop what the store knows: `open_keys` are the attempts whose end it had not stored when it was read, after the last
        call. What was started since then may have ended, and not be among them.
        """
        open_keys, self._lately = self._lately.union(open_keys), set()
        for keeper in list(self._keepers):
            newest = keeper.records.generation
            wanted = open_keys.union(keeper.children)  # whoever waited for a child may still be ending what it left
            waiting = [keeper.ended[key] for key in wanted if key in keeper.ended]
            if keeper.link is not None:
                with suppress(OSError):
                    if newest > keeper.oldest and min(waiting, default=newest) >= newest:
                        await keeper.link.send({"do": "drop", "before": newest})
                        keeper.dropped(newest)
                    elif keeper.records.offset > LONG_BYTES and newest == keeper.oldest:
                        await keeper.link.send({"do": "rotate"})
            elif not (keeper.running or waiting or keeper.unended.intersection(wanted) or is_held(keeper.folder)):
                self._keepers.remove(keeper)
                with suppress(OSError):  # the next conductor finds it again
                    await run_sync(keeper.remove)

    # -- which keeper ----------------------------------------------------------------------------------------------

    def _take_folder(self) -> None:
        """Make the folder, and begin a new epoch in it: keepers hear the conductor with the highest one."""
        make_private(self._folder)
        place = self._folder / EPOCH
        with suppress(OSError, ValueError):
            self._epoch = int(place.read_text("ascii"))
        self._epoch = max(self._epoch + 1, int(time.time()))
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with suppress(OSError), os.fdopen(open_own(place, flags), "wb") as file:  # on a full disk the clock has to do
            file.write(b"%d" % self._epoch)

    async def _find(self, folder: Path) -> None:
        """Take up what an earlier conductor's keeper is doing, or what it left."""
        keeper = Keeper(folder)
        self._keepers.append(keeper)
        await self._take_all(keeper)
        if await self._reach(keeper):
            self._tasks.start_soon(self._follow, keeper)
        else:
            await self._bury(keeper)

    async def _newest(self) -> Keeper:
        """Return the keeper for new starts.

        Raises:
            OSError: there is none, and none could be started.
        """
        if self._current is None:
            numbers = [int(folder.name) for folder in self._folder.iterdir() if folder.name.isdecimal()]
            keeper = Keeper(self._folder / str(1 + max(numbers, default=0)))
            await launch(keeper, self._reaper, self._env, self._procs, partial(self._reach, keeper))
            self._keepers.append(keeper)
            self._current = keeper
            self._tasks.start_soon(self._follow, keeper)
        return self._current

    async def _reach(self, keeper: Keeper) -> bool:
        """Connect to a keeper. It takes new starts if it is the newest, of our version, and hands on what we would hand on."""
        keeper.link = await Link.open(keeper.folder, self._epoch, self._env)
        if keeper.link is None:
            return False
        self._take(keeper)
        hello = keeper.link.hello
        same = hello["version"] == VERSION and hello["surroundings"] == surroundings()
        if same and (self._current is None or self._current.number < keeper.number):
            self._current = keeper
        return True

    # -- its life --------------------------------------------------------------------------------------------------

    async def _ask(self, keeper: Keeper, starts: Sequence[Start]) -> None:
        """Send starts. If the connection is broken, `_follow` finds out and asks again."""
        if keeper.link is not None:
            with suppress(OSError):
                await keeper.link.start(starts, self._umask)

    async def _follow(self, keeper: Keeper) -> None:
        """Listen to a keeper, and connect again if it hung up, until it does not answer any more."""
        while (link := keeper.link) is not None:
            while (message := await link.next()) is not None:
                if "refused" in message:
                    self._asked.pop(message["refused"], None)
                    keeper.add(message["refused"]).fail("refused", message["why"])
                    if self._current is keeper and not keeper.records.exists():
                        self._current = None  # it will never write again
                elif "broken" in message:
                    keeper.broken = message["broken"]
                else:
                    self._take(keeper)
            link.close()
            keeper.link = None
            if is_held(keeper.folder) and await self._reach(keeper):
                self._take(keeper)
                await self._ask(keeper, self._unbegun(keeper))
        await self._bury(keeper)

    def _take(self, keeper: Keeper, *, to_the_last: bool = False) -> bool:
        """Read on in a journal; return False if it cannot be read now, which the next look makes good."""
        self._orphans = None
        try:
            keeper.take(to_the_last=to_the_last)
        except OSError as error:
            log.warning("journal_not_read", number=keeper.number, error=str(error))
            return False
        if self._asked:
            for key in [key for key in self._asked if (child := keeper.children.get(key)) and child.state != "asked"]:
                del self._asked[key]
        return True

    async def _take_all(self, keeper: Keeper) -> None:
        """Read a journal to its end, however long that takes."""
        while not self._take(keeper, to_the_last=True):  # noqa: ASYNC110 -- there is nothing to wait for but time
            await anyio.sleep(SILENT_SECONDS)

    def _unbegun(self, keeper: Keeper) -> list[Start]:
        """Return what this keeper was asked for and did not begin."""
        return [start for key, start in self._asked.items() if key in keeper.children]

    async def _bury(self, keeper: Keeper) -> None:
        """Find out what became of a keeper that does not answer, and take care of what it was doing."""
        await self._take_all(keeper)
        if self._current is keeper:
            self._current = None
        if keeper.is_alive():
            log.error("keeper_silent", pid=keeper.pid, waits_in=facts.read(f"/proc/{keeper.pid}/wchan").decode())
            self._tasks.start_soon(self._await_silent, keeper)
            return
        if running := keeper.running:
            self.restarts += 1
            self._last_death = f"{iso(time.time())}, pid {keeper.pid}, with {len(running)} processes"
            log.error("keeper_died", pid=keeper.pid, running=len(running))
        again = self._unbegun(keeper)
        keeper.is_buried = True
        for child in keeper.children.values():
            child.is_adrift = True
        for child in running:
            if not keeper.is_of_this_boot:
                child.fail("lost", remains.RESTARTED)
            elif child.state == "running":
                self._tasks.start_soon(remains.watch, keeper, child, self._take)
            elif child.state == "begun":
                self._tasks.start_soon(remains.settle, keeper, child, self._take)
        if again:
            self._tasks.start_soon(self._move, keeper, again)

    async def _move(self, dead: Keeper, starts: Sequence[Start]) -> None:
        """Ask another keeper for what a dead one did not begin."""
        async with self._turn:
            try:
                keeper = await self._newest()
            except OSError as error:
                for start in starts:
                    dead.children[start.key].fail("refused", f"no keeper could be started: {error.strerror}")
                return
            for start in starts:
                keeper.children[start.key] = dead.children.pop(start.key)
            await self._ask(keeper, starts)

    async def _await_silent(self, keeper: Keeper) -> None:
        """Read the journal of a keeper that does not answer, until it answers or is dead."""
        while keeper.is_alive():
            await anyio.sleep(SILENT_SECONDS)
            self._take(keeper)
            if await self._reach(keeper):
                await self._ask(keeper, self._unbegun(keeper))
                return await self._follow(keeper)
        return await self._bury(keeper)

    async def _watch_silence(self) -> None:
        """Give new starts to another keeper when the current one does nothing about what it was asked."""
        while True:
            keeper, before = self._current, set(self._asked)
            await anyio.sleep(ANSWER_SECONDS)
            if keeper is not None and keeper is self._current and before.intersection(self._asked):
                log.error("keeper_silent", pid=keeper.pid, waits_in=facts.read(f"/proc/{keeper.pid}/wchan").decode())
                self._current, self._silent = None, keeper.number

    def _orphan_reaped(self, pid: int, code: int) -> None:
        """Note the end of a process that came to us because keeper and guard are dead."""
        self._orphans = None
        for keeper in self._keepers:
            if keeper.link is None:
                keeper.reaped(pid, NamelessEnd(code, time.time()))


async def _end_if_idle(keeper: Keeper) -> None:
    if keeper.link is not None and not keeper.running:
        with suppress(OSError), anyio.move_on_after(1):
            await keeper.link.send({"do": "end"})
