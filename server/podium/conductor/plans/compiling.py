"""From a score to a plan: the reader compiles it, and what has to be known before it is taken is found out here."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import anyio.to_thread

from podium.conductor.plans.given import GivenScore
from podium.conductor.reading.queue import LAUNCHES
from podium.conductor.reading.reader import Reader
from podium.conductor.rules.plans import LoadedPlan
from podium.instruments.finding import found_in
from podium.instruments.profile import Profile
from podium.reader.requests import Compile, Differ, Differing, Nothing, Profiles, decode
from podium.score.model.plan import Plan, dump_plan, load_plan

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

    `share` returns an equal plan that is already in memory, if there is one.
    """

    reader: Reader
    profiles: Mapping[str, Any]
    max_bytes: int
    share: Callable[[LoadedPlan], LoadedPlan]

    async def prepare(self, score: GivenScore, find: Callable[[LoadedPlan], T], *, client: object) -> Prepared[T]:
        """Compile a score. `find` is called with the plan in a thread, so it may block; its errors are passed on.

        Raises:
            ScoreInvalid: lists every problem, or says what limit the score exceeds.
            ConductorBusy: too many scores wait, or too many of this client's.
        """
        request = Compile(
            path=None if score.path is None else str(score.path),
            cwd=str(score.cwd),
            variables=dict(score.variables),
            inherited=score.inherited,
            workspace=score.workspace,
            max_bytes=self.max_bytes,
            profiles=dict(self.profiles),
        )
        _, stored = await self.reader.ask(request, Nothing, body=score.body, client=client)
        made = await anyio.to_thread.run_sync(_prepared, score, stored, find)
        return Prepared(self.share(made.loaded), made.installed, made.found)


def _prepared(score: GivenScore, stored: bytes, find: Callable[[LoadedPlan], T]) -> Prepared[T]:
    """Read the compiled plan, and find out what has to be known before it is taken. Blocks."""
    text = decode(stored)
    plan = load_plan(text)
    loaded = LoadedPlan(hashlib.sha256(stored).hexdigest(), plan, score.text, text)
    installed = found_in(loaded.instruments, plan.env.get("PATH") or os.environ.get("PATH", ""))
    return Prepared(loaded, installed, find(loaded))


async def user_profiles(reader: Reader, folder: Path) -> tuple[dict[str, Any], dict[str, Profile]]:
    """Return the user's profiles as the reader takes them, and as models. Without any, the reader is not asked.

    Raises:
        InvalidArguments: one is not valid.
    """
    if not await anyio.to_thread.run_sync(os.path.isdir, folder / "instruments"):
        return {}, {}
    _, text = await reader.ask(Profiles(folder=str(folder)), Nothing, client=LAUNCHES)
    contents = json.loads(text)
    return contents, {name: Profile.model_validate(content) for name, content in contents.items()}


async def differing(
    reader: Reader, old: Plan, new: Plan, pairs: Mapping[int, int], workspace: str, *, client: object
) -> frozenset[int]:
    """Return the sheets of the new plan that would do something different from their counterparts in the old one."""
    before, after = await anyio.to_thread.run_sync(lambda: [dump_plan(each).encode() for each in (old, new)])
    request = Differ(workspace=workspace, pairs=tuple(pairs.items()), split=len(before))
    found, _ = await reader.ask(request, Differing, body=before + after, client=client)
    return frozenset(found.sheets)
