"""How many lanes a pool needs, which of them are too many, and what follows from how they end. Nothing is done here."""

from collections.abc import Mapping, Set

from podium.conductor.engines.port import EndReason
from podium.conductor.engines.slurm.answers import Row
from podium.conductor.engines.slurm.flights import Flight, Pool

FAILURES = 3  # lanes in a row that do nothing, until the attempts that wait for them end
SETTLED_SECONDS = 10.0  # after which a submit that came through shows in the queue
TIME_LIMITS = {"PartitionTimeLimit", "QOSMaxWallDurationPerJobLimit", "AssocMaxWallDurationPerJobLimit"}
CLEARED_SECONDS = 30.0  # within which lanes that were cancelled are gone
OVERSTAY_SECONDS = (
    30.0  # after which lanes that have nothing to play, and should have ended in a tenth of that, stand still
)
BLAMELESS = {"NODE_FAIL", "PREEMPTED"}  # ends of a lane that say nothing about the next one
REASONS: Mapping[str, EndReason] = {
    "NODE_FAIL": "node_failed",
    "PREEMPTED": "preempted",
    "TIMEOUT": "timed_out",
    "OUT_OF_MEMORY": "out_of_memory",
    "DEADLINE": "deadline",
    "BOOT_FAIL": "boot_failed",
    "CANCELLED": "cancelled_elsewhere",
    "REVOKED": "cancelled_elsewhere",
}
"""What the state in which a lane ended means for the attempt that it played."""
NEVER_BEGUN: Mapping[str, EndReason] = {
    "DEADLINE": "deadline",
    "BOOT_FAIL": "boot_failed",
    "CANCELLED": "cancelled_elsewhere",
    "REVOKED": "cancelled_elsewhere",
}
"""What the states of lanes that did nothing mean for attempts that wait for one; others: they cannot be started."""


def missing(pool: Pool, doing: Mapping[str, int]) -> int:
    """Return how many lanes more a pool needs: each attempt that waits has one that will take it.

    `doing` is what lanes say they play, by number, 0 for none. What a lane says is newer than what is known about the attempt.
    """
    pool.told |= set(doing)
    heard = pool.told | pool.useful
    coming = len(pool.fresh) + sum(_takes_one(pool, row, doing, heard) for row in pool.lanes.values())
    return max(0, len(pool.waiting()) - coming)


def _takes_one(pool: Pool, row: Row, doing: Mapping[str, int], heard: Set[str]) -> bool:
    """Return whether a lane will take one of those that wait: it is on its way, or has nothing else to do.

    `heard` are the numbers of those that have said or done anything.
    """
    if row.kind == "pending":
        return row.lane not in pool.cancelled
    if row.kind not in {"running", "suspended"}:
        return False
    serial = doing.get(row.number)
    if serial is None:
        return row.number not in heard  # not yet told: it just begins; told before: it has left
    flight = pool.flights.get(serial)
    return serial == 0 or (flight is not None and flight.stage == "waiting")


def is_idle_known(pool: Pool) -> bool:
    """Return whether it matters what lanes say they do: some run that might take an attempt."""
    return any(row.kind in {"running", "suspended"} for row in pool.lanes.values())


def surplus(pool: Pool, now: float) -> list[str]:
    """Return the lanes to cancel: those in the queue when nothing waits for them, and all of a pool that nobody needs.

    What the queue says may be older than a claim: a lane that plays an attempt does not wait. What runs ends by itself when there
    is nothing more to play, unless its processes were stopped and nobody lets them go on: Slurm may forget that it did so.
    """
    if pool.unwanted or (not pool.flights and now - pool.quiet_since > OVERSTAY_SECONDS):
        return [row.lane for row in pool.lanes.values() if row.kind in {"pending", "running", "suspended"}]
    if any(flight.stage != "playing" for flight in pool.flights.values()):
        return []
    playing = {flight.claim.job for flight in pool.flights.values() if flight.claim is not None}
    return [row.lane for row in pool.lanes.values() if row.kind == "pending" and row.lane not in playing]


def too_long(pool: Pool) -> list[str]:
    """Return the lanes that wait for ever because they ask for more time than the cluster gives, and need not."""
    if pool.resources is None or not pool.resources.time_seconds:
        return []
    pending = [row for row in pool.lanes.values() if row.kind == "pending" and row.lane not in pool.exact]
    return [row.lane for row in pending if row.reason in TIME_LIMITS]


def is_over(pool: Pool) -> bool:
    """Return whether nothing is left of a pool: no attempt, no lane, and no submit that might still come to something."""
    return not (pool.flights or has_lanes(pool) or pool.filling or pool.unsure is not None)


def has_lanes(pool: Pool) -> bool:
    """Return whether there are lanes that have not ended."""
    return bool(pool.fresh) or any(row.kind != "over" for row in pool.lanes.values())


def take_rows(pool: Pool, rows: Mapping[str, Row], asked_at: float, now: float) -> None:
    """Note what the cluster tells about a pool's lanes, asked at `asked_at`."""
    pool.lanes = dict(rows)
    pool.begun = {row.number: row for row in rows.values() if row.kind != "pending"}
    pool.known |= {row.lane for row in rows.values() if row.kind != "over"}
    pool.fresh = {
        lane: since for lane, since in pool.fresh.items() if lane not in rows and since > asked_at - SETTLED_SECONDS
    }
    if pool.unsure is not None and asked_at > pool.unsure + SETTLED_SECONDS:
        pool.unsure = None
    waits_since = min((flight.since for flight in pool.waiting()), default=None)
    if pool.clearing is not None and asked_at > pool.clearing:
        going = [row.lane for row in rows.values() if row.lane in pool.cancelled and row.kind not in {"ending", "over"}]
        if not going or now > pool.clearing + CLEARED_SECONDS:
            pool.clearing = None
    for row in rows.values():
        if row.kind == "over" and row.lane in pool.known and row.lane not in pool.ended:
            pool.ended.add(row.lane)
            _count_end(pool, row, waits_since, now)


def _count_end(pool: Pool, row: Row, waits_since: float | None, now: float) -> None:
    if row.number in pool.useful:
        pool.failures = 0
        pool.hurry(now)
    elif row.lane not in pool.cancelled and row.state not in BLAMELESS and _was_needed(row, waits_since, now):
        pool.failures, pool.failed = pool.failures + 1, row
        pool.hold_off(now, f"Slurm job {row.lane} ended ({row.state}) before it took up anything")


def _was_needed(row: Row, waits_since: float | None, now: float) -> bool:
    """Return whether a lane that ended should have taken an attempt: one that ends well had waited for some in vain."""
    return waits_since is not None and (row.state != "COMPLETED" or now - waits_since > SETTLED_SECONDS)


def suspended_with_lane(pool: Pool) -> list[Flight]:
    """Return the attempts whose lanes somebody has suspended on the cluster."""
    numbers = {row.number for row in pool.lanes.values() if row.kind == "suspended"}
    return [each for each in pool.flights.values() if each.claim and each.claim.lane in numbers] if numbers else []


def lane_of(pool: Pool, flight: Flight) -> Row | None:
    """Return the lane that plays an attempt, None if the cluster does not know it. One that is pending has no number yet."""
    return pool.begun.get(flight.claim.lane) if flight.claim else None
