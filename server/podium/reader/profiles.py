"""Profiles of two places beside those that come along: the user's config folder, and the folder of the score.

They are in our form, or in that of the Marianne conductor's guide.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from podium.contract.models import ProblemView
from podium.errors import InvalidArguments, PodiumError, ScoreInvalid
from podium.instruments.builtin import by_name
from podium.instruments.marianne import BLOCKS, converted, is_of_marianne, unused_note
from podium.instruments.profile import Profile
from podium.reader.requests import SCORE_FOLDER
from podium.score.patterns import PatternFault, compile_pattern
from podium.score.text import document
from podium.texts.source import decode, read_bytes

MAX_BYTES = 65_536
MAX_PROBLEMS = 20  # that are told of one file
_UNWRITTEN = "unused"  # the key of our profiles that no file may have

Content = dict[str, Any]
"""A profile's keys, as its file has them."""
Keys = tuple[str, ...]


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


def unused(profiles: Mapping[str, Content]) -> tuple[str, ...]:
    """Return a note for each profile of a plan that has keys with which nothing is done."""
    found = {str(content.get("name", name)): content.get("unused", ()) for name, content in profiles.items()}
    return tuple(unused_note(name, tuple(keys)) for name, keys in found.items() if keys)


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
    except document.DocumentFault as fault:
        raise _Bad(
            [_problem(path, f"it is not a valid profile: {fault.message}", line=fault.line, column=fault.column)]
        ) from None
    if not isinstance(content, dict):
        raise _Bad([_problem(path, "it is not a mapping of keys")])
    profile = _checked({"name": name, **content}, path)
    if bad := list(_bad_patterns(path, profile)):
        raise _Bad(bad)
    return profile


def _checked(content: Content, path: Path) -> Profile:
    """Return the profile that a file holds in one of the two forms."""
    is_ours = not is_of_marianne(content)
    if is_ours and _UNWRITTEN in content:
        raise _Bad([_unknown(path, _UNWRITTEN, _UNWRITTEN, Profile.model_fields)])
    blocks: Mapping[Keys, type[BaseModel]] = {(): Profile} if is_ours else BLOCKS
    try:
        return Profile.model_validate(content) if is_ours else converted(content)
    except ValidationError as error:
        found = error.errors(include_url=False)[:MAX_PROBLEMS]
        raise _Bad([_from_pydantic(path, dict(each), blocks) for each in found]) from None


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


def _from_pydantic(path: Path, found: Mapping[str, Any], blocks: Mapping[Keys, type[BaseModel]]) -> ProblemView:
    """Return one of pydantic's errors as a problem in our words; `blocks` are those of the profile, by their keys."""
    *above, key = found["loc"] or ("",)
    field = ".".join(map(str, (*above, key)))
    if found["type"] == "extra_forbidden":
        block = blocks.get(tuple(map(str, above)))
        return _unknown(path, field, str(key), block.model_fields if block else ())
    message = str(found["msg"]).removeprefix("Value error, ")
    return _problem(path, f"{field}: {message}" if field else message, field=field)


def _unknown(path: Path, field: str, key: str, fields: Iterable[str]) -> ProblemView:
    known = sorted(set(fields) - {_UNWRITTEN})
    near = difflib.get_close_matches(key[:100], known, n=2)
    meant = f" (did you mean {' or '.join(near)}?)" if near else ""
    return _problem(path, f"unknown key {field}{meant}", field=field, allowed=known)


def _problem(path: Path, message: str, **place: Any) -> ProblemView:
    """Return a problem of this file."""
    return ProblemView(message=f"{path}: {message}.", **place)
