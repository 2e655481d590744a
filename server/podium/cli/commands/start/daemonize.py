"""A background process detached from us: its own session, no parent, no inherited descriptor, output in a file."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn


def spawn(command: Sequence[str], log: Path) -> int:
    """Run `command` in the background with its output appended to `log`; return its pid.

    Call it before any thread is started: it forks. The second fork leaves a process that can never get a terminal and
    whose exit status we need not collect.

    Raises:
        OSError: a process or the log file could not be made.
    """
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
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
        marks = {"PODIUM_ATTEMPT_KEY", "PODIUM_JOB_ID", "PODIUM_SHEET", "PODIUM_ATTEMPT", "PODIUM_WORKSPACE"}
        environment = {name: value for name, value in os.environ.items() if name not in marks}
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
