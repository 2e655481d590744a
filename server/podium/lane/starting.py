"""The start of an attempt's first process: its environment, its session, its files, its folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress

from . import place, processes

OOM_SCORE = 200  # by how much more readily than us the kernel ends an attempt when memory is short
IGNORED = [each for each in signal.valid_signals() if signal.getsignal(each) is signal.SIG_IGN]
NOT_FOUND, NOT_RUN = 127, 126  # as of a shell
DEVICES = (
    b"_VISIBLE_DEVICES",
    b"GPU_DEVICE_ORDINAL",
    b"ZE_AFFINITY_MASK",
)  # how a cluster says which devices are whose


def environment(own: Mapping[bytes, bytes], spec: place.Spec) -> dict[bytes, bytes]:
    """Return the environment of an attempt: the lane's own, with that of the spec over it, but what the cluster gave stays."""
    given = {name: value for name, value in own.items() if name.startswith(b"SLURM_") or name.endswith(DEVICES)}
    wanted = {_encode(name): _encode(value) for name, value in spec.env.items()}
    return {**own, **wanted, **given, processes.MARKER.encode(): _encode(spec.key)}


def start(attempt: str, spec: place.Spec, outputs: list[int], node: str) -> tuple[int, int]:
    """Start an attempt; return the pid, and from where to read why it could not begin, once it has ended.

    Raises:
        OSError: no process can be made.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    code, why = NOT_RUN, ""
    try:
        why = f"cannot change to the workspace {spec.workspace} on node {node}"
        _prepare(attempt, spec, outputs)
        why = f"cannot read its script on node {node}"
        _check_script(attempt, spec)
        why = "cannot start its command"
        env = environment(os.environb, spec)
        absent = next((each for each in spec.programs if not _is_there(_encode(each), env)), "")
        if absent:
            code, why = NOT_FOUND, f"the program {absent} was not found on node {node}"
            os.write(writer, why.encode("utf-8", "replace")[:500])
        else:
            code = _become(spec, env)
    except BaseException as error:  # noqa: BLE001 -- this process must never go on as a second lane
        text = f"{why}: {getattr(error, 'strerror', None) or error}"
        os.write(writer, text.encode("utf-8", "replace")[:500])
    os._exit(code)


def trouble(reader: int) -> str:
    """Return why an attempt that has ended could not begin, "" if it began."""
    os.set_blocking(reader, False)
    try:
        return os.read(reader, 500).decode("utf-8", "replace")
    except BlockingIOError:  # something of it lives on before its program
        return ""
    finally:
        os.close(reader)


def _prepare(attempt: str, spec: place.Spec, outputs: list[int]) -> None:
    """Make this process what the attempt's program finds itself in."""
    os.setsid()
    stdin = os.open(os.path.join(attempt, place.SCRIPT) if spec.stdin_script else os.devnull, os.O_RDONLY)
    for descriptor, source in enumerate((stdin, *outputs)):
        os.dup2(source, descriptor)
    with suppress(OSError, ValueError), open("/proc/self/oom_score_adj", "r+", encoding="ascii") as file:
        score = int(file.read()) + OOM_SCORE
        file.seek(0)
        file.write(str(min(1000, score)))
    for number in IGNORED:
        signal.signal(number, signal.SIG_DFL)
    os.chdir(_encode(spec.workspace))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _check_script(attempt: str, spec: place.Spec) -> None:
    """See that the script can be read that the command names: a shell that cannot ends as one whose script has failed."""
    script = os.path.join(attempt, place.SCRIPT)
    if script in spec.argv:
        os.close(os.open(script, os.O_RDONLY))


def _is_there(program: bytes, env: Mapping[bytes, bytes]) -> bool:
    """Return whether a program is where its name says, or in PATH; the current folder is the workspace."""
    places = [b""] if b"/" in program else env.get(b"PATH", os.defpath.encode()).split(b":")
    paths = [os.path.join(each, program) for each in places]
    return any(os.access(path, os.X_OK) and not os.path.isdir(path) for path in paths)


def _become(spec: place.Spec, env: Mapping[bytes, bytes]) -> int:
    """Go on as the attempt's program; return the exit code if there is none that can be run."""
    argv = [_encode(each) for each in spec.argv]
    try:
        os.execvpe(argv[0], argv, env)  # noqa: S606 -- the shell is part of the command
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        os.write(2, b"podium: %s: %s\n" % (argv[0], str(error.strerror).encode()))
        return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUN


def _encode(text: str) -> bytes:
    """Return the bytes of a text of the conductor's, whatever the node's own encoding is."""
    return text.encode("utf-8", "surrogateescape")
