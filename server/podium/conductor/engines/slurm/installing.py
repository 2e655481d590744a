"""The program of the lanes in the folder that the nodes share: written there, mended, and swept away. All of it blocks."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from podium.lane import program

LANE_SCRIPT = "lane.sh"  # becomes a lane
OURS = 0o700  # the mode of every folder there


def install(root: str, python: str, token: str) -> str:
    """Have the program of this version in a home's folder, whole, and return where it is. `token` is the conductor's own."""
    files = program.files()
    folder = f"{root}/{program.folder_name(files)}"
    content = files | {LANE_SCRIPT: _script(folder, python)}
    if not _holds(folder, content):
        _write(folder, content, token)
    return folder


def sweep(root: str, kept: str) -> None:
    """Remove the programs of other versions. Call it when no lane runs."""
    for name in os.listdir(root):  # noqa: PTH208
        if name.startswith("program-") and f"{root}/{name}" != kept:
            shutil.rmtree(f"{root}/{name}", ignore_errors=True)


def _script(folder: str, python: str) -> bytes:
    # -B: another Python than ours would write its own byte code there, and keep what a full disk has cut: all later lanes
    # failed at it.
    words = (python, "-I", "-S", "-B", folder)
    return ("#!/bin/sh\nexec " + " ".join(map(_quoted, words)) + ' "$@"\n').encode("utf-8", "surrogateescape")


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _holds(folder: str, content: Mapping[str, bytes]) -> bool:
    """Return whether a folder holds these files as they are."""
    try:
        return all(Path(folder, name).read_bytes() == each for name, each in content.items())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False


def _write(folder: str, content: Mapping[str, bytes], token: str) -> None:
    """Write the program, and put it in place of one that is not whole, as a power failure may leave it."""
    new = f"{folder}.{token}"
    shutil.rmtree(new, ignore_errors=True)
    for name, each in content.items():
        path = Path(new, name)
        path.parent.mkdir(OURS, parents=True, exist_ok=True)
        path.write_bytes(each)
    if os.path.lexists(folder):
        shutil.rmtree(f"{new}.old", ignore_errors=True)
        os.rename(folder, f"{new}.old")  # noqa: PTH104
    os.rename(new, folder)  # noqa: PTH104
    shutil.rmtree(f"{new}.old", ignore_errors=True)
