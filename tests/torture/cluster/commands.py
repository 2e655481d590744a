"""Slurm's commands as a conductor of the campaign finds them: the real ones, behind scripts that can go wrong for a while."""

import re
import shutil
from pathlib import Path
from typing import Literal

from tests.support.slurm.lab import PATH

NAMES = ("sbatch", "squeue", "scancel")
Mode = Literal["hangs", "is dead", "garbage", "fails", "late"]
MODES: tuple[Mode, ...] = ("hangs", "is dead", "garbage", "fails", "late")
"""It waits until all is well; it never answers; it says what nobody can read; it fails; it does its work and says that it could not
reach the controller.
"""
SCRIPT = """#!/bin/sh
echo "{name} $*" >>{folder}/calls
mode=
[ -e {folder}/{name}.mode ] && read mode <{folder}/{name}.mode
case $mode in
hangs) while [ -e {folder}/{name}.mode ]; do sleep 0.1; done;;
'is dead') exec sleep 600;;
garbage) printf '\\001|zero|\\nRUNNING PENDING |||||\\n<html>\\n'; exit 0;;
fails) echo '{name}: error: Unable to contact slurm controller (connect failure)' >&2; exit 1;;
late) echo "$({real} "$@" 2>&1) $*" >>{folder}/numbers
  echo '{name}: error: Socket timed out on send/recv operation' >&2; exit 1;;
esac
{play}
"""
SUBMIT = """said=$({real} "$@") || exit
echo "$said $*" >>{folder}/numbers
echo "$said"
"""


class Commands:
    """A folder for the front of PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "calls").touch()
        (folder / "numbers").touch()
        for name in NAMES:
            real = shutil.which(name, path=PATH)
            play = SUBMIT if name == "sbatch" else 'exec {real} "$@"'
            script = SCRIPT.replace("{play}", play)
            (folder / name).write_text(script.format(name=name, folder=folder, real=real))
            (folder / name).chmod(0o755)

    def spoil(self, name: str, mode: Mode) -> None:
        """Let a command go wrong."""
        (self.folder / f"{name}.mode").write_text(f"{mode}\n")

    def mend(self, name: str) -> None:
        """Let it work."""
        (self.folder / f"{name}.mode").unlink(missing_ok=True)

    def submits(self) -> int:
        """Return how often lanes were submitted so far."""
        calls = (self.folder / "calls").read_text().splitlines()
        return sum(line.startswith("sbatch ") and "--test-only" not in line for line in calls)

    def newest_number(self) -> int:
        """Return the highest number that a lane may have got so far."""
        newest = 0
        for line in (self.folder / "numbers").read_text().splitlines():
            if found := re.match(r"(\d+) (?:.*--array=0-(\d+))?", line):
                newest = max(newest, int(found[1]) + int(found[2] or 0))
        return newest
