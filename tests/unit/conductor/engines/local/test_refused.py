"""A launch that the system refuses for now may come later; one that it will always refuse is the attempt's end."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest

from podium.conductor.processes.keepers.child import Child, Start
from podium.conductor.processes.keepers.keepers import Keepers
from tests.support.engines import make_spec, run_attempt

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("state", "number", "reason"),
    [
        ("failed", errno.EMFILE, "never_started"),
        ("failed", errno.ENOSPC, "never_started"),
        ("failed", errno.EACCES, "launch_failed"),
        ("refused", errno.EIO, "never_started"),
    ],
)
async def test_a_refused_launch_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: Literal["failed", "refused"], number: int, reason: str
) -> None:
    async def refused(_: Keepers, starts: Sequence[Start]) -> list[Child]:
        children = [Child(start.key) for start in starts]
        for child in children:
            child.fail(state, os.strerror(number), number)
        return children

    monkeypatch.setattr(Keepers, "start", refused)
    end = await run_attempt(make_spec(tmp_path))
    assert (end.reason, end.detail) == (reason, os.strerror(number))


@pytest.mark.parametrize(
    ("env", "detail"),
    [
        ({"BIG": "x" * 200_000}, "the environment variable BIG has 200005 bytes; the system takes at most 131072 for one"),
        ({f"V{number}": "x" * 120_000 for number in range(60)}, " variables, more than the system takes for the start of a program;"),
    ],
)  # fmt: skip
async def test_an_environment_that_is_too_large_is_named(tmp_path: Path, env: dict[str, str], detail: str) -> None:
    end = await run_attempt(make_spec(tmp_path, env=env))
    assert end.reason == "launch_failed"
    assert end.detail.startswith("Argument list too long: ")
    assert detail in end.detail
