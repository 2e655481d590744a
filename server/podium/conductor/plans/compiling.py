"""From a score to a plan: the reader compiles it, and what has to be known before it is taken is found out here."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import anyio.to_thread

from podium.conductor.plans.given import GivenScore
from podium.conductor.plans.recent import RecentPlans
from podium.conductor.reading.queue import LAUNCHES
from podium.conductor.reading.reader import Reader
from podium.conductor.rules.plans import LoadedPlan, hash_of
from podium.conductor.rules.transitions.modify import Difference
from podium.contract.secrets.masks import Secret
from podium.errors import ScoreInvalid
from podium.instruments.finding import found_in
from podium.instruments.profile import Profile
from podium.privacy.way import check_settings, check_way, is_there
from podium.reader.requests import (
    SCORE_FOLDER,
    Commanded,
    Commands,
    Compile,
    Compiled,
    Differ,
    Differing,
    Nothing,
    Profiles,
    ScoreProfiles,
    decode,
)
from podium.score.model.plan import EngineName, Plan, dump_plan, load_plan
from podium.score.model.resources import UNKNOWN_MACHINE, Machine
from podium.score.model.search import search_path

COMMANDS = 50  # sheets of a plan whose commands are shown

T = TypeVar("T")


@dataclass(frozen=True)
class Prepared(Generic[T]):
    """A compiled score: its plan, which of its instruments are installed, and what `find` returned."""

    loaded: LoadedPlan
    installed: set[str]
    found: T


@dataclass
class Compiler:
    """Compiles scores for one conductor. A score may use the `profiles` of the user, and those in the folder beside it.

    `score_profiles` says what is done about programs that a score brings along (see `reader.beside`). `share` returns an equal
    plan that is already in memory, if there is one. `engine` is where sheets run whose score does not say it, `machine` what
    those on this machine can have.
    """

    reader: Reader
    profiles: Mapping[str, Any]
    max_bytes: int
    share: Callable[[LoadedPlan], LoadedPlan]
    score_profiles: ScoreProfiles = "warn"
    engine: EngineName = "local"
    machine: Machine = UNKNOWN_MACHINE
    _recent: RecentPlans = field(default_factory=RecentPlans)

    async def prepare(
        self, score: GivenScore, find: Callable[[LoadedPlan], T], *, client: object, at_home: bool = False
    ) -> Prepared[T]:
        """Compile a score. `find` is called with the plan in a thread, so it may block; its errors are passed on.

        `at_home`: for a plan without a workspace and without sheets on a cluster `find` touches nothing but the home, so it may
        be called without a thread.

        Raises:
            ScoreInvalid: lists every problem, or says what limit the score exceeds.
            ConductorBusy: too many scores wait, or too many of this client's.
        """
        recent = self._recent.get(score)
        if recent is not None:
            known = recent.plan.workspace is None and not recent.on_cluster
            plain = at_home and known and not recent.plan.profiles and not recent.plan.env
            if plain and self._recent.is_alone(score.folder):
                return _prepared(score, self.share(recent), find)
            made = await anyio.to_thread.run_sync(_prepared_alone, score, self.share(recent), find)
            if made is not None:
                self._recent.note_alone(score.folder)
                return made
        request = Compile(
            path=None if score.path is None else str(score.path),
            cwd=None if score.cwd is None else str(score.cwd),
            variables=dict(score.variables),
            passed=score.passed,
            given_path=score.given_path,
            inherited=score.inherited,
            workspace=score.workspace,
            max_bytes=self.max_bytes,
            profiles=dict(self.profiles),
            score_profiles=self.score_profiles,
            engine=self.engine,
            machine=self.machine,
        )
        answer, stored = await self.reader.ask(request, Compiled, body=score.body, client=client)
        loaded = await anyio.to_thread.run_sync(_loaded, score, stored)
        if not answer.from_files:
            self._recent.put(score, loaded)
        return await anyio.to_thread.run_sync(_prepared, score, self.share(loaded), find)


def _loaded(score: GivenScore, stored: bytes) -> LoadedPlan:
    """Read a compiled plan. Long scores take long."""
    text = decode(stored)
    return LoadedPlan(hash_of(text, score.text), load_plan(text), score.text, text)


def _prepared_alone(score: GivenScore, loaded: LoadedPlan, find: Callable[[LoadedPlan], T]) -> Prepared[T] | None:
    """Do the same unless the folder of the score has profiles, on which the plan may depend by now."""
    if score.folder is not None and os.path.isdir(score.folder / SCORE_FOLDER):  # noqa: PTH112 -- Path.is_dir raises for a long path
        return None
    return _prepared(score, loaded, find)


def _prepared(score: GivenScore, loaded: LoadedPlan, find: Callable[[LoadedPlan], T]) -> Prepared[T]:
    """Find out what has to be known about a compiled plan before it is taken. Blocks."""
    plan = loaded.plan
    paths = dict.fromkeys(search_path(plan, sheet, os.environ, given=score.given_path) for sheet in plan.sheets)
    installed = found_in(loaded.instruments, os.pathsep.join(paths))
    return Prepared(loaded, installed, find(loaded))


async def user_profiles(reader: Reader, folder: Path) -> tuple[dict[str, Any], dict[str, Profile]]:
    """Return the user's profiles as the reader takes them, and as models. Without any, the reader is not asked.

    Raises:
        InvalidArguments: one is not valid.
        PermissionDenied: another user can change one, or the folder.
    """
    if not await anyio.to_thread.run_sync(profiles_are_there, folder / "instruments"):
        return {}, {}
    _, text = await reader.ask(Profiles(folder=str(folder)), Nothing, client=LAUNCHES)
    contents = json.loads(text)
    return contents, {name: Profile.model_validate(content) for name, content in contents.items()}


def profiles_are_there(folder: Path) -> bool:
    """Return whether there may be profiles of the user's. What they name is run, so nobody else may write them.

    Raises:
        PermissionDenied: somebody can.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 -- Path.is_dir raises for a folder that may not be entered
        return False
    check_way(folder / "*", "The instruments", "PODIUM_CONFIG")
    for path in folder.glob("*.y*ml"):
        if is_there(path):
            check_settings(path, "The profile")
    return True


async def commands(
    reader: Reader, plan: Plan, secrets: tuple[Secret, ...], *, client: object, most: int = COMMANDS
) -> Commanded:
    """Return what the first sheets run, and `on_end`, each in a line without secrets; nothing if that is too much to read."""
    first = plan.model_copy(update={"sheets": plan.sheets[:most], "validations": ()})
    body = await anyio.to_thread.run_sync(lambda: dump_plan(first).encode())
    try:
        found, _ = await reader.ask(Commands(secrets=secrets), Commanded, body=body, client=client)
    except ScoreInvalid:
        return Commanded(lines=())
    return found


async def differing(
    reader: Reader, old: Plan, new: Plan, pairs: Mapping[int, int], workspace: str, *, client: object
) -> Difference:
    """Return which sheets of the new plan would do something different from their counterparts in the old one, or do it with
    other settings."""
    before, after = await anyio.to_thread.run_sync(lambda: [dump_plan(each).encode() for each in (old, new)])
    request = Differ(workspace=workspace, pairs=tuple(pairs.items()), split=len(before))
    found, _ = await reader.ask(request, Differing, body=before + after, client=client)
    return Difference(frozenset(found.sheets), frozenset(found.tuned), found.settings)
