"""Reading what the folders of attempts say, several at once."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from podium.conductor.engines.slurm.flights import Flight
from podium.conductor.engines.slurm.shared import Seen
from podium.lane.place import CONDUCTOR

if TYPE_CHECKING:
    from podium.conductor.engines.slurm.engine import SlurmEngine


AT_ONCE = 250  # so few that a slow file system answers in time about all of them


async def look_at(engine: "SlurmEngine", flights: Sequence[Flight]) -> None:
    """Read what the folders of attempts say."""
    for at in range(0, len(flights), AT_ONCE):
        await _look_at(engine, flights[at : at + AT_ONCE])


async def _look_at(engine: "SlurmEngine", flights: Sequence[Flight]) -> None:
    asked = [(flight.pool.name, flight.folder, flight.was_held) for flight in flights]
    try:
        seen = await engine.slow.do(lambda: [_look(engine, *each) for each in asked])
    except OSError as error:
        seen = [error] * len(flights)
    now = time.monotonic()
    for flight, each in zip(flights, seen, strict=True):
        if isinstance(each, OSError):
            flight.trouble = engine.slow.words(each)
        elif each.claim is None or each.claim.lane != CONDUCTOR:
            engine.fleet.note(flight, each, now)


def _look(engine: "SlurmEngine", pool: str, folder: str, held: bool) -> Seen | OSError:
    try:
        return engine.shared.look(pool, folder, held=held)
    except OSError as error:
        return error
