"""The reader's first process: it has imported everything, looks at nothing, and forks the workers that do.

It ends when the conductor closes its socket or dies, and takes its workers with it; they die with it too, where the system can do
that. What it is asked and what it reports has a fixed length, see `requests`.
"""

import ctypes
import gc
import os
import resource
import select
import signal
import socket
import sys
from contextlib import suppress

from podium.keeper.system import point
from podium.reader import worker
from podium.reader.requests import FORK, NEWS

PR_SET_PDEATHSIG = 1
ZYGOTE_POINTS = (
    "reader_ready",
    "before_worker_fork",
    "after_worker_fork",
    "after_worker_told",
    "before_worker_end_told",
    "after_worker_end_told",
)
"""Where a test can let the zygote die; see `keeper.system.point`."""


class Zygote:
    """Forks workers on the socket `control` until it closes."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._workers: set[int] = set()
        self._asked = bytearray()
        self._sockets: list[int] = []
        self._wake, self._woken = os.pipe()
        os.set_blocking(self._woken, False)
        self._libc = ctypes.CDLL(None)

    def run(self) -> None:
        """Fork, report starts and ends, and kill on demand; return when the conductor has gone."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        gc.collect()
        control = self._control.fileno()
        gc.freeze()  # the workers share what is here; collecting would copy it
        point("reader_ready")
        try:
            while True:
                ready, _, _ = select.select([control, self._wake], [], [])
                if self._wake in ready:
                    os.read(self._wake, 4096)
                    self._report_ends()
                if control in ready and not self._take():
                    return
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            for pid in self._workers:
                os.kill(pid, signal.SIGKILL)

    def _take(self) -> bool:
        data, sockets, _, _ = socket.recv_fds(self._control, 4096, 16)
        if not data:
            return False
        self._asked += data
        self._sockets += sockets
        while len(self._asked) >= FORK.size:
            what, seconds, number = FORK.unpack_from(self._asked)
            del self._asked[: FORK.size]
            if what == b"f":
                self._fork(self._sockets.pop(0), seconds, number)
            elif number in self._workers:
                os.kill(number, signal.SIGKILL)
        return True

    def _fork(self, descriptor: int, seconds: float, memory: int) -> None:
        point("before_worker_fork")
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            try:
                self._become_worker(parent, memory)
                worker.serve(socket.socket(fileno=descriptor), seconds)
            finally:
                os._exit(1)
        self._workers.add(pid)
        os.close(descriptor)
        point("after_worker_fork")
        self._control.sendall(NEWS.pack(b"s", pid, 0))
        point("after_worker_told")

    def _become_worker(self, parent: int, memory: int) -> None:
        """Drop what belongs to the parent, take the limit of memory, and die with the parent."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self._control.detach(), self._wake, self._woken, *self._sockets):
            os.close(descriptor)
        if sys.platform == "linux":
            self._libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(ValueError, OSError):  # macOS may refuse it
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    def _report_ends(self) -> None:
        while self._workers:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._workers.discard(pid)
            point("before_worker_end_told")
            self._control.sendall(NEWS.pack(b"e", pid, status))
            point("after_worker_end_told")


def _never_wait() -> None:
    """Open the standard error anew, so that a message is dropped, and not waited for, where nobody reads it.

    Non-blocking mode belongs to the open file: set on the one that came from the conductor it would change the conductor's too.
    """
    with suppress(OSError):  # not Linux, or a socket: it stays as it is
        own = os.open("/proc/self/fd/2", os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY)
        os.dup2(own, 2)
        os.close(own)


def main() -> None:
    """Serve the socket that is the standard input. Does not return."""
    _never_wait()
    Zygote(socket.socket(fileno=os.dup(0))).run()
    os._exit(0)  # all is told; to take apart what was loaded would only cost
