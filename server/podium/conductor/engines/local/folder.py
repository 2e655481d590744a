"""The attempt folder: what an attempt needs and leaves on the disk.

    script      the sheet's command or prompt
    stdout.log  the output, appended while it runs
    stderr.log  the same
    stopped     only if a limit was reached, before anything is ended: a link to the word for it (`timed_out`, `stale`,
                `output_limit`), which a full disk still takes and no crash leaves torn; a file with it in earlier versions

The keeper makes the folder with its script. That an attempt was begun, its process and its exit are in its journal. Folders of
earlier versions also hold a `record` (see `earlier`). The folder is 0700 and each file 0600, since scripts may hold secrets.
"""

from contextlib import suppress
from pathlib import Path

from podium.conductor.engines.port import EndReason

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
            OSError: the folder is gone, or its disk takes not even a link.
        """
        with suppress(FileExistsError):
            Path(self.stopped).symlink_to(reason)

    def read_stop(self) -> EndReason | None:
        """Return what `note_stop` wrote, None if there is no note, or an earlier version's is torn."""
        try:
            noted = f"{Path(self.stopped).readlink()}\n"
        except FileNotFoundError:
            return None
        except OSError:  # it is a file
            noted = Path(self.stopped).read_text("ascii", "replace")
        return next((reason for reason in LIMITS if noted == f"{reason}\n"), None)
