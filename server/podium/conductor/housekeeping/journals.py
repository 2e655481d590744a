"""Keeping the keepers' journals short: what the store knows for good need not be kept there too."""

import os
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress

import anyio

from podium.conductor.store.store import Store
from podium.errors import StorageFull

PAUSE_SECONDS = float(os.environ.get("PODIUM_JOURNAL_PAUSE", "10"))  # a test may want it sooner
_OPEN = "SELECT key FROM attempts WHERE open = 1"


async def keep_short(store: Store, shorten: Callable[[Collection[str]], Awaitable[None]]) -> None:
    """Call `shorten` now and then, until cancelled, with the keys of the attempts whose end is not stored."""
    while True:
        await anyio.sleep(PAUSE_SECONDS)
        with suppress(StorageFull):  # nothing is lost by waiting
            await shorten(await store.read(lambda db: [row[0] for row in db.execute(_OPEN)]))
