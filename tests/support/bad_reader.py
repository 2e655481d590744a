"""`python -m tests.support.bad_reader`: a reader that does to itself what a request for profiles names as their folder."""

import os
import signal
import time
from collections.abc import Callable

from podium.reader import requests, work, zygote


def _spin() -> None:
    while True:
        pass


def _recurse() -> None:
    _recurse()


ACTS: dict[str, Callable[[], object]] = {
    "die": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit": lambda: os._exit(3),
    "spin": _spin,
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "swell": lambda: bytearray(2**31),
    "recurse": _recurse,
    "wait": lambda: time.sleep(0.1),
}
ANSWERS: dict[str, tuple[requests.Part, bytes]] = {
    "large": (requests.Nothing(), b"x" * 9 * 1024**2),
    "flood": (requests.Matched(passed=True, found="x" * 9 * 1024**2), b""),
    "nonsense": (requests.Decided(holds=True), b""),
}


def _act(request: requests.Profiles, body: bytes, files: list[int]) -> tuple[requests.Part, bytes]:
    what = request.folder.split()[0]
    ACTS.get(what, lambda: None)()
    return ANSWERS.get(what, (requests.Nothing(), request.folder.encode()))


if __name__ == "__main__":
    work.WORK["profiles"] = _act
    zygote.main()
