"""Forks `podium` processes off one that has loaded their code: `python -m tests.support.nursery KIND SOCKET`.

Loading the code is nine tenths of what a short conductor or server costs, and the tests start hundreds. What is forked is a
process like any other, with a session, folder, environment, limits and descriptors as ordered; only the code was there before.
`nursed.py` orders, for tests and through `errand.py`. The nursery ends with its standard input, what it forked does not.
"""

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from importlib import import_module, reload
from pathlib import Path
from typing import Any

from podium.cli.calling.light import configure_log, hidden
from podium.contract.secrets.masks import redactor
from tests.support.errand import NUMBER, PROGRAMS, STREAMS

LOOP = "anyio._backends._asyncio"  # what anyio loads when the first loop starts


def _load_conductor() -> None:
    """Load what `podium start --foreground` does, and nothing else: a conductor never has more."""
    import_module("podium.cli.commands.start")
    import_module("podium.conductor.daemon")
    import_module(LOOP)


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


def _load_stand_in() -> None:
    """Load a server with a stand-in for the conductor."""
    import_module(PROGRAMS["stand-in"])


def _load_holder() -> None:
    """Load what starts attempts and is killed then."""
    import_module(PROGRAMS["holder"])
    import_module(LOOP)


LOADERS: dict[str, Callable[[], None]] = {
    "conductor": _load_conductor,
    "reader": _load_reader,
    "server": _load_server,
    "commands": _load_commands,
    "stand-in": _load_stand_in,
    "holder": _load_holder,
}


def nurse(kind: str, path: str) -> None:
    """Fork a minder for each order until the standard input ends. Returns in the processes that are to become `podium`."""
    LOADERS[kind]()
    gc.freeze()  # what is forked shares it
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a minder
        while select.select([0, listener.fileno()], [], [])[0] == [listener.fileno()]:
            peer, _ = listener.accept()
            if os.fork() == 0:
                break
            peer.close()
        else:
            os._exit(0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _mind(peer)


def _mind(peer: socket.socket) -> None:
    """Fork what the peer orders, and send it the pid and then the exit code. Returns in the forked process."""
    minder = os.getpid()
    try:
        length, streams, _, _ = socket.recv_fds(peer, NUMBER.size, STREAMS)
        with peer.makefile("rb") as rest:
            order = json.loads(rest.read(*NUMBER.unpack(length)))
        pid = os.fork()
        if pid == 0:
            _become(order, streams)
            return
        os.closerange(0, STREAMS)
        for stream in streams:
            os.close(stream)
        peer.sendall(NUMBER.pack(pid))
        peer.sendall(NUMBER.pack(_code_of(pid, peer, bound=order["bound"])))
        peer.recv(1)  # it is a zombie, as every child is, until its peer knows and closes
    finally:
        if os.getpid() == minder:
            os._exit(0)


def _code_of(pid: int, peer: socket.socket, *, bound: bool) -> int:
    """Return the exit code of a process when it has ended. One that is `bound` to its peer is killed when that goes."""
    if bound:
        hold = os.pidfd_open(pid)
        if hold not in select.select([hold, peer.fileno()], [], [])[0]:
            os.kill(pid, signal.SIGKILL)
    end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert end is not None
    return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status


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
    if faults := sys.modules.get("podium.conductor.faults"):
        reload(faults)  # it looks at the environment when it is loaded
    if order["reader"]:
        sys.modules["podium.conductor.reading.process"].__dict__["COMMAND"] = tuple(order["reader"])
    sys.argv = ["podium", *order["words"]]


if __name__ == "__main__":
    if os.fork():
        os._exit(0)  # a nursery is no child of the tests: an engine in their process takes each of those for its own
    asked = sys.argv[1]
    nurse(asked, sys.argv[2])
    sys.exit(import_module(PROGRAMS.get(asked, "podium.cli")).main())
