"""What the engine knows: the attempts, the pools and what the cluster said last. Nothing here waits, or reads but the clock."""

from collections.abc import Mapping
from dataclasses import replace
from time import monotonic
from time import time as wall

from podium.conductor.engines.port import AttemptSpec, Place, PlaceState
from podium.conductor.engines.slurm import counting
from podium.conductor.engines.slurm.answers import Row
from podium.conductor.engines.slurm.flights import Flight, Pool, pool_name
from podium.conductor.engines.slurm.shared import Seen, Shared
from podium.score.model.plan import Resources


class Fleet:
    """The attempts of one home on the cluster. `words` are what the cluster answered if it did not answer what was asked,
    `folder_words` what was wrong with the shared folder when the attempts were last looked at there.
    """

    def __init__(self, shared: Shared, prefix: str) -> None:
        self._shared = shared
        self._prefix = prefix
        self.flights: dict[str, Flight] = {}
        self.pools: dict[str, Pool] = {}
        self._by_serial: dict[tuple[str, int], Flight] = {}
        self.short: set[Resources] = set()  # needs for which the cluster gives no time beyond that of one attempt
        # Lanes of ours that belong to no pool, by the pool that they are for.
        self.strays: dict[str, dict[str, Row]] = {}
        self.words = self.folder_words = ""
        self.answered_at: float | None = None  # when it last answered, seconds since the epoch

    def add(self, spec: AttemptSpec, now: float) -> Flight:
        """Take an attempt."""
        job_id = spec.folder.parent.name
        name = pool_name(job_id, spec.resources)
        pool = self.pool(name)
        pool.resources, pool.unwanted = spec.resources, False
        flight = Flight(spec, pool, self._shared.attempt(job_id, int(spec.folder.name)), since=now, sign_at=now)
        flight.grace_seconds, flight.changed_at = spec.grace_seconds, wall()
        self.flights[spec.key] = pool.flights[flight.serial] = self._by_serial[job_id, flight.serial] = flight
        return flight

    def pool(self, name: str) -> Pool:
        """Return a pool, a new one if there is none of this name."""
        return self.pools.setdefault(name, Pool(name, f"{self._prefix}{name}"))

    def drop(self, flight: Flight, now: float) -> None:
        """Forget an attempt that has ended."""
        self.flights.pop(flight.spec.key, None)
        flight.pool.flights.pop(flight.serial, None)
        self._by_serial.pop((flight.pool.job_id, flight.serial), None)
        flight.pool.quiet_since = now

    def find(self, job_id: str, serial: int) -> Flight | None:
        """Return an attempt by its job and its serial, None if there is none."""
        return self._by_serial.get((job_id, serial))

    def of_stage(self, *stages: str) -> list[Flight]:
        """Return the attempts that have come so far."""
        return [each for each in self.flights.values() if each.stage in stages]

    def note(self, flight: Flight, seen: Seen, now: float) -> None:
        """Note what an attempt's folder said."""
        flight.trouble = ""
        if seen.claim is not None and flight.claim is None:
            flight.claim, flight.stage, flight.changed_at = seen.claim, "playing", wall()
            flight.claimed_at = flight.sign_at = now
            flight.to_withdraw = False
            flight.pool.useful.add(seen.claim.lane)
            if flight.pool.failures:  # of a cluster that takes no further lanes the begin of one says nothing
                flight.pool.failures = 0
                flight.pool.go_on()
        if seen.sign != flight.sign:
            flight.sign, flight.sign_at = seen.sign, now
        if seen.held is not None:
            flight.take_held(seen.held, now)
        if seen.exit is not None and flight.exit is None:
            flight.exit, flight.exit_at, flight.exit_seen = seen.exit, seen.exit_at, now

    def take_queue(self, rows: Mapping[str, Row], asked_at: float, now: float) -> None:
        """Note all lanes that the cluster knows."""
        self.answered_at = wall()
        of: dict[str, dict[str, Row]] = {}
        for row in rows.values():
            of.setdefault(row.name, {})[row.lane] = row
        for pool in self.pools.values():
            counting.take_rows(pool, of.pop(pool.label, {}), asked_at, now)
            for flight in counting.suspended_with_lane(pool):
                flight.was_held = True
                if flight.asked == "hold":  # its lane cannot say so, since it stands still itself
                    flight.turn(now, suspended=True)
        left = {name.removeprefix(self._prefix): lanes for name, lanes in of.items()}
        self.strays = {
            name: lanes for name, lanes in left.items() if any(each.kind != "over" for each in lanes.values())
        }

    def adopt_strays(self) -> None:
        """Let lanes that belong to no pool have one, so that they are ended as those of any pool that nobody needs."""
        for name, lanes in self.strays.items():
            pool = self.pool(name)
            pool.unwanted = pool.resources is None
            pool.lanes = lanes
        self.strays = {}

    def place(self, flight: Flight) -> Place:
        """Return where an attempt is."""
        claim = flight.claim
        lane, node = (claim.job, claim.node) if claim else ("", "")
        if flight.trouble:
            return Place("unknown", lane, node, obstacle=flight.trouble)
        if self.words:
            return Place("unknown", lane, node, reason=self.words, since=self.answered_at)
        if claim is not None:
            row = counting.lane_of(flight.pool, flight)
            suspended = flight.suspended or (row is not None and row.kind == "suspended")
            state: PlaceState = "suspended" if suspended else "running"
            partition, held = row.partition if row else "", flight.held(monotonic())
            return Place(state, lane, node, partition, since=flight.changed_at, held_seconds=held)
        return replace(_queued(flight.pool), since=flight.changed_at)


def _queued(pool: Pool) -> Place:
    """Return where an attempt is that no lane has claimed: the lane in the queue that is expected first stands for all."""
    pending = [row for row in pool.lanes.values() if row.kind == "pending" and row.lane not in pool.cancelled]
    partition = pool.resources.partition if pool.resources else ""
    if not pending:
        lane = next(iter(pool.fresh), "")
        # A moment that is over is not told: it is tried just now.
        again = pool.again_at if not lane and pool.again_at and pool.again_at > wall() else None
        return Place("queued", lane, partition=partition, reason=pool.words, again_at=again)
    row = min(pending, key=lambda each: each.start if each.start is not None else float("inf"))
    return Place("queued", row.lane, partition=row.partition, reason=row.reason or pool.words, expected_start=row.start)
