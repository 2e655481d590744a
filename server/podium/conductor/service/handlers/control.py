"""`job.pause` and `job.cancel`: record an intent, which is on the disk when the answer comes."""

from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control
from podium.conductor.service.context import Context
from podium.contract.methods import ControlParams
from podium.contract.replies import CancelReply, PauseReply, Refusal
from podium.errors import PodiumError, StorageFull, StoreGone
from podium.wire.dispatcher import Peer


async def pause(context: Context, params: ControlParams, peer: Peer) -> PauseReply | Refusal:
    """Answer `paused: true` when the intent is on the disk, with `pending` until the status has changed."""
    try:
        done, job = await context.changes.apply(params.job_id, control.pause, params.request_key)
    except PodiumError as error:
        return Refusal.of(error, paused=False, error=error.message)
    return PauseReply(paused=True, job=context.views.of(job), **done)


async def cancel(context: Context, params: ControlParams, peer: Peer) -> CancelReply | Refusal:
    """Answer `cancelled: true` when the intent is on the disk, with `pending` while processes are being ended.

    If it cannot be stored, perhaps because the job fills the disk, its processes are ended all the same: `unstored`. A job
    without processes is refused then.
    """
    try:
        done, job = await context.changes.apply(params.job_id, control.cancel, params.request_key)
    except StorageFull as error:
        gone = isinstance(error, StoreGone)
        ended = None if gone else context.supervisor.cancel_unstored(params.job_id, params.request_key)
        if ended is None:
            return Refusal.of(error, cancelled=False, error=error.message)
        return CancelReply(
            cancelled=True, job=context.views.of(ended), message=_unstored(ended, error), pending=True, unstored=True
        )
    except PodiumError as error:
        return Refusal.of(error, cancelled=False, error=error.message)
    return CancelReply(cancelled=True, job=context.views.of(job), **done)


def _unstored(job: JobRun, error: StorageFull) -> str:
    names = ", ".join(job.running_labels)
    return (
        f"The processes of job {job.job_id} are being terminated ({names}), but the cancel is not stored yet: "
        f"{error.message} It is stored as soon as that is possible. If the conductor stops before, the job goes on."
    )
