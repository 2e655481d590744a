"""The process above a lane's own: it waits, and if the lane is killed, it ends and records what the lane was playing."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from types import FrameType

from . import place
from .senses import WATCHED, Senses, say
from .station import Station
from .tree import Tree

GRACE_SECONDS = 5.0
AGAIN_SECONDS = 1.0  # after a record that could not be made


def guarded(station: Station, work: Callable[[Callable[[int, str], None]], int]) -> int:
    """Do the work of a lane in a child, and return its exit code. The work is given a way to tell what it plays."""
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    reader, writer = os.pipe()
    worker = os.fork()
    if worker:
        os.close(writer)
        return _guard(station, worker, reader)
    os.close(reader)
    code = 1
    try:
        code = work(lambda serial, key: _tell(writer, serial, key))
    except BaseException as error:  # noqa: BLE001 -- whatever it is, the guard ends what the lane leaves
        import traceback  # noqa: PLC0415 -- rarely needed

        say(f"lane {station.lane} on node {station.node} broke: {error!r}\n{traceback.format_exc()}")
    os._exit(code)


def _tell(writer: int, serial: int, key: str) -> None:
    os.write(writer, json.dumps([serial, key]).encode() + b"\n")


def _guard(station: Station, worker: int, reader: int) -> int:
    def forward(number: int, _: FrameType | None) -> None:
        os.kill(worker, number)

    forwarded = (signal.SIGTERM, signal.SIGUSR1)
    for number in forwarded:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, forwarded)
    told = b'[0,""]\n'
    while data := os.read(reader, 65536):
        told = (told + data)[-65536:]
    signal.pthread_sigmask(signal.SIG_BLOCK, forwarded)
    _, status = os.waitpid(worker, 0)
    if status == 0:
        return 0
    serial, key = json.loads(told.rstrip(b"\n").rpartition(b"\n")[2])
    killed = os.WIFSIGNALED(status)
    how = f"was killed by signal {os.WTERMSIG(status)}" if killed else f"ended with code {os.WEXITSTATUS(status)}"
    _clear(station, serial, key, f"the lane {how}")
    return 1


def _clear(station: Station, serial: int, key: str, detail: str) -> None:
    """End what the lane was playing, and record that it ended so."""
    say(f"lane {station.lane} on node {station.node}: {detail}")
    senses = Senses(os.getppid())
    tree = Tree(key, 0, senses.wait)
    deadline = time.monotonic() + GRACE_SECONDS
    left = tree.end(lambda: deadline)
    claim = place.read_claim(station.attempt(serial)) if serial else None
    if claim is not None and claim.token == station.token:
        end = place.Exit("killed", ended=tree.ended, detail=detail, left=left)
        while not station.note(serial, end):
            senses.wait(AGAIN_SECONDS)
    station.leave()
