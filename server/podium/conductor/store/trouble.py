"""What keeps the store from being written, and since when: what every caller is told while it lasts."""

from dataclasses import dataclass

from podium.conductor.clock import wall
from podium.errors import StorageFull, StoreGone
from podium.times import iso


@dataclass(frozen=True)
class Trouble:
    """The error that the last commit met, and when the first of them came (seconds since the epoch)."""

    error: StorageFull
    since: float

    def __str__(self) -> str:
        return f"{self.error.message.rstrip('.')} (since {iso(self.since)})"


def continued(before: Trouble | None, error: StorageFull) -> Trouble:
    """Return the present trouble; it began with the first commit that failed."""
    return Trouble(error, before.since if before is not None else wall())


def gone(what: str) -> StoreGone:
    """Return the error for a database that has left its place."""
    return StoreGone(
        f"The conductor's state is gone: {what}. Nothing can be recorded, and nothing is accepted; running sheets keep running.",
        fix="Put the home folder back in its place, and this conductor goes on. Otherwise end it with `podium stop`, restore "
        "the home from a backup, and run `podium start`.",
    )
