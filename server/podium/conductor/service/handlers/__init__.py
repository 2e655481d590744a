"""The wire's methods, one file each. `build` binds them to a conductor's parts."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from podium.conductor.service.context import Context
from podium.conductor.service.handlers import (
    cancel,
    clear,
    config,
    diagnose,
    errors,
    events,
    explain,
    health,
    history,
    jobs,
    log,
    modify,
    pause,
    process_health,
    ready,
    resume,
    shutdown,
    status,
    submit,
    task_state,
    validate,
)
from podium.conductor.service.handlers import daemon_status as daemon
from podium.contract import methods as m
from podium.wire.dispatcher import Handler, Peer

Handle = Callable[[Context, Any, Peer], Awaitable[Any]]

TABLE: dict[str, tuple[type[m.Params], Handle]] = {
    "job.submit": (m.SubmitParams, submit.handle),
    "job.status": (m.StatusParams, status.handle),
    "job.pause": (m.ControlParams, pause.handle),
    "job.resume": (m.ResumeParams, resume.handle),
    "job.modify": (m.ModifyParams, modify.handle),
    "job.cancel": (m.ControlParams, cancel.handle),
    "job.list": (m.ListParams, jobs.handle),
    "job.clear": (m.ClearParams, clear.handle),
    "job.errors": (m.JobParams, errors.handle),
    "job.diagnose": (m.JobParams, diagnose.handle),
    "job.history": (m.HistoryParams, history.handle),
    "job.events": (m.EventsParams, events.handle),
    "job.log": (m.LogParams, log.handle),
    "job.explain": (m.JobParams, explain.handle),
    "job.validate": (m.ScoreParams, validate.handle),
    "job.health": (m.JobParams, process_health.handle),
    "task.state": (m.TaskStateParams, task_state.handle),
    "daemon.status": (m.HandshakeParams, daemon.handle),
    "daemon.health": (m.NoParams, health.handle),
    "daemon.ready": (m.NoParams, ready.handle),
    "daemon.config": (m.NoParams, config.handle),
    "daemon.shutdown": (m.ShutdownParams, shutdown.handle),
}
"""Method -> the model of its parameters and its handler. What is not here is answered -32601."""


def build(context: Context) -> dict[str, Handler]:
    """Return method -> handler for the dispatcher."""
    return {method: partial(_call, context, model, handle) for method, (model, handle) in TABLE.items()}


async def _call(context: Context, model: type[m.Params], handle: Handle, params: dict[str, Any], peer: Peer) -> Any:
    return await handle(context, model.model_validate(params), peer)
