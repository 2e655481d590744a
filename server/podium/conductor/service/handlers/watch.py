"""`job.watch`: wait for a line of the jobs' output that matches a pattern, for a limited time."""

import time

import anyio

from podium.conductor.service.context import Context
from podium.conductor.service.watching import Watch
from podium.contract.methods import WatchParams
from podium.contract.replies import WatchReply
from podium.errors import ConductorBusy
from podium.wire.dispatcher import Peer

MOST_WATCHES = 64
PAUSE_SECONDS = 0.25  # between two looks; longer for many files
_FILES_A_PAUSE = 100


async def handle(context: Context, params: WatchParams, peer: Peer) -> WatchReply:
    """Answer the first line that matches, or at the end of the time where to go on."""
    if context.watching >= MOST_WATCHES:
        raise ConductorBusy(
            f"{context.watching} calls wait for a pattern, and the conductor serves no more of them at once.",
            fix="Try again later, or wait without pattern.",
        )
    context.watching += 1
    try:
        return await _watched(context, params, peer)
    finally:
        context.watching -= 1


async def _watched(context: Context, params: WatchParams, peer: Peer) -> WatchReply:
    deadline = time.monotonic() + params.seconds
    watch = Watch(context, peer, params.job_ids, params.pattern, params.position)
    await watch.begin()
    while True:
        found = await watch.look()
        left = deadline - time.monotonic()
        if found or left <= 0 or peer.has_ended or context.shutting_down:
            return WatchReply(found=found, position=watch.position, behind=watch.behind, unsearched=watch.unsearched)
        await anyio.sleep(min(left, PAUSE_SECONDS * (1 + watch.files / _FILES_A_PAUSE)))
