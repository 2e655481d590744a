"""Programs that a score brings along: profiles beside it that replace known instruments, and programs in its own folder.

A repository that somebody else wrote can hold `.podium/instruments/claude-code.yaml`, a folder that PATH leads into, or a script
that a profile gives to bash. All of it is allowed and useful, and none of it may happen quietly: what is used of it is told, or
refused, as the setting `score_profiles` says. Of an instrument that is defined elsewhere only the program is looked at: its
arguments are the user's own, or ours.
"""

import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from podium.errors import ScoreInvalid
from podium.instruments.profile import Profile
from podium.score.model.plan import Plan
from podium.score.model.search import search_path
from podium.texts.shown import one_line

MOST_PATHS = 20  # different values of PATH that are looked at, for each instrument
FILES_TOLD = 3
_WORDS = re.compile(r"[^\s\"'`;|&()<>=,:$]+")  # of an argument that is code, or a list
FIX = (
    "If you trust the score, set score_profiles to warn or allow in the conductor's settings; else use another instrument, "
    "or remove the file."
)


@dataclass(frozen=True)
class Surroundings:
    """What a score brings along: the files of its own profiles by name, and its folders; and whose names they may take."""

    files: Mapping[str, Path]
    builtin: Collection[str]
    user: Collection[str]
    folders: tuple[Path, ...]


def surroundings(
    folder: Path | None,
    workspace: str | None,
    files: Mapping[str, Path],
    builtin: Collection[str],
    user: Collection[str],
) -> Surroundings:
    """Return what is around a score in `folder`: it, the repository that holds it, and the workspace, but never the home."""
    found = [Path(workspace)] if workspace else []
    if folder is not None:
        own = Path(os.path.abspath(folder))  # noqa: PTH100 links are not followed yet
        found += [own, *[each for each in (own, *own.parents) if os.path.lexists(each / ".git")][:1]]
    home = Path(os.path.realpath(os.path.expanduser("~")))  # noqa: PTH111
    both = dict.fromkeys([*found, *(Path(os.path.realpath(each)) for each in found)])
    return Surroundings(files, builtin, user, tuple(each for each in both if not home.is_relative_to(each)))


def told(plan: Plan, around: Surroundings, given_path: str = "") -> tuple[str, ...]:
    """Return a sentence for each instrument of a plan that the score replaces or brings along, with file and program.

    `given_path` is the PATH that came with the start.
    """
    return tuple(
        note
        for name, content in plan.profiles.items()
        if (note := _told_of(name, Profile.model_validate(content), plan, around, given_path))
    )


def refused(notes: tuple[str, ...]) -> ScoreInvalid:
    """Return the refusal of a score by the setting `score_profiles`."""
    return ScoreInvalid(
        f"The score brings its own programs, which the setting score_profiles refuses: {notes[0]}",
        fix=FIX,
        problems=[{"message": note} for note in notes],
    )


def _told_of(name: str, profile: Profile, plan: Plan, around: Surroundings, given_path: str) -> str:
    file = around.files.get(name)
    places = list(_places(name, profile, plan, given_path))
    inside = next(((place, by) for place, by in places if _is_inside(place, by, around.folders)), None)
    place, by = inside or next(iter(places), ("", ""))
    runs = f"it runs {_linked(place)}" if place else f"its program {profile.executable} was not found"
    if inside:
        runs += ", which is inside the folder of the score" + (f", found through {one_line(by)} of PATH" if by else "")
    if file is None:
        return f"the instrument {name} is a program of the score: {runs}." if inside else ""
    replaced = "the built-in one" if name in around.builtin else "your own one" if name in around.user else ""
    given = _given(profile, around.folders)
    if not (replaced or inside or given):
        return ""
    instead = f", in place of {replaced}" if replaced else ""
    return f"the instrument {name} is defined in {_linked(str(file))}{instead}: {'; '.join((runs, *given))}."


def _given(profile: Profile, folders: tuple[Path, ...]) -> list[str]:
    """Return in a clause, or none, the files in the folders that a profile beside the score gives to its program.

    A relative path is tried in each folder: the workspace, where it will be looked up, may become a copy of the repository. Code
    that stands in the arguments themselves is the score's own text, as `run` is.
    """
    own = [text for setting in profile.settings.values() for text in setting.texts()]
    texts = (*profile.args, *profile.args_after, profile.prompt_flag, *own, *_environment(profile).values())
    words = [word for text in texts for word in (text, text.partition("=")[2], *_in(text)) if word]
    places = (os.path.join(folder, word) for word in words for folder in folders)  # noqa: PTH118
    found = [each for each in places if os.path.isfile(each) and _is_inside(each, "", folders)]  # noqa: PTH113
    # where a link is followed by `..`, only the system knows the place
    files = list(dict.fromkeys(os.path.realpath(each) if "/../" in each else os.path.normpath(each) for each in found))
    if not files:
        return []
    more = f" and {len(files) - FILES_TOLD} more" if len(files) > FILES_TOLD else ""
    return [f"it is given {', '.join(map(_linked, files[:FILES_TOLD]))}{more}, inside the folder of the score"]


def _in(text: str) -> Iterator[str]:
    """Return the paths in code and lists; a bare word there is most often something else."""
    return (word for word in _WORDS.findall(text) if "/" in word)


def _places(name: str, profile: Profile, plan: Plan, given_path: str) -> Iterator[tuple[str, str]]:
    """Yield where the program of an instrument is for the sheets that it plays, and the folder of PATH that leads there."""
    if profile.executable.startswith("/"):
        yield profile.executable, ""
        return
    own = _environment(profile).get("PATH", "")
    paths = (
        search_path(plan, sheet, os.environ, given=given_path, profile=own)
        for sheet in plan.sheets
        if name in sheet.instruments
    )
    for path in list(dict.fromkeys(paths))[:MOST_PATHS]:
        for entry in path.split(os.pathsep):
            folder = entry if entry.startswith("/") else os.path.join(plan.workspace or "/", entry)  # noqa: PTH118
            if place := shutil.which(profile.executable, path=folder):
                yield place, entry or "."
                break


def _environment(profile: Profile) -> dict[str, str]:
    """Return the variables of a profile, as far as they are known before a sheet starts."""
    return profile.environment(lambda name: os.environ.get(name, ""))


def _is_inside(place: str, by: str, folders: tuple[Path, ...]) -> bool:
    """Return whether a program is in one of the folders, by its name or where links lead, or depends on the workspace."""
    if by and not by.startswith("/"):
        return True
    names = Path(os.path.abspath(place)), Path(os.path.realpath(place))  # noqa: PTH100
    return any(name.is_relative_to(folder) for name in names for folder in folders)


def _linked(path: str) -> str:
    target = os.path.realpath(path)
    return one_line(path) + (f" (a link to {one_line(target)})" if target != os.path.abspath(path) else "")  # noqa: PTH100
