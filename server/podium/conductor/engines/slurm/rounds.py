"""The rounds: Slurm is asked about all lanes at once, the folders of all attempts are read, and what follows is done.

Rounds are quick after something has changed and slow when nothing does. With no attempt and no lane there are none.
"""

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import anyio

from podium.conductor.engines.slurm import counting, ends, lanes, verdicts
from podium.conductor.engines.slurm.cluster import Queue
from podium.conductor.engines.slurm.flights import Pool
from podium.conductor.engines.slurm.looking import look_at
from podium.log import get_logger

if TYPE_CHECKING:
    from podium.conductor.engines.slurm.engine import SlurmEngine

FIRST_SECONDS = 0.5  # from the first submit to the first round
LONG = 5  # times the shortest pause between two rounds is the longest one
GROWTH = 1.5
OUTPUT_SECONDS = 10.0  # between two looks at how much the jobs have written
QUIET_SECONDS = 5.0  # after which an empty pool is removed

log = get_logger()


def next_pause(pause: float, shortest: float, *, changed: bool) -> float:
    """Return how long to wait for the next round, after one that came `pause` seconds after the one before."""
    return shortest if changed else min(LONG * shortest, max(shortest, pause * GROWTH))


async def run(engine: "SlurmEngine") -> None:
    """Make rounds while there is something on the cluster, until cancelled."""
    rounds = Rounds(engine)
    pause = shortest = engine.options.ask_seconds
    while True:
        if rounds.nothing_left():
            await engine.to_ask.wait()
            engine.to_ask = anyio.Event()
            await rounds.take_up()
            if rounds.nothing_left():
                continue
            await anyio.sleep(FIRST_SECONDS)
        changed = await rounds.make()
        pause = next_pause(pause, shortest, changed=changed)
        if not rounds.nothing_left():
            await anyio.sleep(shortest)
            with anyio.move_on_after(pause - shortest):
                await engine.to_ask.wait()
                pause = shortest
            engine.to_ask = anyio.Event()


