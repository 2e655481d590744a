"""The attempt folder: what an attempt needs and leaves on the disk.

    script      the sheet's command or prompt
    stdout.log  the output, appended while it runs
    stderr.log  the same
    stopped     only if a limit was reached, before anything is ended: a link to the word for it (`timed_out`, `stale`,
                `output_limit`), which a full disk still takes and no crash leaves torn; a file with it in earlier versions
    suspended   only if it was ever suspended: a link to a `Hold` in JSON

The keeper makes the folder with its script. That an attempt was begun, its process and its exit are in its journal. Folders of
earlier versions also hold a `record` (see `earlier`). The folder is 0700 and each file 0600, since scripts may hold secrets.
"""

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from podium.conductor.engines.port import EndReason
from podium.lane.place import read_link, set_link

SUSPENDED = "suspended"
LIMITS: tuple[EndReason, ...] = ("timed_out", "stale", "output_limit")


class Hold(NamedTuple):
    """How long an attempt was suspended, by the clock of start times (see `facts.clock_seconds`): its time limit stood still.

    `before` are the seconds of suspensions that are over, `since` is when the present one was asked for, and `until` when its end
    was. Whether it took effect the kernel knows, so that a crash at any moment leaves no wrong time.
    """

    before: float = 0.0
    since: float | None = None
    until: float | None = None

    def over(self, *, is_suspended: bool) -> "Hold":
        """Return it as it is once the attempt goes on, or as a new conductor finds it, given what the kernel says."""
        if is_suspended:
            return self._replace(until=None)
        if self.since is None:
            return self
        return Hold(self.before + (self.until - self.since if self.until is not None else 0.0))

    def held(self, now: float) -> float:
        """Return how long it was suspended so far."""
        return self.before + (now - self.since if self.since is not None else 0.0)

    def ran(self, start: float, now: float) -> float:
        """Return how long an attempt has run that began at `start`."""
        return now - start - self.held(now)


NEVER = Hold()


class AttemptFolder:
    """One attempt's folder. Its methods block on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        place = str(path)
        self.script = f"{place}/script"  # the command or prompt
        self.stdout = f"{place}/stdout.log"  # the standard output
        self.stderr = f"{place}/stderr.log"  # the standard error
        self.stopped = f"{place}/stopped"  # why the attempt is being ended
        self.suspended = f"{place}/{SUSPENDED}"  # how long it was suspended

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

    def note_hold(self, hold: Hold) -> None:
        """Record how long the attempt was suspended, or since when it is.

        Raises:
            OSError: the folder is gone, or its disk takes not even a link.
        """
        set_link(self.suspended, hold, "new")

    def read_hold(self) -> Hold:
        """Return what `note_hold` wrote, or that it was never suspended.

        Raises:
            OSError: it cannot be read now.
        """
        noted = read_link(self.suspended)
        return Hold(*noted) if isinstance(noted, list) and len(noted) == len(Hold._fields) else NEVER
