"""Starting a new keeper."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import anyio
from anyio.to_thread import run_sync

from podium.conductor.processes import facts
from podium.conductor.processes.installation import gone
from podium.conductor.processes.keepers.keeper import Keeper
from podium.conductor.processes.keepers.link import ANSWER_SECONDS
from podium.conductor.processes.reaper import Reaper
from podium.conductor.processes.spawn import spawn
from podium.keeper import program
from podium.log import get_logger

LOOK_SECONDS = 0.01  # between two looks whether it answers

log = get_logger()


async def launch(
    keeper: Keeper, reaper: Reaper, env: Mapping[str, str], procs: str, answers: Callable[[], Awaitable[bool]]
) -> None:
    """Start a keeper in its folder and wait until it `answers`. `procs` is the file of our own control group, or "".

    Raises:
        OSError: it did not come up.
    """
    keeper.folder.mkdir(mode=0o700)
    command = [sys.executable, "-I", "-S", program.__file__, str(keeper.folder), procs]
    messages = keeper.folder / "log"
    try:
        child = await reaper.launch(partial(spawn, command, env, stdout=messages, stderr=messages))
    except OSError as error:
        await run_sync(keeper.remove)  # else each try would leave a folder
        raise OSError(error.errno, gone(program.__file__) or error.strerror) from error
    with anyio.move_on_after(ANSWER_SECONDS):
        while not child.has_ended:
            if await answers():
                log.info("keeper_started", pid=keeper.pid, number=keeper.number)
                return
            await anyio.sleep(LOOK_SECONDS)
    said = gone(program.__file__) or facts.read(str(messages)).decode("utf-8", "replace").strip().rpartition("\n")[2]
    if child.has_ended:
        await run_sync(keeper.remove)
    raise OSError(0, said or "it does not answer")
