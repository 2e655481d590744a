"""A launch that the system refuses for now may come later; one that it will always refuse is the attempt's end."""

import errno
import os
from pathlib import Path

import anyio
import pytest

from podium.conductor.engines.local import engine as local
from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes.reaper import Reaper

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EMFILE, "never_started"), (errno.ENOSPC, "never_started"), (errno.E2BIG, "launch_failed")],
)
async def test_a_refused_launch_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(local, "spawn", refused)
    async with Reaper() as reaper, LocalEngine(reaper) as engine:
        await engine.submit(AttemptSpec("test-refused", tmp_path / "attempt", "true", tmp_path, {}, ()))
        with anyio.fail_after(20):
            end = await anext(engine.changes())
    assert (end.reason, end.detail) == (reason, os.strerror(number))
