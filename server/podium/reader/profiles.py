"""Profiles of two places beside those that come along: the user's config folder, and the folder of the score."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from podium.contract.models import ProblemView
from podium.errors import InvalidArguments, PodiumError, ScoreInvalid
from podium.instruments.builtin import by_name
from podium.instruments.profile import Profile
from podium.reader.requests import SCORE_FOLDER
from podium.score.patterns import PatternFault, compile_pattern
from podium.score.text import document
from podium.texts.source import decode, read_bytes

MAX_BYTES = 65_536

Content = dict[str, Any]
"""A profile's keys, as its file has them."""


class _Bad(Exception):
    """A file that does not hold a valid profile; `problems` say why."""

    def __init__(self, problems: list[ProblemView]) -> None:
        super().__init__(problems[0].message)
        self.problems = [problem.model_dump() for problem in problems]


def user_profiles(config_folder: Path) -> dict[str, Profile]:
    """Return the profiles in the user's `instruments/*.yaml`, by name and alias.

    Raises:
        InvalidArguments: one is not valid.
    """
    try:
        return by_name(profile for profile, _ in _folder(config_folder / "instruments"))
    except _Bad as error:
        raise InvalidArguments(
            f"Instrument profile {error}", fix="Correct or remove the file.", problems=error.problems
        ) from None


def score_profiles(folder: Path) -> dict[str, tuple[Profile, Path]]:
    """Return the profiles beside a score, in its folder's `.podium/instruments/`, by name and alias, each with its file.

    Raises:
        ScoreInvalid: one is not valid; `problems` lists what is wrong.
    """
    try:
        found = list(_folder(folder / SCORE_FOLDER))
    except _Bad as error:
        raise ScoreInvalid(
            f"Instrument profile {error}", fix="Correct or remove the file.", problems=error.problems
        ) from None
    return {name: (profile, path) for profile, path in found for name in (profile.name, *profile.aliases)}


def contents(profiles: Mapping[str, Profile]) -> dict[str, Content]:
    """Return the profiles as a plan stores them."""
    return {
        name: profile.model_dump(mode="json", exclude_defaults=True, exclude={"sources"})
        for name, profile in profiles.items()
    }


def _folder(folder: Path) -> Iterator[tuple[Profile, Path]]:
    """Yield the profiles of a folder and their files, in the order of the names; nothing if the folder does not exist."""
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
        yield profile, path


def _profile(text: str, name: str, path: Path = Path()) -> Profile:
    """Check one profile; without a `name` it gets that of its file. It is parsed as carefully as a score: it may be hostile."""
    try:
        content = document.load(text).root
        if not isinstance(content, dict):
            raise _Bad([_problem(path, "it is not a mapping of keys")])
        profile = Profile.model_validate({"name": name, **content})
    except document.DocumentFault as fault:
        raise _Bad(
            [_problem(path, f"it is not a valid profile: {fault.message}", line=fault.line, column=fault.column)]
        ) from None
    except ValidationError as error:
        raise _Bad([_from_pydantic(path, dict(found)) for found in error.errors(include_url=False)]) from None
    if bad := list(_bad_patterns(path, profile)):
        raise _Bad(bad)
    return profile


def _bad_patterns(path: Path, profile: Profile) -> Iterator[ProblemView]:
    """Yield a problem for each pattern that does not compile."""
    costs = (profile.cost_pattern,) if profile.cost_pattern else ()
    lists = {name: getattr(profile, name) for name in ("rate_limit_patterns", "auth_patterns", "capacity_patterns")}
    for field, patterns in {**lists, "cost_pattern": costs}.items():
        for pattern in patterns:
            try:
                groups = compile_pattern(pattern).groups
            except PatternFault as fault:
                yield _problem(path, f"{field}: {pattern!r} {fault}", field=field)
            else:
                if patterns is costs and groups != 1:
                    message = f"{field}: {pattern!r} needs exactly one group, around the dollars"
                    yield _problem(path, message, field=field)


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
