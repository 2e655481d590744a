"""Learning of ends at once: lanes ring a bell in the shared folder. With nothing on the cluster nobody looks."""

from typing import TYPE_CHECKING

import anyio

from podium.conductor.engines.slurm.ends import conclude
from podium.conductor.engines.slurm.looking import look_at
from podium.log import get_logger

if TYPE_CHECKING:
    from podium.conductor.engines.slurm.engine import SlurmEngine

SHORT_PAUSE, LONG_PAUSE = 0.04, 0.5  # between two looks
GROWTH = 1.15

log = get_logger()


async def run(engine: "SlurmEngine") -> None:
    """Look for news while there are attempts in the folder, until cancelled."""
    pause = SHORT_PAUSE
    while True:
        if not engine.fleet.of_stage("waiting", "playing"):
            await engine.to_look.wait()
            engine.to_look = anyio.Event()
            pause = SHORT_PAUSE
        try:
            rung = await engine.slow.do(engine.shared.news)
        except OSError as error:
            log.debug("no_news", error=str(error))
            rung = []
        found = [flight for job_id, serial in rung if (flight := engine.fleet.find(job_id, serial))]
        if found:
            await look_at(engine, found)
            await conclude(engine, found)
        pause = SHORT_PAUSE if found else min(LONG_PAUSE, pause * GROWTH)
        await anyio.sleep(pause)
