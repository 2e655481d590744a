"""Looking every few seconds whether the database is still in its place, so that its loss shows before somebody changes a job."""

import anyio

from podium.conductor.store.store import Store
from podium.conductor.supervisor.supervisor import Supervisor

_LOOK_SECONDS = 2.0


async def watch_place(store: Store, supervisor: Supervisor) -> None:
    """Look until cancelled. A probe is repeated by itself until it is stored, so one is enough until then."""
    while True:
        await anyio.sleep(_LOOK_SECONDS)
        if store.trouble is None and not await store.in_place():
            supervisor.probe()
