"""Compiling a score for the conductor."""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from podium.instruments.builtin import builtin_profiles
from podium.reader.profiles import Content, contents, score_profiles, user_profiles
from podium.reader.requests import SCORE_FOLDER, Compile, Compiled, Nothing, Part, Profiles, decode, encode
from podium.score.compile import compile_score
from podium.score.model.plan import dump_plan


def compiled(request: Compile, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    """Return the plan as it is stored; it keeps the profiles that it uses. A score may use the profiles of its folder too.

    Raises:
        ScoreInvalid, InvalidArguments: see `compile_score` and `score_profiles`.
    """
    path, cwd = (None if each is None else Path(each) for each in (request.path, request.cwd))
    folder = path.parent if path else cwd
    profiles: Mapping[str, Content] = {**_builtin(), **request.profiles}
    # os.path, since Path.is_dir raises for a path that is too long
    own = folder is not None and os.path.isdir(folder / SCORE_FOLDER)  # noqa: PTH112
    read: list[Path] = []
    if folder is not None and own:
        profiles = {**profiles, **contents(score_profiles(folder))}
    plan = compile_score(
        decode(body),
        path=path,
        cwd=cwd,
        profiles=profiles,
        variables=request.variables,
        passed=request.passed,
        inherited=request.inherited,
        workspace=request.workspace,
        max_bytes=request.max_bytes,
        on_file=read.append,
    )
    return Compiled(from_files=own or bool(read)), encode(dump_plan(plan))


def profiles(request: Profiles, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    """Return the user's profiles as JSON."""
    return Nothing(), json.dumps(contents(user_profiles(Path(request.folder)))).encode()


@cache
def _builtin() -> Mapping[str, Content]:
    return contents(builtin_profiles())
