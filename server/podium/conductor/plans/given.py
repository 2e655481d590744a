"""Scores from a call to a compiled plan: read, checked and compiled off the loop."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import anyio.to_thread

from podium.conductor.instruments.profile import found_in
from podium.conductor.plans.compiling import Source
from podium.conductor.rules.state import LoadedPlan
from podium.conductor.service.context import Context
from podium.errors import InvalidArguments, PodiumError
from podium.score.model.plan import Plan
from podium.score.text.source import read_score

T = TypeVar("T")


class ScoreCall(Protocol):
    """The part of a call that gives a score."""

    @property
    def config_path(self) -> str | None:
        """A path, absolute or relative to `client_cwd`."""

    @property
    def config_content(self) -> str | None:
        """The score's text."""

    @property
    def client_cwd(self) -> str | None:
        """The caller's working directory."""


@dataclass(frozen=True)
class Given:
    """A score as it was given: its text, and the path where it has one."""

    path: Path | None
    text: str


@dataclass(frozen=True)
class Prepared(Generic[T]):
    """A compiled score: its plan, which of its instruments are installed, and what else was found out on the way."""

    loaded: LoadedPlan
    installed: set[str]
    found: T


async def read(context: Context, call: ScoreCall) -> Given:
    """Return the score of a call.

    Raises:
        InvalidArguments: neither or both of path and content. PathNotAllowed, ScoreNotFound, ScoreInvalid, PermissionDenied:
            as the score package says.
    """
    if (call.config_path is None) == (call.config_content is None):
        raise InvalidArguments(
            "Give exactly one of config_path and config_content.",
            fix="config_path is a .yaml file; config_content is the score's text.",
        )
    if call.config_path is None:
        return Given(None, call.config_content or "")
    reading = partial(
        read_score, call.config_path, cwd=Path(call.client_cwd or "/"), max_bytes=context.settings.max_score_bytes
    )
    return Given(*await anyio.to_thread.run_sync(reading))


async def prepare(context: Context, call: ScoreCall, given: Given, *, variables: dict[str, str], inherited: bool = False,
                  workspace: str | None, find: Callable[[LoadedPlan], T]) -> Prepared[T]:  # fmt: skip
    """Compile a score; see `compile_score` on the arguments.

    `find` is called with the plan in the compiling thread, so it may block; what it raises is raised.

    Raises:
        ScoreInvalid: with every problem. SubmitRejected: compiling took too long.
    """

    def finish(plan: Plan, stored: str) -> Prepared[T]:
        loaded = LoadedPlan(hashlib.sha256(stored.encode()).hexdigest(), plan, given.text, stored)
        return Prepared(loaded, _installed(loaded), find(loaded))

    source = Source(given.text, given.path, Path(call.client_cwd or "/"), variables, workspace, inherited)
    made = await context.compiler.compile(source, finish)
    return replace(made, loaded=context.loader.share(made.loaded))


def _installed(loaded: LoadedPlan) -> set[str]:
    """Return those of a plan's instruments whose programs are on its PATH: its own, else the conductor's."""
    return found_in(loaded.instruments, loaded.plan.env.get("PATH") or os.environ.get("PATH", ""))


def problem_reply(error: PodiumError) -> dict[str, object]:
    """Return the reply of `job.validate` for a score that is refused."""
    return {"valid": False, "code": error.code, "message": error.message, "fix": error.fix, **error.facts}


def sheet_number(loaded: LoadedPlan, ref: int | str | None) -> int | None:
    """Return the number of a sheet that is named or numbered; None for None and "".

    Raises:
        InvalidArguments: there is no such sheet; the names are listed.
    """
    if ref is None or ref == "":
        return None
    num = loaded.plan.find(ref)
    if num is None:
        labels = ", ".join(sheet.label for sheet in loaded.plan.sheets[:20])
        raise InvalidArguments(f"The score has no sheet {ref!r}.", fix=f"Its sheets are: {labels}.", sheet=str(ref))
    return num
