"""`task.state`: how a wait that a client holds as a task has ended. The first end that is reported is kept for good.

The server that answers agents keeps nothing itself, so a task that was cancelled or has completed stays so after a restart of the
server, and for every server of the conductor; retention forgets it after seven days.
"""

from podium.conductor.clock import wall
from podium.conductor.service.context import Context
from podium.conductor.store.rows import Rows
from podium.contract.methods import TaskStateParams
from podium.errors import InvalidArguments
from podium.wire.dispatcher import Peer
from podium.wire.framing import RawJson, dumps

_FIND = "SELECT state FROM task_ends WHERE key = ?"


async def handle(context: Context, params: TaskStateParams, peer: Peer) -> RawJson:
    """Answer the end that is kept under the key, or null; if there is none yet, the `end` of the call is kept."""
    kept = _find(context, params.key)
    if kept is None and params.end is not None:
        try:
            text = dumps(params.end).decode()
        except (ValueError, RecursionError) as error:
            raise InvalidArguments(
                f"The value of end cannot be written as JSON: {error}.",
                fix="Leave out NaN and infinities, or nest it less deeply.",
            ) from None
        rows = Rows()
        rows.add("task_ends", (params.key, text, wall()))
        await context.store.commit(rows)
        kept = _find(context, params.key)
    return RawJson(b'{"end":%b}' % (kept or "null").encode())


def _find(context: Context, key: str) -> str | None:
    """Return the text that is kept. It is passed on unparsed: deep nesting that could be written might not be readable."""
    row = context.store.find(_FIND, key)
    return None if row is None else str(row["state"])
