"""A background process detached from us: its own session, no parent, no inherited descriptor, output in a file."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from podium.privacy.files import open_own
from podium.settings import OF_A_SHEET


def spawn(command: Sequence[str], log: Path) -> int:
    """Run `command` in the background with its output appended to `log`; return its pid.

    Call it before any thread is started: it forks. The second fork leaves a process that can never get a terminal and
    whose exit status we need not collect.

    Raises:
        OSError: a process or the log file could not be made.
        PermissionDenied: the log file is a link, or another user's.
    """
    output = open_own(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _leave(command, output, write)
    os.close(write)
    os.close(output)
    os.waitpid(child, 0)
    with os.fdopen(read) as answer:
        pid = answer.read()
    if not pid:
        raise OSError(f"the background process of {command[0]} could not be started")
    return int(pid)


def _leave(command: Sequence[str], output: int, answer: int) -> NoReturn:
    """Become the background process, or end without returning into the caller's code."""
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.write(answer, str(os.getpid()).encode())
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.closerange(3, _highest_descriptor() + 1)
        os.chdir("/")
        # a conductor that is started in a sheet outlives it, so it must not be marked as part of it
        environment = {name: value for name, value in os.environ.items() if name not in OF_A_SHEET}
        os.execve(command[0], list(command), environment)  # noqa: S606
    except OSError as error:
        os.write(2, f"podium: {error}\n".encode())
    finally:
        os._exit(127)


def _highest_descriptor() -> int:
    folder = "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"
    try:
        return max(int(name) for name in os.listdir(folder))  # noqa: PTH208
    except OSError:
        return 65536  # more than a descriptor of a parent could plausibly have
