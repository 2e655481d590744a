"""Suspending an attempt and letting it go on, with its time limit.

What the attempt's folder says about it is written before its processes are stopped, and again around letting them go on (see
`Hold`): a conductor that comes after a crash counts the right time, and what it finds stopped it knows to be our doing.
"""

from anyio.to_thread import run_sync

from podium.conductor import faults
from podium.conductor.engines.local.attempt import Running
from podium.conductor.engines.local.deadlines import Deadlines
from podium.conductor.engines.local.folder import Hold
from podium.conductor.processes import facts
from podium.conductor.processes.keepers.child import Child
from podium.conductor.processes.suspending import is_suspended, resume_tree, suspend_tree
from podium.log import get_logger

log = get_logger()


async def suspend(running: Running, deadlines: Deadlines) -> bool:
    """Stop an attempt where it is, as soon as its process runs; return False if that cannot be done, or it is over.

    One that is suspended already is looked at again.
    """
    running.wants_hold = True
    if not await running.begun():
        return False

    def wanted() -> bool:
        is_running = running.child is not None and running.child.state == "running"
        return running.wants_hold and is_running and not running.is_being_ended

    async with running.moving:
        if not wanted():
            return False
        since = facts.clock_seconds() if running.hold.since is None else running.hold.since
        if not await _note(running, Hold(running.hold.before, since)):
            return False
        if (left := deadlines.stop(running.key)) is not None:
            running.limit_left = left
        faults.point("before_suspension")
        if await suspend_tree(running.key, running.group, running.cgroup, wanted):
            faults.point("after_suspension")
            return True
        await _go_on(running, deadlines)
        return False


async def resume(running: Running, deadlines: Deadlines) -> None:
    """Let an attempt go on if we have suspended it."""
    running.wants_hold = False
    if await running.begun():
        async with running.moving:
            if running.is_suspended and not running.wants_hold and not running.is_being_ended:
                await _go_on(running, deadlines)


async def recall(running: Running, child: Child) -> float | None:
    """Learn whether an attempt that is taken over is suspended; return what its time limit has left, None if it has none.

    Raises:
        OSError: its folder cannot be read now, or no descriptor is left.
    """
    noted = await run_sync(running.folder.read_hold)
    running.hold = noted.over(is_suspended=is_suspended(child.group, child.control_group))
    limit = running.spec.timeout_seconds
    if limit is None or not child.start_ticks:
        return limit
    return limit - max(0.0, running.hold.ran(child.start_ticks / facts.TICKS, facts.clock_seconds()))


async def _go_on(running: Running, deadlines: Deadlines) -> None:
    ending = running.hold._replace(until=facts.clock_seconds())
    await _note(running, ending)
    faults.point("before_continuation")
    await resume_tree(running.key, running.group, running.cgroup)
    faults.point("after_continuation")
    running.hold = ending.over(is_suspended=False)  # whether it can be noted or not
    await _note(running, running.hold)
    if running.limit_left is not None:
        deadlines.add(running.key, running.limit_left)
        running.limit_left = None


async def _note(running: Running, hold: Hold) -> bool:
    """Record it; return False if that is not possible."""
    try:
        await run_sync(running.folder.note_hold, hold)
    except OSError as error:
        log.warning("suspension_not_noted", folder=str(running.folder.path), error=str(error))
        return False
    running.hold = hold
    return True
