"""`task.state`: how a wait that a client holds as a task has ended. The first end that is told is kept, and stays.

The server that answers agents keeps nothing itself, so a task that was cancelled or has completed is still so after it was
started again, and whichever of several servers is asked.
"""

import json
import time
from typing import Any

from podium.conductor.context import Context
from podium.conductor.store.rows import Rows
from podium.contract.methods import TaskStateParams
from podium.wire.dispatcher import Peer

KEPT_SECONDS = 7 * 86400.0
_FIND = "SELECT state FROM task_ends WHERE key = ?"


async def handle(context: Context, params: TaskStateParams, peer: Peer) -> dict[str, Any]:
    """Answer the end that is kept under the key, null while there is none; an `end` that comes first is kept."""
    kept = _find(context, params.key)
    if kept is None and params.end is not None:
        now = time.time()
        rows = Rows()
        rows.add("task_ends", (params.key, json.dumps(params.end), now))
        rows.add("old_task_ends", (now - KEPT_SECONDS,))
        await context.store.commit(rows)
        kept = _find(context, params.key)
    return {"end": kept}


def _find(context: Context, key: str) -> Any:
    row = context.store.find(_FIND, key)
    return None if row is None else json.loads(row["state"])
