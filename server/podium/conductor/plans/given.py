"""A score as a call gives it: its text, where it comes from, and what it is compiled for."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import anyio.to_thread

from podium.contract.methods import ScoreCall
from podium.contract.paths import check_given_once
from podium.reader.requests import encode
from podium.texts.source import read_score

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class GivenScore:
    """A score's text, the path if it has one, and what it is compiled for (see `compile_score`).

    `cwd` is the caller's folder, None if the caller names none.
    """

    text: str
    path: Path | None
    cwd: Path | None
    variables: Mapping[str, str]
    workspace: str | None
    inherited: bool = False
    passed: tuple[str, ...] = ()  # names of environment variables that came with the call, or with the job's start
    given_path: str = ""  # the PATH among them, which says where programs are found

    @property
    def folder(self) -> Path | None:
        """Where relative paths of the score begin, None if it may have none."""
        return self.path.parent if self.path else self.cwd

    @property
    def body(self) -> bytes:
        """The text as the reader gets it."""
        return encode(self.text)


class Latest(NamedTuple):
    """The score that a job runs next: the hash of its plan, the file that it comes from, and whether it is a pending change."""

    digest: str
    path: str | None
    pending: bool


def latest(row: sqlite3.Row) -> Latest:
    """Return the latest score of the job with this row: what callers are shown, and what the next edit changes."""
    if row["next_plan_hash"] is None:
        return Latest(row["plan_hash"], row["config_path"], pending=False)
    return Latest(row["next_plan_hash"], row["next_config_path"], pending=True)


async def read(
    call: ScoreCall,
    *,
    max_bytes: int,
    variables: Mapping[str, str],
    workspace: str | None,
    inherited: bool = False,
    passed: Mapping[str, str] = NOTHING,
) -> GivenScore:
    """Return the score of a call.

    Raises:
        InvalidArguments: the call has neither or both of path and content.
        PathNotAllowed, ScoreNotFound, ScoreInvalid, PermissionDenied: see `read_score`.
    """
    check_given_once(call.config_path, call.config_content)
    cwd = Path(call.client_cwd) if call.client_cwd else None
    path, text = None, call.config_content or ""
    if call.config_path is not None:
        reading = partial(read_score, call.config_path, cwd=cwd or Path("/"), max_bytes=max_bytes)
        path, text = await anyio.to_thread.run_sync(reading)
    return GivenScore(text, path, cwd, variables, workspace, inherited, tuple(sorted(passed)), passed.get("PATH", ""))
