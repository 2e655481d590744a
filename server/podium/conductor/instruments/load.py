"""Profiles from three places: built in, the user's config folder, and the folder of the score. Later ones win."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from podium.conductor.instruments.profile import Profile
from podium.contract.models import ProblemView
from podium.errors import InvalidArguments, PodiumError, ScoreInvalid
from podium.score.text import document
from podium.score.text.source import decode, read_bytes

MAX_BYTES = 65_536
SCORE_FOLDER = Path(".podium") / "instruments"

Content = dict[str, Any]
"""A profile's keys, as its file has them."""


class _Bad(Exception):
    """A file that does not hold a valid profile; `problems` say why."""

    def __init__(self, problems: list[ProblemView]) -> None:
        super().__init__(problems[0].message)
        self.problems = [problem.model_dump() for problem in problems]


@cache
def builtin_profiles() -> Mapping[str, Profile]:
    """Return the profiles that come with the package, by name and alias."""
    folder = files("podium.conductor.instruments") / "profiles"
    texts = sorted((entry.name, entry.read_text(encoding="utf-8")) for entry in folder.iterdir())
    return _by_name(_profile(text, name.removesuffix(".yaml")) for name, text in texts)


def load_profiles(*, config_folder: Path | None = None, score_folder: Path | None = None) -> dict[str, Profile]:
    """Return every instrument by its name and its aliases; `profile.name` is the name. Reads files.

    `config_folder` holds the user's `instruments/*.yaml`, `score_folder` is the score's own, with `.podium/instruments/`.

    Raises:
        InvalidArguments: a profile in the user's folder is not valid.
        ScoreInvalid: a profile beside the score is not valid; `problems` lists what is wrong.
    """
    profiles = dict(builtin_profiles())
    try:
        if config_folder:
            profiles |= _by_name(_folder(config_folder / "instruments"))
    except _Bad as error:
        raise InvalidArguments(
            f"Instrument profile {error}", fix="Correct or remove the file.", problems=error.problems
        ) from None
    try:
        if score_folder:
            profiles |= _by_name(_folder(score_folder / SCORE_FOLDER))
    except _Bad as error:
        raise ScoreInvalid(
            f"Instrument profile {error}", fix="Correct or remove the file.", problems=error.problems
        ) from None
    return profiles


def contents(profiles: Mapping[str, Profile]) -> dict[str, Content]:
    """Return the profiles as a plan stores them."""
    return {name: profile.model_dump(mode="json", exclude_defaults=True) for name, profile in profiles.items()}


def _by_name(profiles: Iterable[Profile]) -> dict[str, Profile]:
    """Return the profiles under all their names."""
    return {name: profile for profile in profiles for name in (profile.name, *profile.aliases)}


def _folder(folder: Path) -> Iterator[Profile]:
    """Yield the profiles of a folder in the order of their file names; nothing if the folder does not exist."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _Bad([_problem(folder, f"it cannot be read: {error.strerror}")]) from None
    for path in paths:
        try:  # as a score is read: of bounded size, without waiting on a FIFO
            text = decode(read_bytes(path, max_bytes=MAX_BYTES), name=f"The file {path}")
        except ScoreInvalid as error:
            raise _Bad([_problem(path, f"{error.facts['problems'][0]['message']}")]) from None
        except PodiumError as error:
            raise _Bad([_problem(path, f"it cannot be read: {error.message.removesuffix('.')}")]) from None
        profile = _profile(text, path.stem, path)
        if "cli" in (profile.name, *profile.aliases):
            raise _Bad([_problem(path, "the name cli is reserved for bash", field="name")])
        yield profile


def _profile(text: str, name: str, path: Path = Path()) -> Profile:
    """Check one profile; without a `name` it gets that of its file. It is parsed as carefully as a score: it may be hostile."""
    try:
        content = document.load(text).root
        if not isinstance(content, dict):
            raise _Bad([_problem(path, "it is not a mapping of keys")])
        return Profile.model_validate({"name": name, **content})
    except document.DocumentFault as fault:
        raise _Bad(
            [_problem(path, f"it is not a valid profile: {fault.message}", line=fault.line, column=fault.column)]
        ) from None
    except ValidationError as error:
        raise _Bad([_from_pydantic(path, dict(found)) for found in error.errors(include_url=False)]) from None


def _from_pydantic(path: Path, found: Mapping[str, Any]) -> ProblemView:
    """Return one of pydantic's errors as a problem in our words."""
    field = ".".join(str(part) for part in found["loc"])
    if found["type"] == "extra_forbidden":
        return _problem(path, f"unknown key {field}", field=field, allowed=sorted(Profile.model_fields))
    message = str(found["msg"]).removeprefix("Value error, ")
    return _problem(path, f"{field}: {message}" if field else message, field=field)


def _problem(path: Path, message: str, **place: Any) -> ProblemView:
    """Return a problem of this file."""
    return ProblemView(message=f"{path}: {message}.", **place)
