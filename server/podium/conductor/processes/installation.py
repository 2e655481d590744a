"""Our own files, which later processes are started from: an upgrade may remove or replace them under a running conductor."""

import os
import sys

import podium

FIX = "Install Podium again if it was removed, then run `podium stop` and `podium start`; running sheets keep running."


def gone(*files: str) -> str:
    """Return in words which of the interpreter and these files of ours is missing; "" if none is."""
    missing = next((path for path in (sys.executable, *files) if not os.path.exists(path)), None)  # noqa: PTH110 - text
    return f"{missing} of Podium's installation is gone; the conductor must be restarted" if missing else ""


def changed() -> str:
    """Return in words what is installed in place of what this process has loaded; "" if it is the same. Reads one small file.

    Processes that talk with this one in a form that only one version knows are not started from another one.
    """
    place = podium.__file__ or ""
    if missing := gone(place):
        return missing
    found = podium.read_version()
    if found in (podium.__version__, podium.UNKNOWN):
        return ""
    return f"Podium {found} was installed over the running {podium.__version__}; the conductor must be restarted"
