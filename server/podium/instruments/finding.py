"""Where on this machine the programs of instruments are."""

import os
import shutil
from collections.abc import Mapping

from podium.instruments.profile import Profile

_MOST_KNOWN = 1000
_known: dict[tuple[str, str], str] = {}  # (program, PATH) -> where it was found last


def found_in(profiles: Mapping[str, Profile], path: str) -> set[str]:
    """Return the names of the instruments whose programs are in `path`."""
    return {name for name, profile in profiles.items() if find_executable(profile, path)}


def find_executable(profile: Profile, path: str) -> str | None:
    """Return where in `path` (in the form of PATH) the instrument's program is, or None.

    The place where it was found last is tried first: one system call instead of one for each folder.
    """
    asked = profile.executable, path
    place = _known.get(asked)
    if place is not None and os.access(place, os.X_OK):
        return place
    found = shutil.which(profile.executable, path=path)
    if found is not None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[asked] = found
    return found
