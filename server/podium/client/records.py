"""Reading the whole record of a job from a Podium conductor, page by page."""

from podium.client.link.daemon_client import DaemonClient
from podium.contract.models import EventView, SheetView
from podium.contract.record import AttemptView, JobRecord
from podium.contract.replies import AttemptsReply, CommandsReply, EventsReply, StatusReply

_SHEETS_PAGE = 500
_PAGE = 1000


async def read_record(client: DaemonClient, job_id: str, *, commands: bool) -> JobRecord:
    """Return the record of a job. While it runs, its parts are read one after the other: sheets first, then what led to them."""
    reply, sheets = await _sheets(client, job_id)
    attempts = await _attempts(client, job_id)
    events = await _events(client, job_id, reply.podium.cursor)
    shown = await client.ask(CommandsReply, "job.commands", {"job_id": job_id}) if commands else CommandsReply()
    return JobRecord(
        job=reply.podium,
        description=reply.podium_description,
        sheets=sheets,
        attempts=attempts,
        events=events,
        commands=shown.commands,
    )


async def _sheets(client: DaemonClient, job_id: str) -> tuple[StatusReply, list[SheetView]]:
    found: list[SheetView] = []
    cursor = ""
    while True:
        params = {"job_id": job_id, "sheets": False, "sheets_cursor": cursor, "sheets_limit": _SHEETS_PAGE}
        reply = await client.ask(StatusReply, "job.status", params)
        found += reply.podium_sheets
        cursor = reply.podium_sheets_cursor
        if not cursor:
            return reply, found


async def _attempts(client: DaemonClient, job_id: str) -> list[AttemptView]:
    found: list[AttemptView] = []
    cursor = ""
    while True:
        params = {"job_id": job_id, "cursor": cursor, "limit": _PAGE}
        page = await client.ask(AttemptsReply, "job.attempts", params)
        found += page.attempts
        cursor = page.cursor
        if not cursor:
            return found


async def _events(client: DaemonClient, job_id: str, now: str) -> list[EventView]:
    """Return every event of the job; they are kept as long as it is."""
    found: list[EventView] = []
    cursor = f"{now.rpartition(':')[0]}:0"
    while True:
        params = {"after": cursor, "stream": False, "job_ids": [job_id], "limit": _PAGE}
        page = await client.ask(EventsReply, "job.events", params)
        found += page.events
        cursor = page.next
        if len(page.events) < _PAGE:
            return found
