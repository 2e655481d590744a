"""What is told of processes that could not be ended."""

import os
import pwd
from collections.abc import Iterable
from contextlib import suppress

from podium.conductor.processes import facts
from podium.contract.models import Survivor
from podium.contract.secrets.masks import redactor
from podium.texts.shown import cut_line

MOST = 10  # are named
COMMAND_CHARS = 80
FOREIGN = "it is another user's, whom Podium may not signal"
TOO_FAST = "it goes on in a new process faster than Podium can look, and no cgroup is available to end it"
UNMOVED = "it does not react to SIGKILL, as a process that waits for a device or a dead network disk"


def survivor(pid: int, why: str) -> Survivor:
    """Describe a process that lives on."""
    user = "?"
    with suppress(OSError):
        uid = os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116 -- a plain read of the owner
        user = str(uid)
        with suppress(KeyError):
            user = pwd.getpwuid(uid).pw_name
    line = facts.read(f"/proc/{pid}/cmdline").replace(b"\0", b" ") or facts.read(f"/proc/{pid}/comm")
    command = redactor(os.environ)(line.decode("utf-8", "replace"))
    return Survivor(pid=pid, user=user, command=cut_line(command, COMMAND_CHARS), why=why)


def survivors(pids: Iterable[int], why: str) -> tuple[Survivor, ...]:
    """Describe the first of these processes."""
    return tuple(survivor(pid, why) for pid in sorted(pids)[:MOST])
