"""How a score is given: by path or inline, and which path. The same for the caller and for the conductor."""

from pathlib import Path

from podium.errors import InvalidArguments, PathNotAllowed

_SUFFIXES = (".yaml", ".yml")
FIX_SCORE_PATH = "Give the path to a .yaml or .yml score file, absolute or relative to the caller's working directory."


def check_given_once(config_path: str | None, config_content: str | None) -> None:
    """Check that a score is given by its path or by its text.

    Raises:
        InvalidArguments: both are given, or neither.
    """
    if (config_path is None) == (config_content is None):
        which = (
            "Neither config_path nor config_content was"
            if config_path is None
            else "Both config_path and config_content were"
        )
        raise InvalidArguments(
            f"{which} given.", fix="Give config_path for a score in a file, or config_content for its YAML text."
        )


def score_path(given: str) -> Path:
    """Return the given path unchanged; the suffix may be in capitals.

    Raises:
        PathNotAllowed: it contains `..`. InvalidArguments: it does not end in .yaml or .yml.
    """
    path = Path(given)
    if ".." in path.parts:
        raise PathNotAllowed(f"The score path {given!r} contains '..'.", fix="Give the path without '..'.", path=given)
    if path.suffix.lower() not in _SUFFIXES:
        raise InvalidArguments(f"The score path {given!r} does not end in .yaml or .yml.", fix=FIX_SCORE_PATH)
    return path
