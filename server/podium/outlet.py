"""A descriptor that perhaps nobody reads: a thread writes to it, and whoever has something to say never waits.

A pipe that is not read is full after 64 kB, and a write to it then waits for ever, as it does on a disk that hangs. Non-blocking
mode is no way out: it belongs to the open file, so it would change for every process that shares it.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

WAITING_BYTES = 256 * 1024  # kept for a descriptor that takes nothing now; what comes then is dropped and counted
LOOK_SECONDS = 0.02


class Outlet:
    """Writes to one descriptor in the order of the calls, by a thread that no end of the process waits for.

    What finds no room, and what cannot be written, is dropped. `note` makes the line that says how much that was; it is
    written as soon as something can be written again.
    """

    def __init__(self, descriptor: int, note: Callable[[int], bytes]) -> None:
        self.note = note
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._waiting: list[bytes] = []
        self._size = 0
        self._dropped = 0
        self._is_writing = False
        self._thread: threading.Thread | None = None

    def put(self, data: bytes) -> None:
        """Have `data` written, or drop it."""
        with self._changed:
            is_full = self._waiting and self._size + len(data) > WAITING_BYTES
            if is_full or not self._has_thread():
                self._dropped += 1
                return
            self._waiting.append(data)
            self._size += len(data)
            self._changed.notify_all()

    def drain(self, seconds: float, *, stuck_seconds: float) -> bool:
        """Wait until all is written, and return whether it is.

        It waits for at most `seconds`, and for `stuck_seconds` where the descriptor takes nothing now.
        """
        begun = time.monotonic()
        with self._changed:
            while self._waiting or self._is_writing:
                waited = time.monotonic() - begun
                if waited >= seconds or (waited >= stuck_seconds and not takes(self._descriptor)):
                    return False
                self._changed.wait(LOOK_SECONDS)
        return True

    def _has_thread(self) -> bool:
        """Start the thread before the first line; a process that says nothing has none."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="outlet", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no further thread may be started now
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are for the thread that can act on them
        while True:
            with self._changed:
                while not self._waiting:
                    self._is_writing = False
                    self._changed.notify_all()
                    self._changed.wait()
                batch, self._waiting, self._size = self._waiting, [], 0
                told, self._dropped = self._dropped, 0
                if told:  # exactly here they would have come
                    batch.append(self.note(told))
                self._is_writing = True
            lost = self._write(batch)
            with self._changed:
                self._dropped += lost - 1 + told if lost and told else lost  # the note is the last of its batch

    def _write(self, batch: list[bytes]) -> int:
        """Write everything, however long that takes; return how many were lost."""
        for at, data in enumerate(batch):
            rest = memoryview(data)
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                return len(batch) - at
        return 0


def takes(descriptor: int) -> bool:
    """Return whether a descriptor would take something now; also if it would fail at once."""
    with suppress(OSError, ValueError):
        room = select.poll()
        room.register(descriptor, select.POLLOUT)
        return bool(room.poll(0))
    return True
