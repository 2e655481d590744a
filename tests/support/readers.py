"""The bad reader in a test: asked, and looked at from outside."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import anyio.to_thread
import psutil

from podium.conductor.reading.reader import Reader, ReaderLimits
from podium.reader.requests import Nothing, Profiles
from tests.support.nursed import stood_for
from tests.support.podium_home import until

LIMITS = ReaderLimits(seconds=1.0, memory_bytes=1024**3, idle_seconds=60.0)
PATIENT_SECONDS = 50.0  # in place of a limit that a busy machine may reach by itself


async def act(reader: Reader, what: str, client: object = "somebody") -> str:
    """Let the reader act, and return its answer."""
    return (await reader.ask(Profiles(folder=what), Nothing, client=client))[1].decode()


async def happens(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, while the loop goes on."""
    await anyio.to_thread.run_sync(partial(until, condition, seconds=PATIENT_SECONDS))


def zygotes(reader: Reader) -> list[psutil.Process]:
    """Return the zygote if it runs: `psutil.Process(None)` would be the process of the tests itself."""
    pid = reader.facts()["pid"]
    with suppress(psutil.NoSuchProcess):
        return [psutil.Process(stood_for(pid))] if pid is not None else []
    return []


def workers(reader: Reader) -> list[psutil.Process]:
    """Return the workers that run."""
    return [worker for zygote in zygotes(reader) for worker in zygote.children()]


def kill(processes: list[psutil.Process]) -> None:
    """Kill those that have not ended by themselves."""
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.kill()
