"""A wait whose conductor is away: a restart is bridged, and what cannot pass ends the wait."""

import anyio
import pytest

from podium.client import waiting
from podium.errors import ConductorMismatch, ConductorNotRunning
from tests.unit.client.scripted import Script, job, wait

pytestmark = pytest.mark.anyio


async def test_a_conductor_that_restarts_inside_a_wait_is_bridged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "BRIDGE_SECONDS", 0.001)
    script = Script(job("a"))

    async def restart() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.failures = [ConductorNotRunning("gone")] * 3
        script.lost = True
        script.happens("job.completed", "a", status="completed")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(restart)
        assert (await wait(script, "a")).woke_for == "settled"


async def test_a_conductor_that_stays_away_fails_the_wait_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "BRIDGE_SECONDS", 0.001)
    monkeypatch.setattr(waiting, "LOOK_SECONDS", 0.001)
    script = Script(job("a"))
    script.failures = []

    async def stop() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.failures = [ConductorNotRunning("gone")] * 100_000

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop)
        with pytest.raises(ConductorNotRunning):
            await wait(script, "a", timeout_seconds=0.05)


async def test_a_conductor_that_is_away_for_longer_than_a_restart_fails_the_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "BRIDGE_SECONDS", 0.001)
    monkeypatch.setattr(waiting, "AWAY_SECONDS", 0.05)
    script = Script(job("a"))

    async def stop() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.failures = [ConductorNotRunning("gone")] * 100_000
        script.lost = True
        script.happens("sheet.started", "a")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop)
        with pytest.raises(ConductorNotRunning):
            await wait(script, "a", timeout_seconds=600)


async def test_without_a_conductor_a_wait_fails_at_once() -> None:
    script = Script(job("a"))
    script.failures = [ConductorNotRunning("none")]
    with pytest.raises(ConductorNotRunning):
        await wait(script, "a")


async def test_what_cannot_pass_is_not_bridged() -> None:
    script = Script(job("a"))

    async def replace() -> None:
        while not script.looks:
            await anyio.lowlevel.checkpoint()
        script.failures = [ConductorMismatch("another")]
        script.happens("sheet.started", "a")

    async def waits() -> None:
        with pytest.raises(ConductorMismatch):
            await wait(script, "a")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(replace)
        tasks.start_soon(waits)
