"""The attempt folder, format version 1: what an attempt needs and leaves, readable by any later conductor.

    spec.json   what was asked: version, key, workspace, argv, time limit, the score's environment; and where it was prepared:
                the boot id, the cgroup
    script      the sheet's command or prompt
    stdout.log  stderr.log   its output, appended while it runs
    claim       an empty file of the wrapper that runs the attempt, or a link that leads nowhere of a conductor: none will
    identity    `PID START_TICKS BOOT_ID end` of the wrapper
    exit        `exited CODE end`, or `no_workspace 126 end`; when it was written is when the attempt ended

`identity` and `exit` are prepared as blanks and overwritten in place. Without its `end` a record does not exist. The folder is
0700 and each file 0600, since scripts and environments may hold secrets.
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes.facts import LINUX, TICKS
from podium.conductor.processes.identity import Identity

FORMAT_VERSION = 1
CONDUCTORS = "conductor"  # where a conductor's claim points; no such file is ever made
BLANK = b" " * 127 + b"\n"  # longer than any record
EXIT = re.compile(rb"(exited|no_workspace) (\d{1,3}) end\n")
IDENTITY = re.compile(rb"(\d+) (\d+) (\S+) end\n")
FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@dataclass(frozen=True)
class ExitRecord:
    """How the command ended, and when (seconds since the epoch)."""

    kind: Literal["exited", "no_workspace"]
    code: int
    ended_at: float


@dataclass(frozen=True)
class Origin:
    """Where an attempt was prepared: in which run of the kernel, and its cgroup, None where it has none."""

    boot_id: str
    cgroup: str | None = None


class AttemptFolder:
    """One attempt's folder. Its methods block on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = path / "spec.json"
        self.script = path / "script"
        self.stdout = path / "stdout.log"
        self.stderr = path / "stderr.log"
        self.claim = path / "claim"
        self.identity = path / "identity"
        self.exit = path / "exit"

    def prepare(self, spec: AttemptSpec, origin: Origin) -> None:
        """Write what the attempt needs.

        Raises:
            FileExistsError: it was prepared before.
            OSError: the disk is full or not ours to write.
            ValueError: the script cannot be encoded.
        """
        script = spec.script.encode("utf-8", "surrogateescape")
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(self.spec, json.dumps({**_describe(spec), **asdict(origin)}).encode())
        _write(self.script, script)
        _write(self.identity, BLANK)
        _write(self.exit, BLANK)
        # Made here rather than by the launch, which must not wait for a slow disk.
        _write(self.stdout, b"")
        _write(self.stderr, b"")

    def read_origin(self) -> Origin | None:
        """Return where the attempt was prepared; a missing or torn specification tells nothing."""
        try:
            found = json.loads(self.spec.read_bytes())
            return Origin(found["boot_id"], found["cgroup"])
        except (OSError, ValueError, LookupError):
            return None

    def try_claim(self) -> bool:
        """Take the claim; False where a wrapper has it. No wrapper can run once we, or a conductor before us, have it.

        Raises:
            OSError: the claim cannot be taken now.
        """
        try:
            self.claim.symlink_to(CONDUCTORS)
        except FileNotFoundError:
            return True  # without a folder nothing was launched
        except FileExistsError:
            return self.claim.is_symlink()
        return True

    def read_exit(self) -> ExitRecord | None:
        """Return how the attempt ended; a missing or torn record does not exist."""
        found = _read(self.exit)
        match = EXIT.match(found[0]) if found else None
        if found is None or match is None:
            return None
        return ExitRecord("exited" if match[1] == b"exited" else "no_workspace", int(match[2]), found[1])

    def read_identity(self) -> Identity | None:
        """Return who runs the attempt; a missing or torn record does not exist."""
        found = _read(self.identity)
        match = IDENTITY.match(found[0]) if found else None
        if found is None or match is None:
            return None
        # A shell cannot learn its start time without /proc; there it wrote this just after it began.
        ticks = int(match[2]) if LINUX else int(found[1] * TICKS)
        return Identity(int(match[1]), ticks, match[3].decode())


def _describe(spec: AttemptSpec) -> dict[str, object]:
    return {
        "version": FORMAT_VERSION,
        "key": spec.key,
        "workspace": str(spec.workspace),
        "argv": spec.argv,
        "stdin_script": spec.stdin_script,
        "timeout_seconds": spec.timeout_seconds,
        "grace_seconds": spec.grace_seconds,
        "env": spec.env,
    }


def _write(path: Path, data: bytes) -> None:
    """Write a new file whole; whoever reads it before that finds it short, never wrong."""
    file = os.open(path, FRESH, 0o600)
    try:
        while data:
            data = data[os.write(file, data) :]
    finally:
        os.close(file)


def _read(path: Path) -> tuple[bytes, float] | None:
    """Return a record file's bytes and the time of its last change, or None where there is none."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return os.read(file, len(BLANK)), os.fstat(file).st_mtime
    finally:
        os.close(file)
