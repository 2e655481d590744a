"""Our own files, which later processes are started from: an upgrade may remove or replace them under a running conductor."""

import os
import sys

FIX = "Install Podium again if it was removed, then run `podium stop` and `podium start`; running sheets keep running."


def gone(*files: str) -> str:
    """Return in words which of the interpreter and these files of ours is missing; "" if none is."""
    missing = next((path for path in (sys.executable, *files) if not os.path.exists(path)), None)  # noqa: PTH110 - text
    return f"{missing} of Podium's installation is gone; the conductor must be restarted" if missing else ""
