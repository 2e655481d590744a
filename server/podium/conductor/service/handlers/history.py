"""`job.errors`, `job.diagnose` and `job.history`: a job in detail, in the form of the Marianne protocol."""

from typing import Any

from podium.conductor.service.context import Context
from podium.conductor.service.handlers import status
from podium.conductor.views import checkpoint
from podium.contract.methods import HistoryParams, JobParams
from podium.wire.dispatcher import Peer
from podium.wire.framing import RawJson, dumps

_ATTEMPTS = (
    "SELECT * FROM attempts WHERE job = ?1 AND sheet > 0 AND (?2 IS NULL OR sheet = ?2) ORDER BY serial DESC LIMIT ?3"
)


async def errors(context: Context, params: JobParams, peer: Peer) -> RawJson:
    """Answer the state object with every sheet; failed ones have their reasons."""
    await context.supervisor.flushed()
    return RawJson(b'{"state":' + await status.state(context, await context.queries.job(params.job_id)) + b"}")


async def diagnose(context: Context, params: JobParams, peer: Peer) -> RawJson:
    """Answer the state object and the workspace."""
    workspace = (await context.queries.job(params.job_id))["workspace"]
    return RawJson((await errors(context, params, peer))[:-1] + b',"workspace":' + dumps(workspace) + b"}")


async def history(context: Context, params: HistoryParams, peer: Peer) -> dict[str, Any]:
    """Answer the attempts of the job, or of one of its sheets, newest first."""
    await context.supervisor.flushed()
    row = await context.queries.job(params.job_id)
    values = (row["seq"], params.sheet_num, params.limit)
    found = await context.store.read(lambda db: db.execute(_ATTEMPTS, values).fetchall())
    records = [checkpoint.record(attempt) for attempt in found]
    return {"job_id": params.job_id, "records": records, "has_history": bool(records)}
