"""Attempts that a version without keepers began: a shell around each one wrote a record into its folder (format version 1).

    record      two blocks of 128 bytes, then the specification as JSON, with the boot id and the cgroup
                first block   `PID START_TICKS BOOT_ID end`, the identity of the shell
                second block  `exited CODE end`, or `no_workspace 126 end`; the attempt ended when this was written
    stdout.log  the output, and the claim: the launch created this file before anything of the attempt ran; or a conductor makes
                it a dangling link, and nothing of the attempt will ever run

A block without its `end` counts as missing.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from podium.conductor.processes import facts
from podium.conductor.processes.identity import Identity
from podium.privacy.files import NOT_A_LINK

CONDUCTORS = "conductor"  # where a conductor's claim points; no such file is ever created
BLOCK_BYTES = 128
EXIT = re.compile(rb"(exited|no_workspace) (\d{1,3}) end\n")
IDENTITY = re.compile(rb"(\d+) (\d+) (\S+) end *\n")


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


class EarlierFolder:
    """The folder of such an attempt. Its methods block on the disk."""

    def __init__(self, path: Path) -> None:
        self.record = path / "record"
        self._claim = path / "stdout.log"

    def exists(self) -> bool:
        """Return whether a version without keepers prepared this attempt."""
        return self.record.exists()

    def read_origin(self) -> Origin | None:
        """Return where the attempt was prepared, None if the specification is missing or torn."""
        try:
            found = json.loads(self.record.read_bytes()[2 * BLOCK_BYTES :])
            return Origin(found["boot_id"], found["cgroup"])
        except (OSError, ValueError, LookupError, RecursionError):
            return None

    def try_claim(self) -> bool:
        """Take the claim; return False if a launch has it. Once a conductor has it, no launch can follow.

        Raises:
            OSError: the claim cannot be taken now.
        """
        try:
            self._claim.symlink_to(CONDUCTORS)
        except FileNotFoundError:
            return True  # without a folder nothing was launched
        except FileExistsError:
            return self._claim.is_symlink()
        return True

    def read_exit(self) -> ExitRecord | None:
        """Return how the attempt ended, None if the record is missing or torn.

        Raises:
            OSError: the record cannot be read now.
        """
        blocks, changed_at = _read_blocks(self.record)
        if not (match := EXIT.match(blocks, BLOCK_BYTES)):
            return None
        return ExitRecord("exited" if match[1] == b"exited" else "no_workspace", int(match[2]), changed_at)

    def read_identity(self) -> Identity | None:
        """Return the shell that runs the attempt, None if the record is missing or torn.

        Raises:
            OSError: the record cannot be read now.
        """
        blocks, changed_at = _read_blocks(self.record)
        if not (match := IDENTITY.match(blocks)):
            return None
        # Without /proc a shell cannot learn its start time; it wrote this block just after it began.
        ticks = int(match[2]) if facts.LINUX else int(changed_at * facts.TICKS)
        return Identity(int(match[1]), ticks, match[3].decode())


def _read_blocks(path: Path) -> tuple[bytes, float]:
    """Return both blocks of a record and the time of its last change (seconds since the epoch); no bytes if it does not exist."""
    try:
        file = os.open(path, os.O_RDONLY | NOT_A_LINK)
    except FileNotFoundError:
        return b"", 0.0
    try:
        return os.read(file, 2 * BLOCK_BYTES), os.fstat(file).st_mtime
    finally:
        os.close(file)
