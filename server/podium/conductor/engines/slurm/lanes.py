"""Submitting lanes: as many as there are attempts that none will take. A cluster that refuses is asked less and less often.

Each pool is filled by itself: a submit that hangs keeps no other one.
"""

import time
from typing import TYPE_CHECKING

import anyio

from podium.conductor.engines.slurm import counting
from podium.conductor.engines.slurm.answers import Submitted
from podium.conductor.engines.slurm.commands import MOST_LANES, LaneJob, spare_seconds
from podium.conductor.engines.slurm.flights import FIRST_LANES, Flight, Pool
from podium.conductor.engines.slurm.looking import look_at
from podium.conductor.engines.slurm.verdicts import Fate
from podium.log import get_logger
from podium.score.model.plan import Resources

if TYPE_CHECKING:
    from podium.conductor.engines.slurm.engine import SlurmEngine

SUBMITS = 16  # at the same time; a cluster on which so many hang does not answer at all
UNCLEAR = 8  # submits in a row of which the cluster says what nobody understands, about ten minutes, are a refusal
SPARE = 1 / 60  # of the time that a cluster gives to what asks for none
NEXT_SECONDS = 1.0
"""From a submit of lanes for a fan to the next, of twice as many: if the attempts are short, the first ones play all of them."""

log = get_logger()


async def run(engine: "SlurmEngine") -> None:
    """Submit what is missing, until cancelled."""
    limiter = anyio.CapacityLimiter(SUBMITS)
    async with anyio.create_task_group() as tasks:
        while True:
            now = time.monotonic()
            later = [
                pool.not_before - now
                for pool in engine.fleet.pools.values()
                if pool.waiting() and not pool.filling and pool.not_before > now
            ]
            with anyio.move_on_after(min(later, default=None)):  # else the next round looks again
                await engine.to_submit.wait()
            engine.to_submit = anyio.Event()
            for pool in engine.fleet.pools.values():
                if _may_submit(pool) and not pool.filling:
                    pool.filling = True
                    tasks.start_soon(_fill_alone, engine, pool, limiter)


def _may_submit(pool: Pool) -> bool:
    waits = pool.waiting() and not pool.unwanted and pool.unsure is None
    return bool(waits) and time.monotonic() >= pool.not_before


async def _fill_alone(engine: "SlurmEngine", pool: Pool, limiter: anyio.CapacityLimiter) -> None:
    """Fill a pool that nobody else fills."""
    try:
        async with limiter:
            await _fill(engine, pool)
    finally:
        pool.filling = False
    if pool.not_before > time.monotonic():
        engine.to_submit.set()  # for it to be filled again then


async def _fill(engine: "SlurmEngine", pool: Pool) -> None:
    """Submit the lanes that a pool lacks."""
    while _may_submit(pool):
        try:
            if not engine.shared.program:  # all that waits was put there by an earlier conductor
                await engine.slow.do(engine.shared.open)
            idle = counting.is_idle_known(pool)
            doing = await engine.slow.do(engine.shared.doing, pool.name) if idle else {}
        except OSError as error:
            pool.hold_off(time.monotonic(), engine.slow.words(error))
            return
        count = counting.missing(pool, doing)
        if not count:
            pool.most = FIRST_LANES
            return
        most = 1 if pool.failures or pool.unclear or not pool.arrays else pool.most  # one to try, as long as they fail
        submitted = await _submit(engine, pool, min(count, most))
        if pool.failures:
            return
        if submitted and count > most and pool.arrays:
            pool.most = min(MOST_LANES, pool.most * 2)
            pool.not_before = max(pool.not_before, time.monotonic() + NEXT_SECONDS)


async def _reuse_seconds(engine: "SlurmEngine", resources: Resources) -> float:
    """Return for how long a lane takes attempts. Where the cluster gives no time for that, another whole one has to fit.

    Of attempts that say no time the last one has to have nearly all that the cluster gives them.
    """
    wanted = engine.options.reuse_seconds
    if resources.time_seconds or not wanted:
        return min(wanted, spare_seconds(resources)) if resources in engine.fleet.short else wanted
    given = await engine.cluster.time_given(resources.partition)
    return wanted if given is None else min(wanted, given * SPARE)


