"""Which files and folders of clients `podium install` made, so that its `--remove` undoes that too.

What such a file holds cannot tell: it looks like one that was there before and was empty. So each has a mark in the default home,
where it is found whatever home the entry leads to. Without a mark, or where none can be written, nothing is taken for ours.
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from podium.errors import PodiumError
from podium.home import Home
from podium.places import default_home, only_home
from podium.privacy.state import check_home
from podium.privacy.way import make_private


def note(path: Path, *, made: bool) -> None:
    """Remember whether this command made a file or folder."""
    with suppress(OSError, PodiumError):
        mark = _mark(path)
        if not made:
            mark.unlink(missing_ok=True)
            return
        check_home(mark.parent.parent)
        make_private(mark.parent)
        mark.touch(mode=0o600)


def is_ours(path: Path) -> bool:
    """Return whether this command made a file or folder."""
    with suppress(OSError, PodiumError):
        return _mark(path).is_file()
    return False


def _mark(path: Path) -> Path:
    return Home(default_home(only_home())).installed / sha256(os.fsencode(os.path.realpath(path))).hexdigest()
