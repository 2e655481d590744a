"""The folder of an attempt, which the keeper makes right before it starts the process: it holds the script, later the output."""

import os
from contextlib import suppress


def make(path: str, script: str) -> None:
    """Make a folder of our user's alone with the file `script` in it; nothing is left of one that cannot be made.

    Raises:
        OSError: the disk is full, or not ours to write; or there is such a folder.
        ValueError: the script cannot be encoded.
    """
    data = script.encode("utf-8", "surrogateescape")
    _make_folder(path)
    try:
        write(f"{path}/script", data)
    except OSError:
        with suppress(OSError):
            os.unlink(f"{path}/script")
        with suppress(OSError):
            os.rmdir(path)
        raise


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileNotFoundError:
        with suppress(FileExistsError):
            _make_folder(os.path.dirname(path))
        os.mkdir(path, 0o700)


def write(path: str, data: bytes) -> None:
    """Write a new file whole; a reader that comes earlier finds it short, never wrong.

    Raises:
        OSError: it cannot be written, or it exists.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        while data:
            data = data[os.write(file, data) :]
    finally:
        os.close(file)
