"""Starting one process without blocking the interpreter meanwhile.

posix_spawn(3) returns when the new program has begun, which can take 5 ms on a busy machine, and the standard library's call
holds the interpreter's lock all that time, so that another thread does not help. The same call through ctypes releases it.
On other systems than Linux this was not tried, and the standard library's call is used.
"""

import ctypes
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from podium.conductor.processes.facts import LINUX

NOWHERE = Path(os.devnull)
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND
# A process inherits the signals that its parent ignores; a sheet starts with every signal at its default.
DEFAULT_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
ROOM = 1024  # bytes, more than any of the C library's opaque structures needs
SETSIGDEF, SETSIGMASK, SETSID = 0x04, 0x08, 0x80  # <spawn.h> of glibc and of musl

libc = ctypes.CDLL(None)
Target = Path | int  # a file to append to, or an open descriptor
Outputs = tuple[tuple[Target, int], ...]  # standard output and error, each with the flags for opening a file


def spawn(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: Path | int = NOWHERE,
    stdout: Target = NOWHERE,
    stderr: Target = NOWHERE,
    new_stdout: bool = False,
) -> int:
    """Start a process in a session of its own and return its pid; blocks until it has begun. `argv[0]` is an absolute path.

    The input is a file or an open descriptor. Output is appended to the files, or goes to the open descriptors. With
    `new_stdout` the file for the standard output must not
    exist: of several calls with the same file only one starts a process, even if a caller is killed in the middle.

    Raises:
        FileExistsError: the new file exists already.
        OSError: it cannot be started (no such program, no memory, arguments too long) or a file cannot be opened.
        ValueError: an argument or a variable holds a NUL or cannot be encoded.
    """
    flags = APPEND | os.O_EXCL if new_stdout else APPEND
    return (_by_ctypes if LINUX else _by_python)(argv, env, stdin, ((stdout, flags), (stderr, APPEND)))


def _by_python(argv: Sequence[str], env: Mapping[str, str], stdin: Path | int, outputs: Outputs) -> int:
    files: list[tuple[object, ...]] = [
        (os.POSIX_SPAWN_DUP2, stdin, 0) if isinstance(stdin, int) else (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0)
    ]
    for number, (to, flags) in enumerate(outputs, 1):
        if isinstance(to, int):
            files.append((os.POSIX_SPAWN_DUP2, to, number))
        else:
            files.append((os.POSIX_SPAWN_OPEN, number, to, flags, 0o600))
    return os.posix_spawn(
        argv[0], list(argv), env, file_actions=files, setsid=True, setsigmask=(), setsigdef=DEFAULT_SIGNALS
    )


def _by_ctypes(argv: Sequence[str], env: Mapping[str, str], stdin: Path | int, outputs: Outputs) -> int:
    words, variables = _texts(argv), _texts(f"{name}={value}" for name, value in env.items())
    pid, actions = ctypes.c_int(), ctypes.create_string_buffer(ROOM)
    libc.posix_spawn_file_actions_init(actions)
    try:
        if isinstance(stdin, int):
            libc.posix_spawn_file_actions_adddup2(actions, stdin, 0)
        else:
            libc.posix_spawn_file_actions_addopen(actions, 0, os.fsencode(stdin), os.O_RDONLY, 0)
        for number, (to, flags) in enumerate(outputs, 1):
            if isinstance(to, int):
                libc.posix_spawn_file_actions_adddup2(actions, to, number)
            else:
                libc.posix_spawn_file_actions_addopen(actions, number, os.fsencode(to), flags, 0o600)
        failed = libc.posix_spawn(ctypes.byref(pid), words[0], actions, _attributes(), words, variables)
    finally:
        libc.posix_spawn_file_actions_destroy(actions)
    if failed:
        raise OSError(failed, os.strerror(failed))
    return pid.value


@cache
def _attributes() -> ctypes.Array[ctypes.c_char]:
    """Return the attributes of every child: a session of its own, no signal blocked, none ignored."""
    attributes, signals = ctypes.create_string_buffer(ROOM), ctypes.create_string_buffer(ROOM)
    libc.posix_spawnattr_init(attributes)
    libc.posix_spawnattr_setflags(attributes, ctypes.c_short(SETSIGDEF | SETSIGMASK | SETSID))
    libc.sigemptyset(signals)
    libc.posix_spawnattr_setsigmask(attributes, signals)
    for number in DEFAULT_SIGNALS:
        libc.sigaddset(signals, int(number))
    libc.posix_spawnattr_setsigdefault(attributes, signals)
    return attributes


def _texts(texts: Iterable[str]) -> ctypes.Array[ctypes.c_char_p]:
    """Return texts as the C library expects them: an array that ends with NULL."""
    encoded = [os.fsencode(text) for text in texts]
    if any(b"\0" in text for text in encoded):
        raise ValueError("embedded null byte")
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)
