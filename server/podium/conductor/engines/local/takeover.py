"""Taking over attempts that an earlier conductor began: from the keepers' journals, or from the folder of an earlier version."""

from contextlib import closing
from typing import TYPE_CHECKING

import anyio
from anyio.to_thread import run_sync

from podium.conductor import faults
from podium.conductor.engines.local.attempt import Running
from podium.conductor.engines.local.earlier import EarlierFolder
from podium.conductor.engines.local.holding import recall
from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroup
from podium.conductor.processes.identity import Identity, Watch
from podium.conductor.processes.keepers.child import Child
from podium.conductor.processes.keepers.remains import RESTARTED
from podium.conductor.processes.tree import end_tree
from podium.log import get_logger

if TYPE_CHECKING:
    from podium.conductor.engines.local.engine import LocalEngine

IDENTITY_LOOKS = 100  # a wrapper wrote its identity within milliseconds of its claim
LOOK_SECONDS = 0.02
AGAIN_SECONDS = 1.0

log = get_logger()


async def take_over(engine: "LocalEngine", running: Running) -> None:
    """Find out what became of an attempt, and follow it if it still runs. What cannot be read now is looked at again."""
    while True:
        try:
            return await _take_over(engine, running)
        except OSError as error:
            log.warning("attempt_unknown", attempt=running.key, error=str(error))
            await anyio.sleep(AGAIN_SECONDS)


async def _take_over(engine: "LocalEngine", running: Running) -> None:
    noted = await run_sync(running.folder.read_stop)
    if noted:
        running.stop(noted, running.spec.grace_seconds, "an earlier conductor began to stop it")
    foreign = not running.key.startswith(engine.prefix)
    child = engine.keepers.find(running.key)
    if child is not None:
        if foreign and child.state != "ended" and engine.keepers.is_of_this_boot(running.key):
            engine.report(running.end("elsewhere"))
            return
        engine.follow(running, child, await recall(running, child))
        return
    folder = EarlierFolder(running.spec.folder)
    if await run_sync(folder.exists):
        await _take_over_earlier(engine, running, folder, foreign=foreign)
        return
    await end_tree(running.key, None, running.grace_seconds)  # its skip command may still run
    if 0 < running.spec.intended_at < facts.booted_at():  # what the keeper had written may not have reached the disk
        engine.report(running.end("lost", detail=RESTARTED))
    else:
        engine.report(running.end("never_started"))


async def _take_over_earlier(engine: "LocalEngine", running: Running, folder: EarlierFolder, *, foreign: bool) -> None:
    """Take over what a version without keepers began."""
    origin = await run_sync(folder.read_origin)
    running.cgroup = Cgroup(origin.cgroup) if origin and origin.cgroup else None
    ended = await run_sync(folder.read_exit)
    # Begun in another home, and not before the machine started: it may still run there.
    if foreign and ended is None and (origin is None or origin.boot_id == facts.boot_id()):
        engine.report(running.end("elsewhere"))
        return
    if await run_sync(folder.try_claim):
        faults.point("after_claim")
        await end_tree(running.key, None, running.grace_seconds, running.cgroup)
        restarted = origin.boot_id != facts.boot_id() if origin else 0 < running.spec.intended_at < facts.booted_at()
        engine.report(running.end("lost", detail=RESTARTED) if restarted else running.end("never_started"))
        return
    identity = await _identity(folder)
    child = Child(running.key)
    known = identity or origin
    restarted = known is not None and known.boot_id != facts.boot_id()
    watch = Watch.open(identity) if identity and not restarted else None
    if watch is None or identity is None:
        _conclude(child, folder, RESTARTED if restarted else "its processes are gone and left no exit record")
        engine.follow(running, child, None)
        return
    with closing(watch):
        child.run(identity.pid, identity.start_ticks, running.cgroup.place if running.cgroup else "")
        engine.follow(running, child, await recall(running, child))
        await watch.wait()
        _conclude(child, folder, "its wrapper ended without an exit record")


def _conclude(child: Child, folder: EarlierFolder, why: str) -> None:
    """Note how the attempt ended. Blocks for one small read."""
    record = folder.read_exit()
    if record is None:
        child.fail("lost", why)
    elif record.kind == "no_workspace":
        child.fail("failed", "cannot change to its workspace")
    else:
        child.end(record.code, record.ended_at)


async def _identity(folder: EarlierFolder) -> Identity | None:
    """Return the process that runs a claimed attempt. The claim may be only milliseconds old, so this waits, within a bound."""
    for _ in range(IDENTITY_LOOKS):
        if identity := await run_sync(folder.read_identity):
            return identity
        await anyio.sleep(LOOK_SECONDS)
    return None
