"""Scores from a call to a compiled plan: read, checked and compiled off the loop."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio.to_thread

from podium.conductor.context import Context
from podium.conductor.state import LoadedPlan
from podium.errors import InvalidArguments, PodiumError, SubmitRejected
from podium.score.compile import compile_score
from podium.score.plan import dump_plan
from podium.score.source import read_score

_COMPILE_SECONDS = 30.0


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
    """A compiled score with where it came from."""

    loaded: LoadedPlan
    path: Path | None

    @property
    def text(self) -> str:
        """The score as it was given."""
        return self.loaded.source


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
    with anyio.move_on_after(_COMPILE_SECONDS):
        prepared = await anyio.to_thread.run_sync(
            _prepare, context, call, variables or {}, workspace, limiter=context.compiling, abandon_on_cancel=True
        )
        return Prepared(context.loader.share(prepared.loaded), prepared.path)
    raise SubmitRejected(
        f"The score did not compile within {_COMPILE_SECONDS:g} s.", fix="Make it smaller, or its templates simpler."
    )


def _prepare(context: Context, call: ScoreCall, variables: dict[str, str], workspace: str | None) -> Prepared:
    cwd = Path(call.client_cwd or "/")
    limit = context.settings.max_score_bytes
    path: Path | None = None
    text = call.config_content or ""
    if call.config_path is not None:
        path, text = read_score(call.config_path, cwd=cwd, max_bytes=limit)
    plan = compile_score(text, path=path, cwd=cwd, instruments=set(context.profiles), variables=variables,
                         workspace=workspace, max_bytes=limit)  # fmt: skip
    stored = dump_plan(plan)
    digest = hashlib.sha256(stored.encode()).hexdigest()
    return Prepared(LoadedPlan(digest, plan, text, stored), path)


def problem_reply(error: PodiumError) -> dict[str, object]:
    """Return the reply of `job.validate` for a score that is refused."""
    return {"valid": False, "code": error.code, "message": error.message, "fix": error.fix,
            "problems": error.facts.get("problems", [])}  # fmt: skip
