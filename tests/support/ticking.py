"""Something that counts as long as it runs, in a file `ticks`; whether it goes on, or stands still while others run."""

import uuid
from pathlib import Path

from tests.support.engines import bystander
from tests.support.podium_home import until

TICK = "echo x >>ticks; sleep 0.005"
NEW_TICKS = 20


def ticks(place: Path) -> int:
    """Return how far the counter has come."""
    path = place / "ticks"
    return path.stat().st_size if path.exists() else 0


def goes_on(place: Path) -> None:
    """Wait until the counter has gone on for a while."""
    aim = ticks(place) + 2 * NEW_TICKS
    until(lambda: ticks(place) >= aim)


def stands_still(place: Path) -> None:
    """See that the counter does not go on while another one, which is as fast, does."""
    before, beside = ticks(place), place / f"beside-{uuid.uuid4().hex}"
    with bystander("/bin/bash", "-c", f'while :; do echo x >>"{beside}"; sleep 0.005; done'):
        until(lambda: beside.exists() and beside.stat().st_size >= 2 * NEW_TICKS)
    assert ticks(place) == before
