"""Looking every few seconds whether what belongs into the home is still there."""

from pathlib import Path

import anyio

from podium.conductor.store.store import Store
from podium.conductor.supervisor.supervisor import Supervisor
from podium.log import get_logger
from podium.places import record

log = get_logger()
_LOOK_SECONDS = 2.0


async def watch_place(store: Store, supervisor: Supervisor) -> None:
    """Look for the database until cancelled, so that its loss shows before somebody changes a job.

    A probe is repeated by itself until it is stored, so one is enough until then."""
    while True:
        await anyio.sleep(_LOOK_SECONDS)
        if store.trouble is None and not await store.in_place():
            supervisor.probe()


async def keep_record(home: Path, socket: Path, home_id: str) -> None:
    """Keep the file of the home right that leads clients to the socket, until cancelled. What prevents it is logged once.

    A client that has our environment finds the socket without it.
    """
    logged = ""
    while True:
        try:
            record(home, socket, home_id)
            logged = ""
        except OSError as error:  # on a full disk it can be written later
            if str(error) != logged:
                logged = str(error)
                log.warning("socket_not_recorded", reason=logged, retry_seconds=_LOOK_SECONDS)
        await anyio.sleep(_LOOK_SECONDS)
