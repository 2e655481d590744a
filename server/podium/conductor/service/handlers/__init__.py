"""The wire's methods, one file for each or for a few that belong together. `build` binds them to a conductor's parts."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from podium.conductor.service.context import Context
from podium.conductor.service.handlers import (
    change,
    clear,
    control,
    daemon,
    env,
    events,
    explain,
    health,
    history,
    jobs,
    limits,
    log,
    monitor,
    recover,
    score,
    secrets,
    status,
    submit,
    task_state,
    top,
    validate,
    watch,
)
from podium.conductor.supervisor.damage import NOT_UNDERSTOOD, damage_of
from podium.contract import methods as m
from podium.contract.replies import Refusal
from podium.contract.score_text import CheckParams, JobScoreParams
from podium.contract.sheet_env import EnvParams
from podium.errors import JobDamaged, JobDeleted, PodiumError, StoreGone
from podium.wire.dispatcher import Handler, Peer
from podium.wire.framing import RawJson

Handle = Callable[[Context, Any, Peer], Awaitable[Any]]

TABLE: dict[str, tuple[type[m.Params], Handle]] = {
    "job.submit": (m.SubmitParams, submit.handle),
    "job.status": (m.StatusParams, status.handle),
    "job.pause": (m.ControlParams, control.pause),
    "job.resume": (m.ResumeParams, change.resume),
    "job.modify": (m.ModifyParams, change.modify),
    "job.cancel": (m.ControlParams, control.cancel),
    "job.list": (m.ListParams, jobs.handle),
    "job.clear": (m.ClearParams, clear.handle),
    "job.errors": (m.JobParams, history.errors),
    "job.diagnose": (m.JobParams, history.diagnose),
    "job.history": (m.HistoryParams, history.history),
    "job.recover": (m.RecoverParams, recover.handle),
    "job.attempts": (m.AttemptsParams, history.attempts),
    "job.commands": (m.JobParams, history.commands),
    "job.events": (m.EventsParams, events.handle),
    "job.log": (m.LogParams, log.handle),
    "job.watch": (m.WatchParams, watch.handle),
    "job.secrets": (m.SecretsParams, secrets.handle),
    "job.explain": (m.JobParams, explain.handle),
    "job.validate": (CheckParams, validate.handle),
    "job.score": (JobScoreParams, score.handle),
    "job.env": (EnvParams, env.handle),
    "job.health": (m.JobParams, health.handle),
    "task.state": (m.TaskStateParams, task_state.handle),
    "daemon.status": (m.HandshakeParams, daemon.status),
    "daemon.health": (m.NoParams, daemon.health),
    "daemon.ready": (m.NoParams, daemon.ready),
    "daemon.config": (m.NoParams, daemon.config),
    "daemon.shutdown": (m.ShutdownParams, daemon.shutdown),
    "daemon.top": (m.NoParams, top.top),
    "daemon.top.stream": (m.NoParams, top.stream),
    "daemon.events": (m.RecentParams, monitor.recent),
    "daemon.observer_events": (m.ObserverParams, monitor.observed),
    "daemon.monitor.stream": (m.NoParams, monitor.stream),
    "daemon.rate_limits": (m.NoParams, limits.limits),
    "daemon.clear_rate_limits": (m.LimitsParams, limits.clear),
}
"""Method -> its parameters' model and its handler.

Others are answered -32601. Of the Marianne protocol's 25 methods that is `daemon.learning.patterns`: this conductor learns none.
"""


def build(context: Context) -> dict[str, Handler]:
    """Return method -> handler for the dispatcher."""
    return {method: partial(_call, context, method, model, handle) for method, (model, handle) in TABLE.items()}


async def _call(
    context: Context, method: str, model: type[m.Params], handle: Handle, params: dict[str, Any], peer: Peer
) -> Any:
    trouble = context.store.trouble
    if trouble is not None and isinstance(trouble.error, StoreGone) and not method.startswith("daemon."):
        raise trouble.error
    checked = model.model_validate(params)
    try:
        reply = await handle(context, checked, peer)
        return _as_json(_without_secrets(reply, context.values.own.masker) if isinstance(reply, Refusal) else reply)
    except (*NOT_UNDERSTOOD, JobDeleted) as error:
        if isinstance(error, PodiumError) and not isinstance(error, JobDeleted):
            raise
        raise await _traced(context, str(params.get("job_id") or ""), error) from error
    except PodiumError as error:
        hide = context.values.own.masker
        error.message, error.fix = hide(error.message), hide(error.fix)
        raise


def _without_secrets(refusal: Refusal, hide: Callable[[str], str]) -> Refusal:
    """Return a refusal whose texts may quote a score or a path, without the conductor's own secrets."""
    texts: dict[str, Any] = {
        name: hide(getattr(refusal, name)) for name in ("message", "error", "fix") if getattr(refusal, name)
    }
    if isinstance(problems := (refusal.model_extra or {}).get("problems"), list):
        texts["problems"] = [
            {**each, **{part: hide(str(each[part])) for part in ("message", "text") if part in each}}
            if isinstance(each, dict)
            else each
            for each in problems
        ]
    return refusal.model_copy(update=texts)


async def _traced(context: Context, job_id: str, error: Exception) -> Exception:
    """Return the error that names the damaged job behind a failed call, or the same error if there is none."""
    if not job_id:
        return error
    try:
        await context.loader.job(job_id)
    except JobDamaged as found:
        return found
    except PodiumError:
        return error
    return await context.store.read(lambda db: damage_of(db, job_id)) or error


def _as_json(reply: Any) -> Any:
    """Return a reply as it goes on the wire: a model as text, models in a list as their members, anything else unchanged."""
    if isinstance(reply, list):
        return [each.model_dump() if isinstance(each, BaseModel) else each for each in reply]
    if not isinstance(reply, BaseModel):
        return reply
    try:
        return RawJson(reply.model_dump_json().encode())
    except PydanticSerializationError:  # a lone surrogate, which only our own encoder passes on
        return reply.model_dump()
