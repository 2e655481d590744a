"""Compiling scores off the loop: small ones in a thread, large ones in a process of their own that can be killed."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import anyio
import anyio.to_thread

from podium import errors
from podium.conductor.instruments.load import SCORE_FOLDER, Content, contents, load_profiles
from podium.conductor.instruments.profile import Profile
from podium.conductor.processes.run import Runner
from podium.errors import SubmitRejected
from podium.score.compile import compile_score
from podium.score.model.plan import Plan, dump_plan, load_plan

T = TypeVar("T")
LARGE_CHARS = 64 * 1024  # from here on the start of an interpreter is small beside the work
_SECONDS = 30.0
_AT_ONCE = 2


@dataclass(frozen=True)
class Source:
    """A score's text, where it comes from, and what it is compiled for (see `compile_score`)."""

    text: str
    path: Path | None
    cwd: Path
    variables: Mapping[str, str]
    workspace: str | None
    inherited: bool = False


@dataclass
class Compiler:
    """Compiles scores for one conductor. A score may use `profiles`, and those in the folder beside it."""

    runner: Runner
    profiles: Mapping[str, Profile]
    config_folder: Path
    max_bytes: int
    slots: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(_AT_ONCE))

    async def compile(self, source: Source, finish: Callable[[Plan, str], T]) -> T:
        """Return what `finish` makes of the plan and the text it is stored as. It is called in a thread, so it may block.

        Raises:
            ScoreInvalid: with every problem. SubmitRejected: it took too long.
        """
        with anyio.move_on_after(_SECONDS):
            if len(source.text) < LARGE_CHARS:
                return await anyio.to_thread.run_sync(
                    lambda: finish(*self._here(source)), limiter=self.slots, abandon_on_cancel=True
                )
            return await anyio.to_thread.run_sync(finish, *await self._apart(source))
        raise SubmitRejected(
            f"The score did not compile within {_SECONDS:g} s.", fix="Make it smaller, or its templates simpler."
        )

    def _here(self, source: Source) -> tuple[Plan, str]:
        plan = compile_score(
            source.text,
            path=source.path,
            cwd=source.cwd,
            profiles=self._content(source),
            variables=source.variables,
            inherited=source.inherited,
            workspace=source.workspace,
            max_bytes=self.max_bytes,
        )
        return plan, dump_plan(plan)

    async def _apart(self, source: Source) -> tuple[Plan, str]:
        folder = await anyio.to_thread.run_sync(tempfile.TemporaryDirectory, None, "podium-score-")
        with folder as name:
            request, reply = Path(name) / "request", Path(name) / "reply"
            await anyio.to_thread.run_sync(self._write, request, source)
            async with self.slots:
                done = await self.runner.run(
                    [sys.executable, "-P", "-m", "podium.score.worker", str(request), str(reply)],
                    env={},
                    cwd=Path(name),  # the caller's folder need not exist here
                    timeout_seconds=_SECONDS,
                    key="compile",
                )
            if done.exit_code != 0:
                raise errors.Internal(f"The compiler ended with code {done.exit_code}: {done.output}")
            return await anyio.to_thread.run_sync(_read, reply)

    def _content(self, source: Source) -> Mapping[str, Content]:
        """Return the content of every profile that the score may use: the plan keeps those that it does."""
        folder = source.path.parent if source.path else source.cwd
        if not os.path.isdir(folder / SCORE_FOLDER):  # noqa: PTH112 -- Path.is_dir raises for a path that is too long
            return self._own
        return contents(load_profiles(config_folder=self.config_folder, score_folder=folder))

    @cached_property
    def _own(self) -> Mapping[str, Content]:
        return contents(self.profiles)

    def _write(self, request: Path, source: Source) -> None:
        arguments = {
            "text": source.text,
            "path": str(source.path) if source.path else None,
            "cwd": str(source.cwd),
            "profiles": self._content(source),
            "variables": dict(source.variables),
            "inherited": source.inherited,
            "workspace": source.workspace,
            "max_bytes": self.max_bytes,
        }
        request.write_text(json.dumps(arguments), "utf-8")


def _read(reply: Path) -> tuple[Plan, str]:
    answer = json.loads(reply.read_text("utf-8"))
    if "error" in answer:
        raise errors.from_dict(answer["error"])
    return load_plan(answer["plan"]), answer["plan"]
