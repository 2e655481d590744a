"""Taking over attempts that an earlier conductor began: their folders tell how far each one came."""

import os
import time
from typing import TYPE_CHECKING

import anyio

from podium.conductor.engines.slurm import ends
from podium.conductor.engines.slurm.counting import SETTLED_SECONDS
from podium.conductor.engines.slurm.flights import Flight
from podium.conductor.engines.slurm.shared import Seen
from podium.conductor.engines.slurm.verdicts import Fate
from podium.lane.place import CONDUCTOR
from podium.log import get_logger

if TYPE_CHECKING:
    from podium.conductor.engines.slurm.engine import SlurmEngine

AGAIN_SECONDS = 1.0
SUBMIT_SECONDS = 2.0  # for a submit of an earlier conductor's to show in the queue

log = get_logger()


async def take_over(engine: "SlurmEngine", flight: Flight) -> None:
    """Find out what became of an attempt, and follow it if it is not over. What cannot be read now is looked at again."""
    while True:
        try:
            fate = await _take_over(engine, flight)
        except OSError as error:
            flight.trouble = engine.slow.words(error)
            log.warning("attempt_unknown", attempt=flight.spec.key, error=str(error))
            await anyio.sleep(AGAIN_SECONDS)
            continue
        break
    flight.earlier, flight.begun, flight.trouble = False, True, ""
    if fate is not None:
        taken_back = fate.reason == "never_started" and flight.to_withdraw
        engine.report(flight, Fate("withdrawn") if taken_back else fate)
        return
    flight.pool.unsure = time.monotonic() - SETTLED_SECONDS + SUBMIT_SECONDS
    await ends.conclude(engine, [flight])
    for event in (engine.to_look, engine.to_ask, engine.to_submit, engine.to_wish):
        event.set()


async def _take_over(engine: "SlurmEngine", flight: Flight) -> Fate | None:
    """Return how an attempt ended; None if it goes on, or its folder tells.

    Raises:
        OSError: that cannot be found out now.
    """
    shared, slow, pool = engine.shared, engine.slow, flight.pool.name
    home = await slow.do(_link, str(flight.spec.folder))
    if not flight.spec.key.startswith(engine.prefix) and engine.is_marked:
        return await _elsewhere(engine, flight, home)
    await slow.do(shared.check)
    if not home:  # the link to its folder is made before anything else of it
        return Fate("never_started")
    asked = await slow.do(shared.asked, flight.folder)
    flight.was_held = asked in {"hold", "go"}
    flight.asked = asked if flight.was_held else ""
    seen = await slow.do(shared.look, pool, flight.folder, held=flight.was_held)
    if seen.exit is None and seen.claim is None and not seen.queued:
        if await slow.do(shared.take, pool, flight.folder):
            return Fate("never_started")
        seen = await slow.do(shared.look, pool, flight.folder)
    if seen.exit is None and seen.claim is not None and seen.claim.lane == CONDUCTOR:
        return Fate("never_started")
    engine.fleet.note(flight, seen, time.monotonic())
    if flight.claim is None:
        flight.stage = "waiting"
    flight.to_go_on = flight.to_go_on and flight.asked == "hold"
    return None


async def _elsewhere(engine: "SlurmEngine", flight: Flight, folder: str) -> Fate | None:
    """Return how an attempt of the home that this one is a copy of ended; one that has not belongs to that home."""
    if not folder:
        return Fate("never_started")
    seen: Seen = await engine.slow.do(engine.shared.look, flight.pool.name, folder)
    if seen.exit is None:
        return Fate("elsewhere")
    flight.folder = folder
    engine.fleet.note(flight, seen, time.monotonic())
    return None


def _link(path: str) -> str:
    """Return where the home says that an attempt's folder is, "" if it does not."""
    try:
        return os.readlink(path)  # noqa: PTH115
    except (FileNotFoundError, NotADirectoryError):
        return ""
