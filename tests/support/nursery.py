"""Forks `podium` processes off one that has loaded their code: `python -m tests.support.nursery KIND SOCKET`.

Loading the code is nine tenths of what a short conductor or server costs, and the tests start hundreds. What is forked is a
process like any other, with a session, folder, environment, limits and descriptors as ordered; only the code was there before.
`nursed.py` orders, for tests and through `errand.py`. The nursery ends with its standard input, what it forked does not.
"""

import gc
import marshal
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module, reload
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from podium.cli.calling.light import configure_log, hidden
from podium.contract import methods
from podium.contract.secrets.masks import redactor
from tests.support.errand import NUMBER, PROGRAMS, STREAMS

Base = TypeVar("Base")
ORDER_SECONDS = 5.0  # for one order to come
LOOP = "anyio._backends._asyncio"  # what anyio loads when the first loop starts


def _kinds(base: type[Base]) -> Iterator[type[Base]]:
    """Yield all that is derived from a class."""
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _load_conductor() -> None:
    """Load what `podium start --foreground` does, and make what checks the parameters of its methods."""
    import_module("podium.cli.commands.start")
    import_module("podium.conductor.daemon")
    import_module(LOOP)
    for kind in _kinds(methods.Params):
        with suppress(ValidationError):
            methods.checked(kind, {})  # a conductor makes it at the first call of the method


def _load_server() -> None:
    """Load what `podium serve` does, in the same order: its packages look at the set-up of the log."""
    import_module("podium.cli.commands.serve")
    configure_log("info")
    with hidden("rich"):
        import_module("podium.mcp.product")
    import_module(LOOP)


def _load_commands() -> None:
    """Load what the commands do that people use beside a conductor."""
    for name in import_module("podium.cli.inventory").COMMANDS:
        import_module(f"podium.cli.commands.{name}")
    import_module("podium.cli.commands.call.server")
    import_module(LOOP)


def _load_reader() -> None:
    """Load the reader of a conductor."""
    import_module(PROGRAMS["reader"])


def _load_bad_reader() -> None:
    """Load a reader that does to itself what it is asked to."""
    import_module(PROGRAMS["bad-reader"])


def _load_stand_in() -> None:
    """Load a server with a stand-in for the conductor, and what writes its log."""
    import_module(PROGRAMS["stand-in"])
    import_module("structlog")
    import_module(LOOP)


def _load_holder() -> None:
    """Load what starts attempts and is killed then."""
    import_module(PROGRAMS["holder"])
    import_module(LOOP)


READ_ONCE: dict[str, tuple[str, str, Callable[[str], object]]] = {
    "PODIUM_CLOCK_SHIFT": ("podium.conductor.clock", "_SHIFT_SECONDS", float),
    "PODIUM_JOURNAL_BYTES": ("podium.conductor.processes.keepers.keepers", "LONG_BYTES", int),
    "PODIUM_JOURNAL_PAUSE": ("podium.conductor.housekeeping.journals", "PAUSE_SECONDS", float),
}
"""Variables that are looked at while a module is loaded, which of its constants each is, and of what type."""
LOADERS: dict[str, Callable[[], None]] = {
    "conductor": _load_conductor,
    "reader": _load_reader,
    "bad-reader": _load_bad_reader,
    "server": _load_server,
    "commands": _load_commands,
    "stand-in": _load_stand_in,
    "holder": _load_holder,
}


@dataclass(eq=False)
class Child:
    """A process that was ordered. `peer` is told of it, and closed when it knows the end; it is None when it has gone."""

    pid: int
    peer: socket.socket | None
    bound: bool


