"""Submitting lanes: as many as there are attempts that none will take. A cluster that refuses is asked less and less often."""

import time
from typing import TYPE_CHECKING

import anyio

from podium.conductor.engines.slurm import counting
from podium.conductor.engines.slurm.commands import MOST_LANES, LaneJob, spare_seconds
from podium.conductor.engines.slurm.flights import Flight, Pool
from podium.conductor.engines.slurm.looking import look_at
from podium.conductor.engines.slurm.verdicts import Fate
from podium.log import get_logger
from podium.score.model.plan import Resources

if TYPE_CHECKING:
    from podium.conductor.engines.slurm.engine import SlurmEngine

FIRST_LANES, NEXT_SECONDS = 64, 1.0
"""So many lanes at first, and twice as many so much later: if the attempts are short, the first ones play all of them."""

log = get_logger()


async def run(engine: "SlurmEngine") -> None:
    """Submit what is missing, until cancelled."""
    while True:
        now = time.monotonic()
        later = [
            pool.not_before - now for pool in engine.fleet.pools.values() if pool.waiting() and pool.not_before > now
        ]
        with anyio.move_on_after(min(later, default=None)):  # else the next round looks again
            await engine.to_submit.wait()
        engine.to_submit = anyio.Event()
        for pool in list(engine.fleet.pools.values()):
            await _fill(engine, pool)


async def _fill(engine: "SlurmEngine", pool: Pool) -> None:
    """Submit the lanes that a pool lacks."""
    while pool.waiting() and not pool.unwanted and pool.unsure is None and time.monotonic() >= pool.not_before:
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
        most = 1 if pool.failures or not pool.arrays else pool.most  # one to try, as long as they fail
        submitted = await _submit(engine, pool, min(count, most))
        if pool.failures:
            return
        if submitted and count > most and pool.arrays:
            pool.most = min(MOST_LANES, pool.most * 2)
            pool.not_before = max(pool.not_before, time.monotonic() + NEXT_SECONDS)


def _reuse_seconds(engine: "SlurmEngine", resources: Resources) -> float:
    """Return for how long a lane takes attempts. Where the cluster gives no time for that, another whole one has to fit."""
    wanted = engine.options.reuse_seconds
    return min(wanted, spare_seconds(resources)) if resources in engine.fleet.short else wanted


async def _submit(engine: "SlurmEngine", pool: Pool, count: int) -> bool:
    """Submit so many lanes, and note what comes of it; return whether there are new ones."""
    shared = engine.shared
    assert pool.resources is not None  # noqa: S101 -- one without is unwanted
    seconds = _reuse_seconds(engine, pool.resources)
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
    if done.outcome == "submitted":
        lanes = [done.number] if count == 1 else [f"{done.number}_{index}" for index in range(count)]
        pool.fresh |= dict.fromkeys(lanes, now)
        pool.known |= set(lanes)
        pool.exact |= set(lanes if is_exact else ())
        pool.words = ""
        if not pool.failures:
            pool.go_on()
        log.debug("lanes_submitted", pool=pool.name, lane=done.number, count=count)
    elif done.outcome == "no_array" and pool.arrays:
        pool.arrays = False
    elif done.outcome == "too_many" and count > 1:
        pool.most = count // 2  # tried at once
    elif done.outcome == "refused" and pool.resources.time_seconds and not is_exact:
        engine.fleet.short.add(pool.resources)  # perhaps the time is too long; it is tried again at once
    elif done.outcome == "refused":
        log.warning("refused_by_the_cluster", pool=pool.name, reason=done.words)
        await end_waiting(engine, pool, Fate("refused", done.words))
    else:
        pool.unsure = now if done.outcome == "unknown" else None
        pool.hold_off(now, done.words)
        log.warning("not_submitted", pool=pool.name, reason=done.words, retry_seconds=pool.pause)
    return done.outcome == "submitted"


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
