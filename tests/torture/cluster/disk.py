"""The shared folder of a campaign: a disk of its own, which can be full, read-only, silent or away for a while.

It is a file system in a file, so it takes root in a mount namespace (`unshare --mount`). What the nodes of a lab see is the same.
"""

import glob
import os
import subprocess
from pathlib import Path

from tests.support.slurm.lab import PATH
from tests.torture.filling import fill

SIZE = "48M"


class Disk:
    """A file system at `place`. `now` is where it is at the moment: it may have been moved away."""

    def __init__(self, folder: Path) -> None:
        self.place = self.now = folder / "shared"
        self._away, self._image = folder / "away", folder / "image"
        self.is_silent = False
        self.place.mkdir()
        self._away.mkdir()
        run("truncate", "-s", SIZE, str(self._image))
        run("mkfs.ext4", "-q", str(self._image))
        run("mount", "-o", "loop", str(self._image), str(self.place))

    def find(self, pattern: str) -> list[Path]:
        """Return what is there by a pattern of names. What is removed meanwhile may be missing."""
        return [self.now / each for each in glob.glob(pattern, root_dir=self.now)]  # noqa: PTH207 -- it never fails

    def close(self) -> None:
        """Give it back, whatever still uses it."""
        run("umount", "--lazy", str(self.now))

    def fill(self) -> None:
        """Let nothing more be written."""
        fill(self.place / "filler")

    def free(self) -> None:
        """Let there be space."""
        (self.place / "filler").unlink()

    def forbid(self) -> None:
        """Let nobody write who opens a file from now on; files that are open may be written on."""
        run("mount", "--bind", str(self.place), str(self._away))
        # It is busy where somebody could have opened a file by now.
        run("mount", "-o", "remount,bind,ro", str(self._away))
        run("mount", "--move", str(self._away), str(self.place))

    def allow(self) -> None:
        """Let everybody write again."""
        run("umount", "--lazy", str(self.place))

    def freeze(self) -> None:
        """Let all writes wait, as a file server does that does not answer."""
        run("fsfreeze", "--freeze", str(self.place))
        self.is_silent = True

    def thaw(self) -> None:
        """Let them go on, if they wait."""
        if self.is_silent:
            self.is_silent = False
            run("fsfreeze", "--unfreeze", str(self.place))

    def take_away(self) -> None:
        """Let an empty folder be where it was; what is open stays open."""
        run("mount", "--move", str(self.place), str(self._away))
        self.now = self._away

    def bring_back(self) -> None:
        """Put it back; nothing may have been written in its place."""
        left = [str(each.relative_to(self.place)) for each in self.place.rglob("*")]
        run("mount", "--move", str(self._away), str(self.place))
        self.now = self.place
        assert not left, f"written where the shared folder was not: {left}"


def run(*command: str) -> None:
    """Run a command of the system's.

    Raises:
        AssertionError: it failed.
    """
    env = {**os.environ, "PATH": PATH}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