class Rounds:
    """What is done in a round, and what is remembered from one to the next."""

    def __init__(self, engine: "SlurmEngine") -> None:
        self._engine = engine
        self._before: object = None
        self._measured_at = 0.0

    def nothing_left(self) -> bool:
        """Return whether there is no reason for a round."""
        return not (self._engine.fleet.pools or self._engine.fleet.strays)

    async def make(self) -> bool:
        """Make a round; return whether something has changed since the last one."""
        engine, fleet = self._engine, self._engine.fleet
        await self.take_up()
        asked_at = time.monotonic()
        queue = await engine.cluster.queue()
        self._note(queue, asked_at)
        await look_at(engine, fleet.of_stage("waiting", "playing"))
        self._note_folder()
        await ends.conclude(engine, fleet.of_stage("playing"), asked_at if queue.rows is not None else 0.0)
        if queue.rows is not None:
            if engine.taken_up:
                fleet.adopt_strays()
            for pool in list(fleet.pools.values()):
                await self._follow_up(pool)
            if engine.taken_up:
                self._clear()
        await self._limit_output()
        for event in (engine.to_put, engine.to_wish, engine.to_submit):
            event.set()
        return self._has_changed()

    def _note(self, queue: Queue, asked_at: float) -> None:
        fleet = self._engine.fleet
        if queue.rows is None:
            if not fleet.words:
                log.warning("cluster_does_not_answer", reason=queue.words)
            fleet.words = queue.words
            return
        if fleet.words:
            log.info("cluster_answers_again")
        fleet.words = ""
        fleet.take_queue(queue.rows, asked_at, time.monotonic())

    def _note_folder(self) -> None:
        fleet = self._engine.fleet
        words = next((each.trouble for each in fleet.flights.values() if each.trouble), "")
        if words and not fleet.folder_words:
            log.warning("shared_folder_cannot_be_used", reason=words)
        elif fleet.folder_words and not words:
            log.info("shared_folder_can_be_used_again")
        fleet.folder_words = words

    def _has_changed(self) -> bool:
        fleet = self._engine.fleet
        rows = [(row.lane, row.state, row.reason) for pool in fleet.pools.values() for row in pool.lanes.values()]
        pools = fleet.pools.values()
        unsettled = any(each.fresh or each.unsure is not None or each.clearing is not None for each in pools)
        unexplained = any(each.exit is not None for each in fleet.flights.values())
        before, self._before = self._before, (rows, sorted(fleet.flights))
        return before != self._before or unsettled or unexplained

    async def take_up(self) -> None:
        """Take up the pools that an earlier conductor left, and make sure that nothing is played that nobody asks for."""
        engine = self._engine
        if engine.taken_up or not engine.may_take_up:
            return
        try:
            for name in await engine.slow.do(engine.shared.pools):
                pool = engine.fleet.pool(name)
                pool.unwanted = pool.resources is None
                await engine.slow.do(engine.shared.withdraw, name, list(pool.flights))
        except OSError as error:
            log.warning("earlier_pools_not_read", reason=engine.slow.words(error))
            return
        engine.taken_up = True

    async def _follow_up(self, pool: Pool) -> None:
        """Do what follows for a pool from what the cluster has said."""
        engine, now = self._engine, time.monotonic()
        if pool.failures >= counting.FAILURES and pool.waiting():
            await self._give_up(pool)
        if engine.taken_up and counting.is_over(pool) and now - pool.quiet_since > QUIET_SECONDS:
            await self._remove(pool)

    def _clear(self) -> None:
        """Begin to cancel the lanes that are not needed. Rounds go on meanwhile, and cancel others of other pools."""
        now, surplus = time.monotonic(), dict[Pool, set[str]]()
        for pool in self._engine.fleet.pools.values():
            done = pool.cancelled - pool.not_cancelled
            if pool.clearing != math.inf and (lanes := set(self._not_needed(pool, now)) - done):
                surplus[pool] = lanes
                pool.clearing = math.inf
                pool.cancelled |= lanes
                pool.not_cancelled.clear()
        if surplus:
            self._engine.tasks.start_soon(self._cancel, surplus)

    def _not_needed(self, pool: Pool, now: float) -> list[str]:
        """Return the lanes to cancel. Those that will never begin make room for others that ask for less time."""
        too_long = counting.too_long(pool)
        if too_long and pool.resources is not None:
            self._engine.fleet.short.add(pool.resources)
        return counting.surplus(pool, now) or too_long

    async def _cancel(self, surplus: Mapping[Pool, set[str]]) -> None:
        """Cancel lanes. If not all of them could be, those that are still there then are cancelled again."""
        lanes = sorted(set().union(*surplus.values()))
        log.debug("lanes_not_needed", lanes=len(lanes))
        failed = await self._engine.cluster.cancel(lanes)
        for pool, cancelled in surplus.items():
            if failed:
                pool.not_cancelled |= cancelled
            pool.clearing = time.monotonic()

    async def _give_up(self, pool: Pool) -> None:
        """End the attempts that wait for lanes, none of which does anything."""
        shared, slow = self._engine.shared, self._engine.slow
        try:
            said = await slow.do(shared.tail, pool.name)
        except OSError as error:
            said = slow.words(error)
        fate = verdicts.never_begun(pool.failed, said, shared.root)
        log.warning("lanes_do_nothing", pool=pool.name, reason=fate.detail)
        await lanes.end_waiting(self._engine, pool, fate)
        pool.failures = 0
        pool.go_on()

    async def _remove(self, pool: Pool) -> None:
        """Forget a pool of which nothing is left, and remove its folder; the programs of other versions go with the last one."""
        engine = self._engine
        try:
            async with engine.slow.order:
                if not counting.is_over(pool):
                    return
                del engine.fleet.pools[pool.name]
                await engine.slow.do(engine.shared.close_pool, pool.name)
                if not engine.fleet.pools:
                    await engine.slow.do(engine.shared.sweep_programs)
        except OSError as error:
            log.debug("pool_not_removed", pool=pool.name, reason=engine.slow.words(error))

    async def _limit_output(self) -> None:
        """Stop the attempts of a job whose output exceeds what is kept of a job."""
        engine, now = self._engine, time.monotonic()
        if now - self._measured_at < OUTPUT_SECONDS:
            return
        self._measured_at = now
        playing = engine.fleet.of_stage("playing")
        for job_id in {flight.pool.job_id for flight in playing}:
            try:
                written = await engine.slow.do(engine.shared.output_bytes, job_id)
            except OSError:
                continue
            for flight in playing:
                if written > engine.options.job_bytes and flight.pool.job_id == job_id:
                    flight.stopped, flight.grace_seconds = "output_limit", 0.0
