"""A worker: one thread that answers requests in order, each within its time, and ends after one that asked too much.

The time is the processor's, so that a busy machine makes nobody guilty. It is kept by an interval timer whose signal ends the
process, so that not even C code that never returns outlives it.
"""

import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from podium.errors import Internal, PodiumError
from podium.keeper.system import point
from podium.reader.requests import MAX_ANSWER_BYTES, MAX_HEAD_BYTES, Answer, Call, Part, pack, read_call, unpack
from podium.reader.work import WORK

MOST_FILES = 16  # descriptors in one message
GROWN_BYTES = 64 * 1024**2  # a worker that has become so much larger ends, and gives the memory back
READ_BYTES = 256 * 1024
WORKER_POINTS = ("worker_begun", "request_received", "before_worker_answers", "worker_answered")
"""Where a test can let a worker die; see `keeper.system.point`."""


class Found(NamedTuple):
    """What a request found: a model and a text."""

    answer: Part
    body: bytes = b""


def serve(connection: socket.socket, seconds: float) -> None:
    """Answer requests, each within so many seconds, until the connection closes; the process ends then."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    data, files, begun = bytearray(), list[int](), _peak()
    point("worker_begun")
    while True:
        try:
            more, descriptors, _, _ = socket.recv_fds(connection, READ_BYTES, MOST_FILES)
        except MemoryError:
            os._exit(1)
        if not more:
            os._exit(0)
        data += more
        files += descriptors
        while (message := unpack(data, MAX_HEAD_BYTES)) is not None:
            signal.setitimer(signal.ITIMER_PROF, seconds)
            point("request_received")
            since = time.process_time()
            answer, body = _answered(message, files)
            answer = answer.model_copy(update={"seconds": time.process_time() - since})
            signal.setitimer(signal.ITIMER_PROF, 0)
            point("before_worker_answers")
            connection.sendall(pack(answer, body))
            point("worker_answered")
            if answer.spent or _peak() - begun > GROWN_BYTES:
                connection.shutdown(socket.SHUT_WR)  # what was sent arrives before the end
                os._exit(0)


def _answered(message: tuple[bytes, bytes], files: list[int]) -> tuple[Answer, bytes]:
    call = read_call(message[0])
    given, files[: call.files] = files[: call.files], []
    try:
        return _found(call, message[1], given)
    except PodiumError as error:
        return Answer(number=call.number, error=error.as_dict()), b""
    except MemoryError:
        return Answer(number=call.number, spent="memory"), b""
    except RecursionError:
        return Answer(number=call.number, spent="depth"), b""
    except Exception as error:  # noqa: BLE001 a fault of ours at one request is the answer to that one
        fault = Internal(
            f"The reader failed: {type(error).__name__}: {str(error)[:500]}", fix="This is a bug of Podium."
        )
        return Answer(number=call.number, error=fault.as_dict()), b""
    finally:
        for descriptor in given:
            os.close(descriptor)


def _found(call: Call, body: bytes, files: list[int]) -> tuple[Answer, bytes]:
    work: Callable[[Any, bytes, list[int]], tuple[Part, bytes]] = WORK[call.request.kind]
    found, text = work(call.request, body, files)
    answer = Answer(number=call.number, found=found.model_dump())
    if len(text) > MAX_ANSWER_BYTES - 1024**2:
        return Answer(number=call.number, spent="size"), b""
    return answer, text


def _peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
