"""Reporting ends: from exit records, or from what the cluster says of a lane that shows no sign of life."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from podium.conductor.engines.slurm import counting, wishes
from podium.conductor.engines.slurm.answers import Row
from podium.conductor.engines.slurm.flights import Flight
from podium.conductor.engines.slurm.looking import look_at
from podium.conductor.engines.slurm.verdicts import MEMORY, VANISHED, Fate, fate_of, is_of_memory, is_unexplained
from podium.lane.place import Ask
from podium.log import get_logger

if TYPE_CHECKING:
    from podium.conductor.engines.slurm.engine import SlurmEngine

log = get_logger()


async def conclude(engine: "SlurmEngine", flights: Sequence[Flight], asked_at: float = 0.0) -> None:
    """Report those of these attempts that have ended. `asked_at`: when the cluster was asked what it has answered last."""
    now = time.monotonic()  # whom to ask about is whom to end: the accounting takes its time
    vanished = [flight for flight in flights if _lane_row(flight, asked_at) is VANISHED]
    accounted = await _accounted(engine, vanished, now)
    for flight in flights:
        if flight.stage != "playing" or flight.trouble:
            continue
        row = accounted.get(flight.spec.key) or _lane_row(flight, asked_at)
        fate = fate_of(flight, row, now)
        if fate is None:
            if flight.exit is not None:
                engine.to_ask.set()  # the cluster has ended its lane, and says why
        elif flight.exit is not None or await _fence(engine, flight):
            if flight.exit is None or flight.exit.reason != "exited":
                await _forget_secrets(engine, flight)
            engine.report(flight, await _by_memory(engine, flight, fate))


def _lane_row(flight: Flight, asked_at: float) -> Row | None:
    """Return what the queue says of the lane of an attempt, None if it has not answered since the claim."""
    row = counting.lane_of(flight.pool, flight)
    return VANISHED if row is None and asked_at > flight.claimed_at + counting.SETTLED_SECONDS else row


async def _fence(engine: "SlurmEngine", flight: Flight) -> bool:
    """Ask an attempt that seems to be over to stop, in case that it still lives; return False if that cannot be asked now."""
    if not await wishes.ask(engine, flight, Ask("stop", "lost", 0.0)):
        return False
    await look_at(engine, [flight])  # its end may have been written just now
    return flight.exit is None and not flight.trouble


async def _forget_secrets(engine: "SlurmEngine", flight: Flight) -> None:
    """Remove what the lane was given to run: one that died right after it had claimed the attempt has not done so."""
    try:
        await engine.slow.do(engine.shared.forget_secrets, flight.folder)
    except OSError as error:
        log.warning("secrets_left", attempt=flight.spec.key, reason=engine.slow.words(error))


async def _accounted(engine: "SlurmEngine", flights: Sequence[Flight], now: float) -> dict[str, Row]:
    """Return what the accounting says of the lanes of attempts that the queue does not know any more, by attempt.

    It is asked about all at once, and only where no exit record tells how the attempt ended.
    """
    asked = {
        flight.spec.key: (flight.claim.lane, flight.pool.label)
        for flight in flights
        if flight.claim and flight.claim.lane.isdecimal() and not flight.trouble and is_unexplained(flight, now)
    }
    rows = await engine.cluster.account(sorted({lane for lane, _ in asked.values()}))
    return {
        key: row
        for key, (lane, label) in asked.items()
        if (row := rows.get(lane)) and row.name == label and row.kind == "over"
    }


async def _by_memory(engine: "SlurmEngine", flight: Flight, fate: Fate) -> Fate:
    """Return the fate of an attempt whose lane was killed: for lack of memory if the cluster said so in the log of the lanes.

    A cluster that measures memory and has no cgroups calls such a job failed.
    """
    if fate.reason not in {"killed", "lost"} or flight.claim is None:
        return fate
    try:
        said = await engine.slow.do(engine.shared.said, flight.pool.name)
    except OSError:
        return fate
    return Fate("out_of_memory", MEMORY) if is_of_memory(said, flight.claim.lane) else fate
