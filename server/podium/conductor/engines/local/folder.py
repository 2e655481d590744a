"""The attempt folder, format version 1: what an attempt needs and leaves, readable by any later conductor.

    record      two blocks of 128 bytes, then the specification as JSON: version, key, workspace, argv, time limit, the score's
                environment; and where it was prepared: the boot id, the cgroup
                first block   `PID START_TICKS BOOT_ID end`, the identity of the wrapper
                second block  `exited CODE end`, or `no_workspace 126 end`; the attempt ended when this was written
    script      the sheet's command or prompt
    stderr.log  the output, appended while it runs
    stdout.log  the same, and the claim: the launch creates this file, which must not exist, before anything of the attempt runs;
                or a conductor makes it a dangling link, and nothing of the attempt will ever run
    stopped     only if a limit was reached: `timed_out` or `output_limit`, written before anything is ended

Both blocks are written blank and overwritten in place. A block without its `end` counts as missing. The files are few because
creating one is the most expensive part of a launch: some 30 microseconds, and ten times that on an ext4 from which many were
removed in the last minutes. The folder is 0700 and each file 0600, since scripts and environments may hold secrets.
"""

import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from podium.conductor.engines.port import AttemptSpec, EndReason
from podium.conductor.processes.facts import LINUX, TICKS
from podium.conductor.processes.identity import Identity

FORMAT_VERSION = 1
CONDUCTORS = "conductor"  # where a conductor's claim points; no such file is ever created
BLOCK_BYTES = 128  # longer than anything that is written there
BLANK = b" " * (BLOCK_BYTES - 1) + b"\n"
EXIT = re.compile(rb"(exited|no_workspace) (\d{1,3}) end\n")
IDENTITY = re.compile(rb"(\d+) (\d+) (\S+) end *\n")
LIMITS: tuple[EndReason, ...] = ("timed_out", "output_limit")


@dataclass(frozen=True)
class ExitRecord:
    """How the command ended, and when (seconds since the epoch)."""

    kind: Literal["exited", "no_workspace"]
    code: int
    ended_at: float


@dataclass(frozen=True)
class Origin:
    """Where an attempt was prepared: the run of the kernel, and its cgroup or None."""

    boot_id: str
    cgroup: str | None = None


class AttemptFolder:
    """One attempt's folder. Its methods block on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.record = path / "record"  # the identity, the exit and the specification
        self.script = path / "script"  # the command or prompt
        self.stdout = path / "stdout.log"  # the standard output, and the claim
        self.stderr = path / "stderr.log"  # the standard error
        self.stopped = path / "stopped"  # why the attempt is being ended

    def prepare(self, spec: AttemptSpec, origin: Origin) -> None:
        """Write what the attempt needs.

        Raises:
            FileExistsError: it was prepared before.
            OSError: the disk is full or not ours to write.
            ValueError: the script cannot be encoded.
        """
        script = spec.script.encode("utf-8", "surrogateescape")
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        asked = {
            "version": FORMAT_VERSION,
            "key": spec.key,
            "workspace": str(spec.workspace),
            "argv": spec.argv,
            "stdin_script": spec.stdin_script,
            "timeout_seconds": spec.timeout_seconds,
            "grace_seconds": spec.grace_seconds,
            "env": spec.env,
        }
        _write(self.record, BLANK + BLANK + json.dumps({**asked, **asdict(origin)}).encode())
        _write(self.script, script)
        _write(self.stderr, b"")

    def read_origin(self) -> Origin | None:
        """Return where the attempt was prepared, None if the specification is missing or torn."""
        try:
            found = json.loads(self.record.read_bytes()[2 * BLOCK_BYTES :])
            return Origin(found["boot_id"], found["cgroup"])
        except (OSError, ValueError, LookupError):
            return None

    def note_stop(self, reason: EndReason) -> None:
        """Record why the attempt is being ended, for a conductor that finds it half ended. The first note counts.

        Raises:
            OSError: the disk is full, or the folder is gone.
        """
        with suppress(FileExistsError):
            _write(self.stopped, f"{reason}\n".encode())

    def read_stop(self) -> EndReason | None:
        """Return what `note_stop` wrote, None if the note is missing or torn."""
        noted = self.stopped.read_text("ascii", "replace") if self.stopped.exists() else ""
        return next((reason for reason in LIMITS if noted == f"{reason}\n"), None)

    def try_claim(self) -> bool:
        """Take the claim; return False if a launch has it. Once a conductor has it, no launch can follow.

        Raises:
            OSError: the claim cannot be taken now.
        """
        try:
            self.stdout.symlink_to(CONDUCTORS)
        except FileNotFoundError:
            return True  # without a folder nothing was launched
        except FileExistsError:
            return self.stdout.is_symlink()
        return True

    def read_exit(self) -> ExitRecord | None:
        """Return how the attempt ended, None if the record is missing or torn."""
        blocks, changed_at = _read_blocks(self.record)
        if not (match := EXIT.match(blocks, BLOCK_BYTES)):
            return None
        return ExitRecord("exited" if match[1] == b"exited" else "no_workspace", int(match[2]), changed_at)

    def read_identity(self) -> Identity | None:
        """Return the process that runs the attempt, None if the record is missing or torn."""
        blocks, changed_at = _read_blocks(self.record)
        if not (match := IDENTITY.match(blocks)):
            return None
        # Without /proc a shell cannot learn its start time; it wrote this block just after it began.
        ticks = int(match[2]) if LINUX else int(changed_at * TICKS)
        return Identity(int(match[1]), ticks, match[3].decode())


def _write(path: Path, data: bytes) -> None:
    """Write a new file whole; a reader that comes earlier finds it short, never wrong."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        while data:
            data = data[os.write(file, data) :]
    finally:
        os.close(file)


def _read_blocks(path: Path) -> tuple[bytes, float]:
    """Return both blocks of a record and the time of its last change (seconds since the epoch); no bytes if it does not exist."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return b"", 0.0
    try:
        return os.read(file, 2 * BLOCK_BYTES), os.fstat(file).st_mtime
    finally:
        os.close(file)
