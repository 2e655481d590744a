"""Noting which attempts have left the queue of their cluster: engines tell ends by themselves, and of a begin when asked.

The look costs no call of the cluster. What has ended between two looks is not noted, so many short sheets are no more events.
"""

import anyio

from podium.conductor.engines.several import Engines
from podium.conductor.supervisor.supervisor import Supervisor

LOOK_SECONDS = 2.0


async def watch_placed(supervisor: Supervisor, engines: Engines) -> None:
    """Look until cancelled, if there is an engine with a queue."""
    while any(engine.capabilities.queues for engine in engines):
        if supervisor.scheduler.on_cluster:  # to look at all jobs costs something where there are very many
            note_placed(supervisor, engines)
        await anyio.sleep(LOOK_SECONDS)


def note_placed(supervisor: Supervisor, engines: Engines) -> None:
    """Look once at the attempts of which it is not known yet that they run on a node. All that is found is one commit."""
    for job in list(supervisor.jobs.values()):
        for attempt in job.running.values():
            if attempt.place or job.plan.sheet(attempt.sheet).engine == "local":
                continue
            place = engines.place(attempt.key)
            if place is not None and place.state == "running" and place.node:
                supervisor.attempt_placed(job.job_id, attempt.serial, place)
