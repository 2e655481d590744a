"""What is wanted of attempts: that they stop, hold or go on, or do not begin.

It is asked in their folders, so that it works while Slurm does not answer; Slurm only makes their lanes look at once. A lane that
does not obey is ended by Slurm.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio

from podium.conductor.engines.slurm import counting
from podium.conductor.engines.slurm.flights import Flight
from podium.conductor.engines.slurm.looking import look_at
from podium.conductor.engines.slurm.verdicts import Fate
from podium.lane.place import Ask
from podium.log import get_logger

if TYPE_CHECKING:
    from podium.conductor.engines.slurm.engine import SlurmEngine

OBEYED_SECONDS = 5.0  # beyond the grace period; then the lane is ended
AGAIN_SECONDS = 60.0  # between two tries to end a lane: the cluster kills it meanwhile
RETRY_SECONDS = 1.0

log = get_logger()


async def run(engine: "SlurmEngine") -> None:
    """Bring about what is wanted, until cancelled."""
    while True:
        with anyio.move_on_after(RETRY_SECONDS if _wanted(engine) else None):
            await engine.to_wish.wait()
        engine.to_wish = anyio.Event()
        await bring_about(engine)


def _wanted(engine: "SlurmEngine") -> list[Flight]:
    """Return the attempts of which something is wanted. One that is taken over is not known well enough yet."""
    flights = engine.fleet.flights.values()
    return [
        each
        for each in flights
        if not each.earlier and (each.is_unwanted or each.stopped or each.awaits_hold or each.to_go_on)
    ]


async def bring_about(engine: "SlurmEngine") -> None:
    """Do what can be done now for what is wanted."""
    wanted = _wanted(engine)
    for flight in [each for each in wanted if each.stage != "playing" and each.is_unwanted]:
        await _withdraw(engine, flight)
        engine.to_ask.set()  # lanes may not be needed any more
    playing = [each for each in wanted if each.stage == "playing" and each.exit is None]
    asked = [each for each in playing if (what := _next(each)) is not None and await _ask(engine, each, what)]
    wake(engine, asked)
    _end_lanes(engine, [each for each in wanted if each.cancelled_at is not None and each.stage == "playing"])


def _next(flight: Flight) -> Ask | None:
    """Return what is to be asked of an attempt that runs; to stop it is the last that is asked."""
    if flight.asked == "stop":
        return None
    if flight.cancelled_at is not None:
        return Ask("stop", "cancelled", flight.grace_seconds)
    if flight.stopped:
        return Ask("stop", flight.stopped, flight.grace_seconds)
    if flight.awaits_hold and flight.asked != "hold":
        return Ask("hold")
    return Ask("go") if flight.to_go_on else None


async def _withdraw(engine: "SlurmEngine", flight: Flight) -> None:
    """End an attempt that no lane has; if one has it by now, that shows."""
    fate = Fate("cancelled" if flight.cancelled_at is not None else "withdrawn")
    if not flight.begun:
        engine.report(flight, fate)
        return
    try:
        taken = await engine.slow.do(engine.shared.take, flight.pool.name, flight.folder, make=flight.stage == "new")
    except OSError as error:
        flight.trouble = engine.slow.words(error)
        return
    if taken:
        engine.report(flight, fate)
    else:
        await look_at(engine, [flight])


async def ask(engine: "SlurmEngine", flight: Flight, what: Ask) -> bool:
    """Ask something of an attempt that runs; return False if that cannot be done now."""
    done = await _ask(engine, flight, what)
    if done:
        wake(engine, [flight])
    return done


async def _ask(engine: "SlurmEngine", flight: Flight, what: Ask) -> bool:
    try:
        await engine.slow.do(engine.shared.ask, flight.folder, what)
    except OSError as error:
        log.warning("not_asked", attempt=flight.spec.key, what=what.what, reason=engine.slow.words(error))
        return False
    flight.asked = what.what
    if what.what == "hold":
        flight.was_held = True  # its lane tells when it holds it
        flight.to_go_on = not flight.awaits_hold  # it was let go on meanwhile
    elif what.what == "go":
        flight.turn(time.monotonic(), suspended=False)
        flight.to_go_on = False
    return True


def wake(engine: "SlurmEngine", flights: Sequence[Flight]) -> None:
    """Make the lanes of these attempts look at once, without waiting for Slurm. They look anyway a little later."""
    rows = [counting.lane_of(each.pool, each) for each in flights]
    # A command that is to wake a lane in the queue, where one is again after a requeue, waits for it to begin.
    lanes = {row.lane for row in rows if row is not None and row.kind == "running"} - engine.waking
    if lanes and not engine.fleet.words:
        engine.waking |= lanes
        engine.tasks.start_soon(_wake, engine, sorted(lanes))


async def _wake(engine: "SlurmEngine", lanes: list[str]) -> None:
    await engine.cluster.wake(lanes)
    engine.waking -= set(lanes)


def _end_lanes(engine: "SlurmEngine", flights: Sequence[Flight]) -> None:
    """End the lanes of attempts that have not stopped within their time. Only what Slurm knows by our name is ended."""
    now, lanes = time.monotonic(), []
    for flight in flights:
        row = counting.lane_of(flight.pool, flight)
        since = flight.cancelled_at if flight.cancelled_at is not None else now
        late = now - since > flight.grace_seconds + OBEYED_SECONDS and now - flight.ended_lane_at > AGAIN_SECONDS
        if row is not None and row.kind in {"running", "suspended"} and flight.exit is None and late:
            flight.ended_lane_at = now
            lanes.append(row.lane)
    if lanes:
        log.warning("lanes_ended", lanes=lanes)
        engine.tasks.start_soon(engine.cluster.cancel, lanes)  # other wishes do not wait for it
