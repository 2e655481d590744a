"""The keeper's journal: records of starts and ends, appended one at a time.

`parse` and the words of a record are read by conductors of every later version: they may be added to, never changed.

    open VERSION BOOT_ID KEEPER GUARD   the first record of a generation, with the pids of both
    begin KEY CGROUP AT BOOTED          a process is about to be started (AT in nanoseconds since the epoch, BOOTED since boot)
    started KEY PID TICKS CGROUP        it was, at this time since boot; CGROUP is "" if it is in none of its own
    failed KEY ERRNO REASON             it could not be started
    ended KEY PID CODE AT               it ended with this exit code, negative for a signal
    orphaned CODE LEFT                  the keeper itself ended; from here on its guard writes. LEFT: PID and TICKS of each child
                                        that may be of a start it died in, null if they cannot be listed
    gone PID CODE TICKS SESSION AT PATH a process that the keeper left ended; it was in the control group with this path
    over                            nothing that the keeper left runs any more; the guard ends
    next GENERATION                     the journal goes on in another file
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import zlib
from contextlib import suppress

from podium.keeper.system import LINUX, TICKS, boot_id, children, facts, libc, point

TYPE_CHECKING = False
if TYPE_CHECKING:  # see `serving`
    from typing import Any

VERSION = 3  # of the protocol between a conductor and its keeper
JOURNAL = "journal."
RESERVED_BYTES = (
    1 << 20
)  # of the disk, taken for the journal in advance: what has begun can be written when the disk is full
RECORD_BYTES = 512  # more than a record takes
KEEP_SIZE = 1  # of linux/falloc.h


def record(*words: object) -> bytes:
    """Return a line of the journal: its length, its checksum, and the words as JSON."""
    text = json.dumps(words, separators=(",", ":")).encode()
    return b"%d %08x %s\n" % (len(text), zlib.crc32(text), text)


def parse(data: bytes) -> tuple[list[list[Any]], int]:
    """Return the whole records in a piece of a journal, and how many bytes they take; a torn line between others is left out."""
    found: list[list[Any]] = []
    end = data.rfind(b"\n") + 1
    for line in data[:end].splitlines():
        length, _, rest = line.partition(b" ")
        check, _, text = rest.partition(b" ")
        with suppress(ValueError, RecursionError):
            if int(length) == len(text) and int(check, 16) == zlib.crc32(text):
                found.append(json.loads(text))
    return found, end


def generations(folder: str) -> list[int]:
    """Return the generations of the journal in a keeper's folder, the oldest first."""
    names = (name.removeprefix(JOURNAL) for name in os.listdir(folder) if name.startswith(JOURNAL))
    return sorted(int(name) for name in names if name.isdecimal())


class Journal:
    """The journal of one keeper, open at its newest generation. Each record is one write; one cut short is taken back."""

    def __init__(self, generation: int, *, is_there: bool = False) -> None:
        self.generation = generation
        flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | (0 if is_there else os.O_CREAT)
        self._file = os.open(f"{JOURNAL}{generation}", flags, 0o600)
        self.length = self._reserved = os.fstat(self._file).st_size

    def reserve(self, records: int) -> None:
        """Make sure that so many records can be written, as far as the file system can promise it.

        Raises:
            OSError: the disk is full.
        """
        if LINUX and self.length + records * RECORD_BYTES > self._reserved:
            size = max(RESERVED_BYTES, records * RECORD_BYTES)
            failed = libc.fallocate(self._file, KEEP_SIZE, ctypes.c_int64(self.length), ctypes.c_int64(size))
            if failed and ctypes.get_errno() in {errno.ENOSPC, errno.EDQUOT}:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._reserved = self.length + size

    def open(self) -> None:
        """Append the first record of a generation."""
        self.append("open", VERSION, boot_id(), os.getpid(), os.getppid())

    def append(self, *words: object) -> None:
        """Append one record.

        Raises:
            OSError: it cannot be written now, or the file has no name any more; nothing of it was written.
        """
        if not os.fstat(self._file).st_nlink:
            raise OSError(errno.ENOENT, "its journal was removed")
        line = record(*words)
        point("torn_record", lambda: os.write(self._file, line[: len(line) // 2]))
        if os.write(self._file, line) < len(line):
            os.ftruncate(self._file, self.length)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.length += len(line)

    def mend(self) -> None:
        """End a line that the process before us left torn."""
        if self.length and os.pread(self._file, 1, self.length - 1) != b"\n":
            self.length += os.write(self._file, b"\n")

    def unnamed(self, keeper: int) -> list[tuple[int, int]] | None:
        """Return pid and start time of each child that may be of a start that was begun and not told: of the last record's.

        None if the system does not list children, or cannot now.
        """
        told, _ = parse(os.pread(self._file, self.length, 0))
        if not told or told[-1][0] != "begin":
            return []
        named = {keeper}
        for word, _, pid, *_ in (words for words in told if words[0] in {"started", "ended"}):
            (named.add if word == "started" else named.discard)(pid)
        try:
            pids = children()
        except OSError:
            return None
        if pids is None:
            return None
        since = told[-1][4] * TICKS // 10**9
        return [(pid, ticks) for pid in pids if pid not in named and (ticks := facts(pid)[0]) >= since]

    def close(self) -> None:
        """Close it."""
        os.close(self._file)
