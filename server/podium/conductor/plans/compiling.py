"""Compiling scores outside the event loop: small ones in a thread, large ones in their own process, which can be killed."""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import anyio
import anyio.to_thread

from podium import errors
from podium.conductor.instruments.load import SCORE_FOLDER, Content, contents, load_profiles
from podium.conductor.instruments.profile import Profile, found_in
from podium.conductor.plans.given import GivenScore
from podium.conductor.processes.run import Runner
from podium.conductor.rules.plans import LoadedPlan
from podium.errors import SubmitRejected
from podium.score.compile import compile_score
from podium.score.model.plan import Plan, dump_plan, load_plan

T = TypeVar("T")
LARGE_CHARS = 64 * 1024  # from here on starting an interpreter costs little compared with the work
_SECONDS = 30.0
_AT_ONCE = 2


@dataclass(frozen=True)
class Prepared(Generic[T]):
    """A compiled score: its plan, which of its instruments are installed, and what `find` returned."""

    loaded: LoadedPlan
    installed: set[str]
    found: T


@dataclass
class Compiler:
    """Compiles scores for one conductor. A score may use `profiles`, and those in the folder beside it.

    `share` returns an equal plan that is already in memory, if there is one.
    """

    runner: Runner
    profiles: Mapping[str, Profile]
    config_folder: Path
    max_bytes: int
    share: Callable[[LoadedPlan], LoadedPlan]
    slots: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_AT_ONCE))

    async def prepare(self, score: GivenScore, find: Callable[[LoadedPlan], T]) -> Prepared[T]:
        """Compile a score. `find` is called with the plan in a thread, so it may block; its errors are passed on.

        Raises:
            ScoreInvalid: lists every problem.
            SubmitRejected: compiling took too long.
        """
        with anyio.move_on_after(_SECONDS):
            if len(score.text) < LARGE_CHARS:
                made = await anyio.to_thread.run_sync(
                    lambda: _prepared(score, *self._here(score), find), limiter=self.slots, abandon_on_cancel=True
                )
            else:
                made = await anyio.to_thread.run_sync(_prepared, score, *await self._apart(score), find)
            return Prepared(self.share(made.loaded), made.installed, made.found)
        raise SubmitRejected(
            f"The score did not compile within {_SECONDS:g} s.", fix="Make the score smaller or its templates simpler."
        )

    def _here(self, score: GivenScore) -> tuple[Plan, str]:
        plan = compile_score(**self._arguments(score))
        return plan, dump_plan(plan)

    async def _apart(self, score: GivenScore) -> tuple[Plan, str]:
        folder = await anyio.to_thread.run_sync(tempfile.TemporaryDirectory, None, "podium-score-")
        with folder as name:
            request, reply = Path(name) / "request", Path(name) / "reply"
            await anyio.to_thread.run_sync(
                lambda: request.write_text(json.dumps(self._arguments(score), default=str), "utf-8")
            )
            async with self.slots:
                done = await self.runner.run(
                    [sys.executable, "-P", "-m", "podium.score.worker", str(request), str(reply)],
                    env={},
                    cwd=Path(name),  # the caller's folder need not exist here
                    timeout_seconds=_SECONDS,
                    key="compile",
                )
            if done.exit_code != 0:
                raise errors.Internal(f"The compiler exited with code {done.exit_code}: {done.output}")
            answer = json.loads(await anyio.to_thread.run_sync(partial(reply.read_text, "utf-8")))
        if "error" in answer:
            raise errors.from_dict(answer["error"])
        return await anyio.to_thread.run_sync(load_plan, answer["plan"]), answer["plan"]

    def _arguments(self, score: GivenScore) -> dict[str, Any]:
        """Return the arguments of `compile_score`; the plan keeps the profiles that it uses."""
        folder = score.path.parent if score.path else score.cwd
        profiles = self._own
        if os.path.isdir(folder / SCORE_FOLDER):  # noqa: PTH112 -- Path.is_dir raises for a path that is too long
            profiles = contents(load_profiles(config_folder=self.config_folder, score_folder=folder))
        return {
            "text": score.text,
            "path": score.path,
            "cwd": score.cwd,
            "profiles": profiles,
            "variables": dict(score.variables),
            "inherited": score.inherited,
            "workspace": score.workspace,
            "max_bytes": self.max_bytes,
        }

    @cached_property
    def _own(self) -> Mapping[str, Content]:
        return contents(self.profiles)


def _prepared(score: GivenScore, plan: Plan, stored: str, find: Callable[[LoadedPlan], T]) -> Prepared[T]:
    """Find out what has to be known about a compiled plan before it is taken. Blocks."""
    loaded = LoadedPlan(hashlib.sha256(stored.encode()).hexdigest(), plan, score.text, stored)
    installed = found_in(loaded.instruments, plan.env.get("PATH") or os.environ.get("PATH", ""))
    return Prepared(loaded, installed, find(loaded))
