"""Outputs of earlier sheets for templates that ask for them (`cross_sheet`)."""

from pathlib import Path

import anyio.to_thread

from podium.conductor.attempts.observe import read_end
from podium.conductor.store.store import Store
from podium.home import Home
from podium.log import get_logger
from podium.score.model.context import chars_of_each, previous_sheets
from podium.score.model.plan import Plan, PlanSheet

log = get_logger()

_LAST = (
    "SELECT serial FROM attempts WHERE job = ? AND sheet = ? AND outcome = 'completed' ORDER BY attempt DESC LIMIT 1"
)


class Outputs:
    """Finds what earlier sheets of a job wrote to standard output."""

    def __init__(self, store: Store, home: Home) -> None:
        self._store = store
        self._home = home

    async def previous(self, job_id: str, job_seq: int, plan: Plan, sheet: PlanSheet) -> dict[int, str]:
        """Return sheet number -> the end of its output, for the sheets that `cross_sheet.lookback_sheets` reaches back to."""
        wanted = previous_sheets(plan, sheet)
        if not wanted or not sheet.uses_previous_outputs:
            return {}
        found = await self._store.read(
            lambda db: {num: row[0] for num in wanted if (row := db.execute(_LAST, (job_seq, num)).fetchone())}
        )
        chars = chars_of_each(plan, len(wanted))
        return {
            num: await anyio.to_thread.run_sync(_tail, self._home.attempt(job_id, serial), chars)
            for num, serial in found.items()
        }


def _tail(folder: Path, chars: int) -> str:
    """Return the last characters of a log without trailing newlines, as a shell's `$(...)` does.

    A log that cannot be read, for example because it was removed, counts as empty, like that of a sheet that wrote nothing:
    templates must be ready for that anyway.
    """
    try:
        return read_end(folder / "stdout.log", 4 * chars).rstrip("\n")[-chars:]
    except OSError as error:
        log.warning("earlier_output_unreadable", folder=str(folder), error=str(error))
        return ""
