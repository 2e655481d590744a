"""`job.history`: every attempt of a job, newest first."""

from typing import Any

from podium.conductor.service.context import Context
from podium.conductor.views import checkpoint
from podium.contract.methods import HistoryParams
from podium.wire.dispatcher import Peer

_ATTEMPTS = (
    "SELECT * FROM attempts WHERE job = ?1 AND sheet > 0 AND (?2 IS NULL OR sheet = ?2) ORDER BY serial DESC LIMIT ?3"
)


async def handle(context: Context, params: HistoryParams, peer: Peer) -> dict[str, Any]:
    """Answer the attempts of the job, or of one of its sheets."""
    await context.supervisor.flushed()
    row = await context.queries.job(params.job_id)
    values = (row["seq"], params.sheet_num, params.limit)
    found = await context.store.read(lambda db: db.execute(_ATTEMPTS, values).fetchall())
    records = [checkpoint.record(attempt) for attempt in found]
    return {"job_id": params.job_id, "records": records, "has_history": bool(records)}
