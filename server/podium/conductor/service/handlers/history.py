"""A job in detail: `job.attempts` and `job.commands`; `job.errors`, `job.diagnose` and `job.history` as Marianne does."""

from typing import Any

from podium.conductor.plans.compiling import commands as commands_of
from podium.conductor.service.context import Context
from podium.conductor.service.handlers import status
from podium.conductor.views import checkpoint
from podium.conductor.views.attempts import attempt_view
from podium.conductor.views.cursors import number_in
from podium.contract.methods import AttemptsParams, HistoryParams, JobParams
from podium.contract.replies import AttemptsReply, CommandsReply
from podium.errors import InvalidArguments
from podium.wire.dispatcher import Peer
from podium.wire.framing import RawJson, dumps

_ATTEMPTS = (
    "SELECT * FROM attempts WHERE job = ?1 AND sheet > 0 AND (?2 IS NULL OR sheet = ?2) ORDER BY serial DESC LIMIT ?3"
)
_AFTER = "SELECT * FROM attempts WHERE job = ? AND sheet > 0 AND serial > ? ORDER BY serial LIMIT ?"
_COMMANDS = 200  # sheets of a job whose commands are shown


async def attempts(context: Context, params: AttemptsParams, peer: Peer) -> AttemptsReply:
    """Answer a page of the job's attempts, oldest first.

    Raises:
        InvalidArguments: the cursor is none of ours.
    """
    await context.supervisor.flushed()
    after = number_in(params.cursor) if params.cursor else 0
    if after is None:
        raise InvalidArguments(f"{params.cursor!r} is not a cursor from job.attempts.", fix="Leave it out.")
    row = await context.queries.job(params.job_id)
    values = (row["seq"], after, params.limit)
    found = await context.store.read(lambda db: db.execute(_AFTER, values).fetchall())
    cursor = str(found[-1]["serial"]) if len(found) == params.limit else ""
    return AttemptsReply(attempts=[attempt_view(each) for each in found], cursor=cursor)


async def commands(context: Context, params: JobParams, peer: Peer) -> CommandsReply:
    """Answer what the first sheets of the job run; nothing if that takes more than the reader may use."""
    loaded = await context.loader.plan((await context.queries.job(params.job_id))["plan_hash"])
    secrets = (await context.values.of(params.job_id, loaded)).masker.secrets
    run = await commands_of(context.reader, loaded.plan, secrets, client=peer, most=_COMMANDS)
    return CommandsReply(commands=list(run.lines))


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
