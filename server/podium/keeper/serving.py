"""The keeper: it starts processes as the conductor asks, and writes each start and each end to its journal; see `program.py`."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from contextlib import suppress

from podium.keeper import folder, system
from podium.keeper.guarding import RETRY_SECONDS, until_written
from podium.keeper.journal import JOURNAL, VERSION, Journal, generations
from podium.keeper.system import DEFAULT_SIGNALS, facts, point

TYPE_CHECKING = False
if TYPE_CHECKING:  # it would be a tenth of the time in which a keeper starts
    from typing import Any

SOCKET = "socket"
# Without a conductor and without a process; tests may want less.
IDLE_SECONDS = float(os.environ.get("PODIUM_KEEPER_IDLE", "10"))
MOST_DESCRIPTORS = 250  # of one message; the kernel allows 253


class Keeper:
    """Starts and reaps. `procs` is the file of its own control group, "" without one."""

    def __init__(self, procs: str) -> None:
        point("before_open")
        self._journal = Journal(1)
        self._journal.open()
        point("after_open")
        self._running: dict[int, tuple[str, int, str]] = {}  # pid -> key, start ticks, control group
        self._begun: dict[str, int] = {}  # key -> generation
        self._env: dict[str, str] = {}
        self._procs = os.open(procs, os.O_WRONLY) if procs else -1
        self._score = system.oom_file()
        point("before_listen")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(SOCKET)
        self._listener.listen()
        self._conductor: socket.socket | None = None
        self._epoch = 0
        self._input, self._files = b"", list[int]()
        self._told = (0, 0)
        self._broken = ""
        self._ending = False
        self._child_ended, wake = socket.socketpair()
        for end in (self._child_ended, wake, self._listener):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        self._wake = wake

    def run(self) -> None:
        """Serve until nothing runs and no conductor has been connected for a while, or one asks for the end."""
        idle_since = time.monotonic()
        while True:
            poll = select.poll()
            poll.register(self._listener, select.POLLIN)
            poll.register(self._child_ended, select.POLLIN)
            if self._conductor is not None:
                owed = self._told != (self._journal.generation, self._journal.length)
                poll.register(self._conductor, select.POLLIN | (select.POLLOUT if owed else 0))
            seconds = RETRY_SECONDS if self._broken else IDLE_SECONDS
            ready = {number for number, _ in poll.poll(1000 * seconds)}
            with suppress(BlockingIOError):
                self._child_ended.recv(4096)
            self._reap()
            if self._listener.fileno() in ready:
                self._accept()
            elif self._conductor and self._conductor.fileno() in ready:
                self._listen()
            self._tell()
            if self._running or self._conductor is not None:
                idle_since = time.monotonic()
            idle = not self._running and not self._broken
            if idle and (self._ending or time.monotonic() - idle_since >= IDLE_SECONDS):
                return

    # -- the conductor ---------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        """Take a new connection in place of the old one, of which nothing unread is done any more."""
        with suppress(OSError):
            fresh, _ = self._listener.accept()
            self._hang_up()
            fresh.setblocking(False)
            self._conductor = fresh
            point("after_accept")

    def _hang_up(self) -> None:
        if self._conductor is not None:
            self._conductor.close()
        for file in self._files:
            os.close(file)
        self._conductor, self._input, self._files, self._ending = None, b"", [], False
        self._told = (0, 0)
        point("after_hang_up")

    def _listen(self) -> None:
        """Read what the conductor sent, and do it."""
        if self._conductor is None:
            return
        try:
            data, files, _, _ = socket.recv_fds(self._conductor, 1 << 18, MOST_DESCRIPTORS)
        except BlockingIOError:
            return
        except OSError:  # a conductor that was killed
            data, files = b"", []
        self._files += files
        if not data:
            self._hang_up()
            return
        *lines, self._input = (self._input + data).split(b"\n")
        for line in lines:
            try:
                if self._conductor is not None:
                    self._do(json.loads(line))
            except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
                self._say({"error": repr(error)})
                self._hang_up()

    def _do(self, asked: dict[str, Any]) -> None:
        match asked["do"]:
            case "hello":
                if asked["epoch"] < self._epoch:
                    self._hang_up()
                    return
                self._epoch, self._env = asked["epoch"], asked["env"]
                point("before_answer")
                self._say({"version": VERSION, "pid": os.getpid(), "guard": os.getppid(), "running": len(self._running),
                           "generation": self._journal.generation, "length": self._journal.length,
                           "surroundings": system.surroundings()})  # fmt: skip
            case "start":
                for start in asked["starts"]:
                    self._start(start)
            case "list":
                self._say({"list": [[key, pid, ticks] for pid, (key, ticks, _) in self._running.items()]})
            case "rotate":
                self._rotate()
            case "drop":
                self._drop(asked["before"])
            case "end":
                self._ending = True

    def _say(self, message: dict[str, Any]) -> None:
        """Send a message. It is never waited for: a conductor that does not read is cut off, and finds all in the journal."""
        if self._conductor is not None:
            line = json.dumps(message).encode() + b"\n"
            try:
                if self._conductor.send(line) == len(line):
                    return
            except OSError:
                pass
            self._hang_up()

    def _tell(self) -> None:
        """Say how long the journal is, if that is news and there is room for it."""
        now = self._journal.generation, self._journal.length
        if self._conductor is not None and self._told != now:
            point("before_tell")
            try:
                self._conductor.send(json.dumps({"generation": now[0], "length": now[1]}).encode() + b"\n")
                self._told = now
            except BlockingIOError:
                pass
            except OSError:
                self._hang_up()

    # -- processes -------------------------------------------------------------------------------------------------

    def _start(self, start: dict[str, Any]) -> None:
        """Start one process, in its control group if it has one. A key that was begun is never begun again."""
        key = start["key"]
        output = self._files.pop(0) if start.get("piped") else -1
        try:
            if key in self._begun:
                self._say({"refused": key, "why": "it was begun before"})
                return
            try:
                self._journal.reserve(len(self._running) + 4)
                point("before_begin")
                self._journal.append(
                    "begin", key, start["cgroup"], time.time_ns(), time.clock_gettime_ns(system.BOOTED)
                )
            except OSError as error:
                self._say({"refused": key, "why": f"the keeper cannot write its journal: {error.strerror}"})
                return
            self._begun[key] = self._journal.generation
            point("after_begin")
            try:
                if start.get("folder"):
                    folder.make(start["folder"], start["script"])
                    point("after_folder")
                pid, inside = self._spawn(start, output)
            except (OSError, ValueError) as error:
                system.leave_none(start["cgroup"])
                number = error.errno if isinstance(error, OSError) else 0
                self._surely("failed", key, number, os.strerror(number) if number else str(error))
                return
            ticks = facts(pid)[0]
            point("before_started")
            self._running[pid] = key, ticks, start["cgroup"] if inside else ""
            self._surely("started", key, pid, *self._running[pid][1:])
            point("after_started")
        finally:
            if output >= 0:
                os.close(output)

    def _spawn(self, start: dict[str, Any], output: int) -> tuple[int, bool]:
        """Return the pid of the new process, and whether it is in its control group."""
        actions: list[tuple[Any, ...]] = [(os.POSIX_SPAWN_OPEN, 0, start["stdin"], os.O_RDONLY, 0)]
        for number, name in ((1, "stdout"), (2, "stderr")):
            if output >= 0:
                actions.append((os.POSIX_SPAWN_DUP2, output, number))
            else:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
                actions.append((os.POSIX_SPAWN_OPEN, number, start[name], flags, 0o600))
        env = {**self._env, **start["env"]}
        inside = self._enter(start["cgroup"])
        point("after_enter")
        os.umask(start["umask"])
        if self._score:
            os.pwrite(self._score[0], self._score[1], 0)
        point("before_spawn")
        try:
            pid = os.posix_spawn(start["argv"][0], start["argv"], env, file_actions=actions, setsid=True,
                                 setsigmask=(), setsigdef=DEFAULT_SIGNALS)  # fmt: skip
            point("after_spawn")
            return pid, inside
        finally:
            if self._score:
                os.pwrite(self._score[0], self._score[2], 0)
            if inside:
                os.write(self._procs, b"0")

    def _enter(self, group: str) -> bool:
        """Enter a control group that is made for this start. Without it the process is known by its environment."""
        if not group or self._procs < 0:
            return False
        try:
            os.mkdir(group)
            file = os.open(f"{group}/cgroup.procs", os.O_WRONLY)
            try:
                return os.write(file, b"0") > 0
            finally:
                os.close(file)
        except OSError:
            system.leave_none(group)
            return False

    def _reap(self) -> None:
        """Write how each child ended, then take it from the kernel. While that cannot be written, the zombie is the record.

        Where the folder was removed nobody can ever read it: without a conductor it is dropped then.
        """
        while ended := system.peek():
            pid, code = ended
            if pid in self._running:
                point("before_ended")
                try:
                    self._journal.append("ended", self._running[pid][0], pid, code, time.time_ns())
                except OSError as error:
                    if self._conductor is not None or os.stat(".").st_nlink:
                        if not self._broken:
                            self._broken = error.strerror or str(error)
                            self._say({"broken": self._broken})
                        return
                del self._running[pid]
                point("after_ended")
            os.waitpid(pid, 0)
            point("after_reap")
        if self._broken:
            self._broken = ""
            self._say({"broken": ""})

    def _surely(self, *words: object) -> None:
        """Append a record of what has happened: without it nothing else may happen."""
        until_written(lambda: self._journal.append(*words))

    def _rotate(self) -> None:
        """Begin a new generation, with a line for each process that runs; on a full disk the old one goes on."""
        point("before_rotate")
        fresh = Journal(self._journal.generation + 1)
        try:
            fresh.reserve(len(self._running) + 4)
            fresh.open()
            point("rotate_opened")
            for pid, (key, ticks, group) in self._running.items():
                fresh.append("started", key, pid, ticks, group)
            point("before_next")
            self._journal.append("next", fresh.generation)
            point("after_next")
        except OSError:
            os.unlink(f"{JOURNAL}{fresh.generation}")
            fresh.close()
            return
        self._begun |= {key: fresh.generation for key, _, _ in self._running.values()}
        self._journal.close()
        self._journal = fresh

    def _drop(self, before: int) -> None:
        """Forget the generations before one: the conductor has stored all that they tell."""
        point("before_drop")
        for generation in generations("."):
            if generation < min(before, self._journal.generation):
                os.unlink(f"{JOURNAL}{generation}")
        point("after_drop")
        self._begun = {key: generation for key, generation in self._begun.items() if generation >= before}
