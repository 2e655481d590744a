"""A reader that does to itself what it is asked to."""

from collections.abc import AsyncIterator

import anyio
import pytest

from podium.conductor.processes.reaper import Reaper
from podium.conductor.reading import lane, process
from podium.conductor.reading.reader import Reader
from tests.support import nursed
from tests.support.readers import LIMITS, PATIENT_SECONDS, act


@pytest.fixture
async def reader(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reader]:
    """Return a reader with one worker, the quick one, which waits for requests."""
    monkeypatch.setattr(process, "COMMAND", tuple(nursed.command("bad-reader")))
    with anyio.fail_after(60):
        async with Reaper() as reaper, Reader(reaper, LIMITS) as made:
            with monkeypatch.context() as patch:
                patch.setattr(lane, "QUICK_SECONDS", PATIENT_SECONDS)
                await act(made, "start")
            yield made
