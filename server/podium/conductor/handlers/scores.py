"""Scores from a call to a compiled plan: read, checked and compiled off the loop."""

import hashlib
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from podium.conductor.compiling import Source
from podium.conductor.context import Context
from podium.conductor.instruments.profile import found_in
from podium.conductor.state import LoadedPlan
from podium.errors import InvalidArguments, PodiumError
from podium.score.source import read_score


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
class Prepared:
    """A compiled score with where it came from. `text` is what was given; the plan may be shared with another text."""

    loaded: LoadedPlan
    path: Path | None
    text: str


async def prepare(context: Context, call: ScoreCall, *, variables: dict[str, str] | None = None,
                  workspace: str | None = None) -> Prepared:  # fmt: skip
    """Read and compile the score of a call.

    Raises:
        InvalidArguments: neither or both of path and content. PathNotAllowed, ScoreNotFound, ScoreInvalid, PermissionDenied:
            as the score package says. SubmitRejected: compiling took too long.
    """
    if (call.config_path is None) == (call.config_content is None):
        raise InvalidArguments(
            "Give exactly one of config_path and config_content.",
            fix="config_path is a .yaml file; config_content is the score's text.",
        )
    path, text = await _read(context, call)
    cwd = Path(call.client_cwd or "/")
    plan, stored = await context.compiler.compile(Source(text, path, cwd, variables or {}, workspace))
    digest = hashlib.sha256(stored.encode()).hexdigest()
    return Prepared(context.loader.share(LoadedPlan(digest, plan, text, stored)), path, text)


async def _read(context: Context, call: ScoreCall) -> tuple[Path | None, str]:
    if call.config_path is None:
        return None, call.config_content or ""
    read = partial(
        read_score, call.config_path, cwd=Path(call.client_cwd or "/"), max_bytes=context.settings.max_score_bytes
    )
    return await anyio.to_thread.run_sync(read)


def installed(loaded: LoadedPlan) -> set[str]:
    """Return those of a plan's instruments whose programs are on its PATH: its own, else the conductor's."""
    return found_in(loaded.instruments, loaded.plan.env.get("PATH") or os.environ.get("PATH", ""))


def problem_reply(error: PodiumError) -> dict[str, object]:
    """Return the reply of `job.validate` for a score that is refused."""
    return {"valid": False, "code": error.code, "message": error.message, "fix": error.fix,
            "problems": error.facts.get("problems", [])}  # fmt: skip
