"""Starting one process. It blocks until the new program has begun, so it belongs into a thread."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from podium.keeper.system import DEFAULT_SIGNALS

NOWHERE = Path(os.devnull)
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW

Target = Path | int  # a file, or an open descriptor


def spawn(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: Target = NOWHERE,
    stdout: Target = NOWHERE,
    stderr: Target = NOWHERE,
) -> int:
    """Start a process in a session of its own and return its pid. `argv[0]` is an absolute path; output is appended to files.

    Raises:
        OSError: it cannot be started (no such program, no memory, arguments too long) or a file cannot be opened.
        ValueError: an argument or a variable holds a NUL or cannot be encoded.
    """
    actions: list[tuple[object, ...]] = []
    for number, (target, flags) in enumerate(((stdin, os.O_RDONLY), (stdout, APPEND), (stderr, APPEND))):
        if isinstance(target, int):
            actions.append((os.POSIX_SPAWN_DUP2, target, number))
        else:
            actions.append((os.POSIX_SPAWN_OPEN, number, target, flags, 0o600))
    return os.posix_spawn(
        argv[0], list(argv), env, file_actions=actions, setsid=True, setsigmask=(), setsigdef=DEFAULT_SIGNALS
    )
