"""Orders to a nursery (`nursery.py`); as a program, `python -I -S errand.py SOCKET WORDS...`, it stands for what it orders.

It is for those who can only start a command, such as an agent's client. It starts in no time, and so it takes from the standard
library only what is written in C: `socket`, `signal` and `json` would take as long as the interpreter itself.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # it has no stub
import _socket as socket
import marshal
import os
import resource
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NUMBER = struct.Struct("<i")  # the length of an order; back come a pid and an exit code, negative for a signal
STREAMS = 3  # stdin, stdout and stderr come with the length
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PROGRAMS = {
    "reader": "podium.reader.zygote",
    "bad-reader": "tests.support.bad_reader",
    "stand-in": "tests.support.stdio_stand_in",
    "holder": "tests.support.attempt_holder",
}
"""The modules that have the `main` of what is not the `podium` command."""
LIMITS = [name for name in dir(resource) if name.startswith("RLIMIT_")]


def order(
    path: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    streams: Sequence[int],
    *,
    reader: Sequence[str] = (),
    bound: bool,
) -> socket.socket:
    """Order a process as it would be if it were ours, and return the socket on which a nursery tells of it.

    A conductor starts its `reader` with that command. A process that is `bound` is killed when that socket is closed.
    """
    umask = os.umask(0o077)
    os.umask(umask)
    told = {
        "words": list(words),
        "environment": dict(environment),
        "folder": os.getcwd(),  # noqa: PTH109 -- this is all that an errand loads
        "umask": umask,
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in LIMITS},
        "reader": list(reader),
        "bound": bound,
    }
    text = marshal.dumps(told)
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    rights = struct.pack(f"{len(streams)}i", *streams)
    peer.sendmsg([NUMBER.pack(len(text))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    peer.sendall(text)
    return peer


def read_number(peer: socket.socket) -> int:
    """Return what the nursery tells next.

    Raises:
        ConnectionError: it has ended.
    """
    data = peer.recv(NUMBER.size)
    if not data:
        raise ConnectionError("the nursery has ended")
    return int(NUMBER.unpack(data)[0])


def main(path: str, *words: str) -> int:
    """Stand for a process: pass on the signals that end it, and return its exit code."""
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)  # until it is known to whom
    peer = order(path, words, os.environ, range(STREAMS), bound=True)
    pid = read_number(peer)
    with open("/proc/self/comm", "w") as name:  # noqa: PTH123 -- for `nursed.stood_for`
        name.write(str(pid))
    for number in PASSED_ON:
        signal.signal(number, lambda number, _: os.kill(pid, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    os.closerange(0, STREAMS)  # the process has them; when it closes one its peer must see that
    code = read_number(peer)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
