"""Compiling a score for the conductor."""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from podium.instruments.builtin import builtin_profiles
from podium.reader.beside import refused, surroundings, told
from podium.reader.profiles import Content, contents, score_profiles, unused, user_profiles
from podium.reader.programs import missing_programs, on_nodes
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
    known: Mapping[str, Content] = {**_builtin(), **request.profiles}
    # os.path, since Path.is_dir raises for a path that is too long
    own = folder is not None and os.path.isdir(folder / SCORE_FOLDER)  # noqa: PTH112
    read: list[Path] = []
    beside = score_profiles(folder) if folder is not None and own else {}
    plan = compile_score(
        decode(body),
        path=path,
        cwd=cwd,
        profiles={**known, **contents({name: profile for name, (profile, _) in beside.items()})},
        variables=request.variables,
        passed=request.passed,
        inherited=request.inherited,
        workspace=request.workspace,
        max_bytes=request.max_bytes,
        on_file=read.append,
        engine=request.engine,
        machine=request.machine,
    )
    brought: tuple[str, ...] = ()
    if plan.profiles and request.score_profiles != "allow":
        places = {name: file for name, (_, file) in beside.items()}
        brought = told(
            plan, surroundings(folder, plan.workspace, places, _builtin(), request.profiles), request.given_path
        )
    if brought and request.score_profiles == "refuse":
        raise refused(brought)
    missing = missing_programs(plan, request.given_path)
    warnings = (*brought, *plan.warnings, *unused(plan.profiles), *missing, *on_nodes(plan))
    plan = plan.model_copy(update={"warnings": warnings})
    # The programs of instruments, and of `#!` lines, may be others by the next time.
    of_this_moment = own or bool(read) or bool(plan.profiles) or bool(missing)
    return Compiled(from_files=of_this_moment), encode(dump_plan(plan))


def profiles(request: Profiles, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    """Return the user's profiles as JSON."""
    return Nothing(), json.dumps(contents(user_profiles(Path(request.folder)))).encode()


@cache
def _builtin() -> Mapping[str, Content]:
    return contents(builtin_profiles())
