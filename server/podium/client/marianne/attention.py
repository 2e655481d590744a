"""Failed sheets of jobs that go on, found by looking: a Marianne conductor records no events that a wait could read."""

from collections.abc import Sequence
from urllib.parse import quote, unquote

from podium.client.marianne.listing import Listing
from podium.client.marianne.replies import JobState
from podium.client.marianne.words import job_status
from podium.contract.models import EventView, SheetView
from podium.times import present

FIRST = "now"
"""The cursor of a wait that begins."""
_PREFIX = "failed:"
_LONGEST = 200_000  # of a cursor


class FailedSheets:
    """What has failed of running jobs. A cursor holds, by job, the numbers of the failed sheets that are known."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    async def since(self, job_ids: Sequence[str], after: str) -> tuple[list[EventView], str]:
        """Return an event for each sheet that has failed after a cursor, and the next cursor. A foreign cursor begins anew."""
        entries = {each.job_id: each for each in await self._listing.entries()}
        begins = not after.startswith(_PREFIX) or len(after) > _LONGEST
        known = {} if begins else _read(after)
        events: list[EventView] = []
        for job_id in job_ids:
            failed = await self._failed(entries[job_id]) if job_id in entries else None
            if failed is None:
                continue
            numbers = sum(1 << sheet.sheet for sheet in failed)
            if not begins:
                old = known.get(job_id, 0)
                events += [_event(job_id, sheet, len(events)) for sheet in failed if not old >> sheet.sheet & 1]
            known[job_id] = numbers
        return events, _PREFIX + ",".join(
            f"{_quoted(job_id)}={known[job_id]:x}" for job_id in job_ids if job_id in known
        )

    async def _failed(self, entry: JobState) -> list[SheetView] | None:
        """Return the failed sheets of a job, None if they are not known."""
        look = await self._listing.look(entry) if job_status(entry) in {"running", "failed"} else None
        return look.failed if look else None


def _event(job_id: str, sheet: SheetView, number: int) -> EventView:
    data = {"sheet": sheet.sheet, "reason": sheet.reason}
    return EventView(seq=number, job_id=job_id, job_seq=0, type="sheet.failed", at=present(), data=data)


def _quoted(job_id: str) -> str:
    """Return an id without the signs that a cursor is made of; `~` parts it from the place in the output."""
    return quote(job_id, safe="").replace("~", "%7E")


def _read(cursor: str) -> dict[str, int]:
    """Return the known failed sheets of each job; a part that was not written here is left out."""
    known: dict[str, int] = {}
    for part in cursor.removeprefix(_PREFIX).split(","):
        job_id, _, numbers = part.partition("=")
        try:
            known[unquote(job_id)] = int(numbers, 16)
        except ValueError:
            continue
    return known
