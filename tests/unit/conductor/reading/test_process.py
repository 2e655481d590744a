"""The reader's processes end, hang and are killed at any step of their work: others take their place, and no request is lost."""

from pathlib import Path

import anyio
import anyio.to_thread
import psutil
import pytest

from podium.conductor.processes.reaper import Reaper
from podium.conductor.reading import process
from podium.conductor.reading import reader as module
from podium.conductor.reading.reader import Reader, ReaderLimits
from podium.reader.worker import WORKER_POINTS
from podium.reader.zygote import ZYGOTE_POINTS
from tests.support import nursed
from tests.support.readers import LIMITS, PATIENT_SECONDS, act, happens, kill, workers, zygotes

pytestmark = pytest.mark.anyio


async def test_a_killed_worker_and_a_killed_zygote_are_replaced_with_no_request_lost(reader: Reader) -> None:
    for _ in range(3):
        kill(workers(reader))
        assert await act(reader, "live") == "live"
        kill(zygotes(reader))
        assert await act(reader, "live") == "live"
    assert reader.facts()["restarts"] >= 3


@pytest.mark.parametrize("name", ZYGOTE_POINTS + WORKER_POINTS)
async def test_a_process_that_dies_at_any_step_of_its_work_loses_no_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr(process, "COMMAND", tuple(nursed.command("bad-reader")))
    monkeypatch.setenv("PODIUM_KEEPER_FAULT", str(tmp_path))
    (tmp_path / name).write_text("1")
    found: list[str] = []

    async def one(reader: Reader, what: str) -> None:
        found.append(await act(reader, what, client=what))

    with anyio.fail_after(60):
        async with Reaper() as reaper, Reader(reaper, LIMITS) as made:
            for turn in range(2):
                async with anyio.create_task_group() as tasks:
                    for number in range(10):
                        tasks.start_soon(one, made, f"live {turn} {number}")
                await act(made, "dawdle")  # after it the next one needs a new worker
            await act(made, "live")
            while (tmp_path / name).exists():  # nobody waits for what comes after a worker's end
                await act(made, "dawdle")
    assert sorted(found) == [f"live {turn} {number}" for turn in range(2) for number in range(10)]


async def test_a_zygote_that_hangs_is_replaced(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "START_SECONDS", 3.0)
    give_up = reader._process.stop

    def stop() -> None:
        monkeypatch.setattr(process, "START_SECONDS", PATIENT_SECONDS)  # the next one has all the time that it needs
        give_up()

    monkeypatch.setattr(reader._process, "stop", stop)
    (hanging,) = zygotes(reader)
    kill(workers(reader))
    hanging.suspend()
    try:
        assert await act(reader, "live") == "live"
        assert reader.facts()["pid"] != hanging.pid
    finally:
        hanging.resume()
    await anyio.to_thread.run_sync(hanging.wait, 10)


async def test_workers_die_with_their_zygote(reader: Reader) -> None:
    left = workers(reader)
    assert left
    (zygote,) = zygotes(reader)
    zygote.kill()
    gone, alive = await anyio.to_thread.run_sync(lambda: psutil.wait_procs(left, timeout=20))
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
    assert len(gone) + len(alive) == len(left)


async def test_a_reader_that_nobody_needs_ends_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(process, "COMMAND", tuple(nursed.command("bad-reader")))
    with anyio.fail_after(60):
        async with Reaper() as reaper, Reader(reaper, ReaderLimits(idle_seconds=0.2)) as reader:
            assert reader.facts()["pid"] is None
            await act(reader, "live")
            await happens(lambda: reader.facts()["pid"] is None)
            assert await act(reader, "again") == "again"
