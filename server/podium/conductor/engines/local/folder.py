"""The attempt folder: what an attempt needs and leaves on the disk.

    script      the sheet's command or prompt
    stdout.log  the output, appended while it runs
    stderr.log  the same
    stopped     only if a limit was reached: `timed_out`, `stale` or `output_limit`, written before anything is ended

The keeper makes the folder with its script. That an attempt was begun, its process and its exit are in its journal. Folders of
earlier versions also hold a `record` (see `earlier`). The folder is 0700 and each file 0600, since scripts may hold secrets.
"""

import os
from contextlib import suppress
from pathlib import Path

from podium.conductor.engines.port import EndReason
from podium.keeper.folder import write

LIMITS: tuple[EndReason, ...] = ("timed_out", "stale", "output_limit")


class AttemptFolder:
    """One attempt's folder. Its methods block on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        place = str(path)
        self.script = f"{place}/script"  # the command or prompt
        self.stdout = f"{place}/stdout.log"  # the standard output
        self.stderr = f"{place}/stderr.log"  # the standard error
        self.stopped = f"{place}/stopped"  # why the attempt is being ended

    def note_stop(self, reason: EndReason) -> None:
        """Record why the attempt is being ended, for a conductor that finds it half ended. The first note counts.

        Raises:
            OSError: the disk is full, or the folder is gone.
        """
        with suppress(FileExistsError):
            write(self.stopped, f"{reason}\n".encode())

    def read_stop(self) -> EndReason | None:
        """Return what `note_stop` wrote, None if the note is missing or torn."""
        noted = Path(self.stopped).read_text("ascii", "replace") if os.path.exists(self.stopped) else ""  # noqa: PTH110
        return next((reason for reason in LIMITS if noted == f"{reason}\n"), None)
