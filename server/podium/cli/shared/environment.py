"""Whose environment sheets get: that of the conductor, which another shell may have started long ago."""

import os
from collections.abc import Collection, Mapping, Sequence

from podium.errors import InvalidArguments

TELLING = ("PATH", "VIRTUAL_ENV")  # decide which programs a sheet finds


def difference(theirs: Mapping[str, str], given: Collection[str] = ()) -> str:
    """Return in words how the conductor's environment differs from ours in what decides which programs are found, "" if not.

    `given` are variables that come with the start anyway.
    """
    names = [name for name in TELLING if name not in given and theirs.get(name, "") != os.environ.get(name, "")]
    if not theirs or not names:
        return ""
    told = " and ".join(f"its {name} is {theirs[name]}" if theirs.get(name) else f"it has no {name}" for name in names)
    ours = [name for name in names if os.environ.get(name)]
    options = " ".join(f"--env {name}" for name in ours)
    passing = f", or pass yours on: podium run {options}, or env_pass: [{', '.join(ours)}] in the score" if ours else ""
    return (
        f"sheets run with the environment of the conductor, not of this shell: {told}. Restart it from here{passing}."
    )


def passed(given: Sequence[str] | None) -> dict[str, str]:
    """Return the variables of all --env; a value may be our own.

    Raises:
        InvalidArguments: one has no name, or no value here.
    """
    return dict(map(_variable, given or []))


def _variable(text: str) -> tuple[str, str]:
    name, has_value, value = text.partition("=")
    if not name:
        raise InvalidArguments(f"--env {text!r}: the name is missing.", fix="Write NAME=VALUE.")
    if not has_value and name not in os.environ:
        raise InvalidArguments(
            f"--env {text}: there is no such variable here.", fix="Write NAME=VALUE, or set it first."
        )
    return name, value if has_value else os.environ[name]
