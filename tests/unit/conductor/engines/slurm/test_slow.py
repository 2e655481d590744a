"""Work on a folder that may not answer."""

import os
import threading
from pathlib import Path

import anyio
import pytest

from podium.conductor.engines.slurm.slow import THREADS, Slow

pytestmark = pytest.mark.anyio


async def test_a_folder_that_never_answers_gets_no_thread_after_the_other(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "away")
    slow, opened = Slow(str(tmp_path), seconds=0.2), 0

    def look() -> None:
        nonlocal opened
        opened += 1
        os.close(os.open(tmp_path / "away", os.O_RDONLY))

    before = threading.active_count()
    for _ in range(5 * THREADS):
        with pytest.raises(TimeoutError, match="does not answer"):
            await slow.do(look)
    assert (opened, threading.active_count() - before) == (THREADS, THREADS)
    writer = os.open(tmp_path / "away", os.O_WRONLY)  # it answers again
    with anyio.fail_after(10):
        while opened == THREADS:
            try:
                await slow.do(look)
            except TimeoutError:
                await anyio.lowlevel.checkpoint()
    os.close(writer)
    assert await slow.do(lambda: 7) == 7


async def test_what_a_caller_gave_up_counts_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "away")
    slow = Slow(str(tmp_path))

    def look(began: threading.Event) -> None:
        began.set()
        os.close(os.open(tmp_path / "away", os.O_RDONLY))

    for _ in range(THREADS):
        async with anyio.create_task_group() as tasks:
            began = threading.Event()
            tasks.start_soon(slow.do, look, began)
            assert await anyio.to_thread.run_sync(began.wait, 100)
            tasks.cancel_scope.cancel()
    with anyio.fail_after(5), pytest.raises(TimeoutError):
        await slow.do(lambda: 7)
    os.close(os.open(tmp_path / "away", os.O_WRONLY))