class Nursery:
    """Forks what is ordered on the socket `listener`."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._running: dict[int, Child] = {}  # by the descriptors that hold them
        self._listening: dict[int, Child] = {}  # by their peers' descriptors: the peer goes, or knows the end
        self._poll = select.poll()
        for each in (0, listener.fileno()):
            self._poll.register(each, select.POLLIN)

    def serves(self) -> bool:
        """Serve until the standard input ends. Returns True in the processes that are to become `podium`."""
        while True:
            ready = {number for number, _ in self._poll.poll()}
            if 0 in ready:
                return False
            for number in ready:
                if number in self._running:
                    self._tell_end(number)
                elif number in self._listening:
                    self._let_go(number)
            if self._listener.fileno() in ready and self._take():
                return True

    def _take(self) -> bool:
        """Fork what the next peer orders, and tell it the pid. Returns True in the forked process."""
        peer, _ = self._listener.accept()
        peer.settimeout(ORDER_SECONDS)  # whoever was stopped while it orders stops no other
        try:
            length, streams, _, _ = socket.recv_fds(peer, NUMBER.size, STREAMS)
            with peer.makefile("rb") as rest:
                order = marshal.loads(rest.read(*NUMBER.unpack(length)))  # noqa: S302 -- we wrote it
        except (OSError, ValueError, EOFError, struct.error):  # whoever ordered was killed
            peer.close()
            return False
        peer.settimeout(None)
        pid = os.fork()
        if pid == 0:
            others = [child.peer for child in (*self._running.values(), *self._listening.values())]
            for each in (self._listener, peer, *others):
                if each is not None:
                    each.detach()  # all descriptors are closed at once
            _become(order, streams)
            return True
        for stream in streams:
            os.close(stream)
        child = Child(pid, peer, bound=order["bound"])
        hold = os.pidfd_open(pid)
        self._running[hold] = child
        self._poll.register(hold, select.POLLIN)
        if child.bound:
            self._listen(child)
        with suppress(OSError):
            peer.sendall(NUMBER.pack(pid))
        return False

    def _listen(self, child: Child) -> None:
        assert child.peer is not None
        self._listening[child.peer.fileno()] = child
        self._poll.register(child.peer, select.POLLIN)

    def _tell_end(self, hold: int) -> None:
        """Tell a peer the exit code. The process is a zombie, as every child is, until its peer knows."""
        child = self._running.pop(hold)
        self._poll.unregister(hold)
        os.close(hold)
        end = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert end is not None
        code = end.si_status if end.si_code == os.CLD_EXITED else -end.si_status
        if child.peer is None:
            os.waitpid(child.pid, 0)
            return
        with suppress(OSError):
            child.peer.sendall(NUMBER.pack(code))
        if not child.bound:
            self._listen(child)

    def _let_go(self, number: int) -> None:
        """Forget a peer that has closed: it knows the end; or its process, which is bound to it, is killed."""
        child = self._listening.pop(number)
        self._poll.unregister(number)
        assert child.peer is not None
        child.peer.close()
        child.peer = None
        if child in self._running.values():
            os.kill(child.pid, signal.SIGKILL)
        else:
            os.waitpid(child.pid, 0)


def nurse(kind: str, path: str) -> None:
    """Load what a kind needs, and fork until the standard input ends. Returns in the processes that are to become `podium`."""
    LOADERS[kind]()
    for model in _kinds(BaseModel):
        model.model_rebuild()  # what pydantic would build at its first use, in each process again
    gc.freeze()  # what is forked shares it
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        if not Nursery(listener).serves():
            os._exit(0)


def _become(order: dict[str, Any], streams: list[int]) -> None:
    """Make this process what was ordered, but for its code. A conductor is told how to get its reader from a nursery too."""
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(STREAMS, max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 1)
    os.chdir(order["folder"])
    os.umask(order["umask"])
    for name, limits in order["limits"].items():
        resource.setrlimit(getattr(resource, name), limits)
    os.environ.clear()
    os.environ.update(order["environment"])
    if results := sys.modules.get("podium.mcp.calls.results"):
        results.__dict__["redact"] = redactor(os.environ)  # it takes the secrets when it is loaded
    for variable, (place, constant, kind) in READ_ONCE.items():
        if variable in os.environ and (module := sys.modules.get(place)):
            module.__dict__[constant] = kind(os.environ[variable])
    for name in ("podium.conductor.faults", "podium.keeper.system"):
        if module := sys.modules.get(name):
            reload(module)  # it looks at the environment when it is loaded
    if order["reader"]:
        sys.modules["podium.conductor.reading.process"].__dict__["COMMAND"] = tuple(order["reader"])
    sys.argv = ["podium", *order["words"]]


if __name__ == "__main__":
    if os.fork():
        os._exit(0)  # a nursery is no child of the tests: an engine in their process takes each of those for its own
    asked = sys.argv[1]
    nurse(asked, sys.argv[2])
    sys.exit(import_module(PROGRAMS.get(asked, "podium.cli")).main())
