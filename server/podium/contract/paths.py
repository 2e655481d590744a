"""Which path a score may have: the same for who submits it and for who reads it."""

from pathlib import Path

from podium.errors import InvalidArguments, PathNotAllowed

_SUFFIXES = (".yaml", ".yml")
FIX_SCORE_PATH = "Give the path of a .yaml or .yml score file, absolute or relative to the caller's folder."


def score_path(given: str) -> Path:
    """Return the path as it is given; the suffix may be in capitals.

    Raises:
        PathNotAllowed: it holds a `..` component. InvalidArguments: it does not end in .yaml or .yml.
    """
    path = Path(given)
    if ".." in path.parts:
        raise PathNotAllowed(
            f"The score path {given!r} holds a '..' component.", fix="Give the path without '..'.", path=given
        )
    if path.suffix.lower() not in _SUFFIXES:
        raise InvalidArguments(f"The score path {given!r} does not end in .yaml or .yml.", fix=FIX_SCORE_PATH)
    return path
