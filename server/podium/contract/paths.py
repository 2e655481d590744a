"""How a score is given: by path or inline, and which path. The same for the caller and for the conductor."""

from pathlib import Path

from podium.errors import InvalidArguments, PathNotAllowed

_SUFFIXES = (".yaml", ".yml")
FIX_SCORE_PATH = "Give the path to a .yaml or .yml score file, absolute or relative to the caller's working directory."


def check_given_once(config_path: str | None, config_content: str | None, **others: str | None) -> None:
    """Check that a score is given in one way: by its path, by its text, or as one of the `others`, by argument.

    Raises:
        InvalidArguments: it is given twice, or not at all.
    """
    ways = {"config_path": config_path, "config_content": config_content, **others}
    given = [name for name, value in ways.items() if value is not None]
    if len(given) == 1:
        return
    names = list(given or ways)
    first, last = ", ".join(names[:-1]), names[-1]
    if given:
        message = f"{'Both ' if len(given) == 2 else ''}{first} and {last} were given."
    else:
        message = f"Neither {first} nor {last} was given."
    fix = "Give config_path for a score in a file, or config_content for its YAML text."
    command = " To run one shell command, give command alone." if "command" in ways else ""
    raise InvalidArguments(message, fix=fix + command)


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