async def _submit(engine: "SlurmEngine", pool: Pool, count: int) -> bool:
    """Submit so many lanes, and note what comes of it; return whether there are new ones."""
    shared = engine.shared
    assert pool.resources is not None  # noqa: S101 -- one without is unwanted
    seconds = await _reuse_seconds(engine, pool.resources)
    lane = LaneJob(
        pool.label,
        shared.root,
        shared.lanes_log(pool.name),
        shared.lane_script,
        (shared.pool(pool.name), f"{seconds:g}"),
        pool.resources,
        seconds,
    )
    is_exact = seconds <= spare_seconds(pool.resources)
    done = await engine.cluster.submit(lane, count)
    now = time.monotonic()
    engine.to_ask.set()
    if is_exact and done.may_be_refusal:
        engine.fleet.short.discard(pool.resources)  # it was not the time
    if done.outcome == "submitted":
        lanes = [done.number] if count == 1 else [f"{done.number}_{index}" for index in range(count)]
        pool.fresh |= dict.fromkeys(lanes, now)
        pool.known |= set(lanes)
        pool.exact |= set(lanes if is_exact else ())
        pool.words, pool.unclear = "", 0
        if not pool.failures:
            pool.go_on()
        log.debug("lanes_submitted", pool=pool.name, lane=done.number, count=count)
    elif done.outcome == "no_array" and pool.arrays:
        pool.arrays = False
    elif done.outcome == "too_many" and count > 1:
        pool.most = count // 2  # tried at once
    elif done.may_be_refusal and pool.resources.time_seconds and not is_exact:
        engine.fleet.short.add(pool.resources)  # perhaps the time is too long; it is tried again at once
    elif done.outcome == "refused":
        log.warning("refused_by_the_cluster", pool=pool.name, reason=done.words)
        await end_waiting(engine, pool, Fate("refused", done.words))
        if pool.waiting():
            pool.hold_off(now, done.words)  # the folder does not let them end now
    else:
        await _hold_off(engine, pool, done)
    return done.outcome == "submitted"


async def _hold_off(engine: "SlurmEngine", pool: Pool, done: Submitted) -> None:
    """Submit nothing for a while.

    What nobody understands is a refusal once it is said again and again, by a cluster that answers, and has no lane of the kind.
    """
    now = time.monotonic()
    pool.unsure = now if done.outcome == "unknown" else None
    pool.hold_off(now, done.words)
    log.warning("not_submitted", pool=pool.name, reason=done.words, retry_seconds=pool.pause)
    answers = engine.fleet.answered_at is not None and not engine.fleet.words
    if done.outcome != "unclear":
        pool.unclear = 0
    elif answers and not counting.has_lanes(pool):
        pool.unclear += 1
    if pool.unclear >= UNCLEAR:
        await end_waiting(engine, pool, Fate("refused", f"{done.words} (said at {pool.unclear} submits in a row)"))
        if not pool.waiting():
            pool.go_on()  # what comes now is tried at once, and needs one such answer


async def end_waiting(engine: "SlurmEngine", pool: Pool, fate: Fate) -> None:
    """End all attempts of a pool that no lane has claimed."""
    for flight in pool.waiting():
        await end_unclaimed(engine, flight, fate)


async def end_unclaimed(engine: "SlurmEngine", flight: Flight, fate: Fate) -> None:
    """End an attempt that waits, unless a lane has claimed it meanwhile."""
    try:
        taken = await engine.slow.do(engine.shared.take, flight.pool.name, flight.folder)
    except OSError as error:
        flight.trouble = engine.slow.words(error)
        return
    if taken:
        engine.report(flight, Fate("cancelled") if flight.cancelled_at is not None else fate)
    else:
        await look_at(engine, [flight])
