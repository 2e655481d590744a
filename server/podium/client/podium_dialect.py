"""`JobControl` against a conductor of ours."""

import os
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from typing import Any

import anyio

from podium.client.files.workspace import WorkspaceFiles
from podium.client.link.change import Change
from podium.client.link.daemon_client import DaemonClient
from podium.contract.models import (
    ActionView,
    ConductorView,
    EventView,
    ExplainView,
    JobDetail,
    JobPage,
    JobView,
    LogView,
    PlanView,
    SheetView,
    StartView,
)
from podium.contract.ports import LogRequest, StartRequest
from podium.contract.results import ProcessHealth
from podium.contract.states import JobStatus
from podium.errors import ConductorError, JobNotFound, PodiumError, ScoreInvalid, from_dict

_EVENTS_PAGE = 200
_TOLD_MEMBERS = ("kept", "kept_total", "changed", "changed_total", "dropped_change")
_REPLY_MEMBERS = {"job", "plan", "status", "paused", "cancelled", "error", "pending", "replayed", "valid"}


class PodiumDialect:
    """Job control over the wire; the `Source` of its own waits. `effect_seconds`: how long a control awaits its effect."""

    def __init__(self, client: DaemonClient, *, effect_seconds: float) -> None:
        self._client = client
        self._effect_seconds = effect_seconds
        self._feed = client.feed

    async def start(self, request: StartRequest) -> StartView:
        """Submit a score."""
        params = {
            **_score(request),
            "self_healing": request.self_healing,
            "idempotency_key": request.idempotency_key,
        }
        reply = await self._client.mutate("job.submit", params, check="list_jobs")
        _check_accepted(reply)
        return StartView(job=reply["job"], replayed=reply.get("replayed", False))

    async def plan(self, request: StartRequest) -> PlanView:
        """Check a score."""
        reply = await self._client.call("job.validate", _score(request))
        if not reply.get("valid"):
            raise _refusal({"code": ScoreInvalid.code, **reply}, str(reply.get("message")))
        return PlanView.model_validate(reply["plan"])

    async def pause(self, job_id: str) -> ActionView:
        """Ask a job to pause."""
        reply = await self._client.control("job.pause", job_id)
        if not reply.get("paused"):
            raise _refusal(reply, str(reply.get("error")))
        return await self._done(reply, lambda job: not job.pause_requested)

    async def resume(self, job_id: str, change: Change) -> ActionView:
        """Let a job go on, with a changed score when one is given."""
        return await self._go_on("job.resume", job_id, change)

    async def modify(self, job_id: str, change: Change) -> ActionView:
        """Give a job a changed score, whatever it is doing."""
        return await self._go_on("job.modify", job_id, change)

    async def cancel(self, job_id: str) -> ActionView:
        """End a job and its process trees."""
        reply = await self._client.control("job.cancel", job_id)
        if not reply.get("cancelled"):
            raise _refusal(reply, str(reply.get("error")))
        return await self._done(reply, lambda job: not job.cancel_requested)

    async def delete(self, job_id: str) -> JobView:
        """Remove a terminal job."""
        reply = await self._client.mutate("job.clear", {"job_ids": [job_id]}, check=f"get_job with job_id={job_id}")
        if reply.get("jobs"):
            return JobView.model_validate(reply["jobs"][0])
        if reply.get("refused"):
            raise from_dict(reply["refused"][0])
        raise JobNotFound(f"Job '{job_id}' not found", fix="Call list_jobs to see the jobs there are.", job_id=job_id)

    async def process_health(self, job_id: str) -> ProcessHealth:
        """Return liveness and load."""
        reply = await self._client.call("job.health", {"job_id": job_id})
        return ProcessHealth(**{name: reply.get(name) for name in ProcessHealth.__dataclass_fields__})

    async def list_page(self, *, status: JobStatus | None, name: str, limit: int, cursor: str) -> JobPage:
        """Return a page of jobs."""
        params = {"status": status, "name": name or None, "limit": limit, "cursor": cursor or None}
        reply = await self._client.call("job.list", params)
        jobs = [JobView.model_validate(short["podium"]) for short in reply["jobs"]]
        return JobPage(jobs=jobs, next_cursor=reply["next_cursor"], total=reply["total"])

    async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> JobDetail:
        """Return a job and a page of its sheets."""
        params: dict[str, Any] = {"job_id": job_id, "sheets": False}
        if sheets:
            params |= {"sheets_cursor": sheets_cursor, "sheets_limit": limit}
        reply = await self._client.call("job.status", params)
        return JobDetail(
            job=reply["podium"],
            description=reply.get("podium_description", ""),
            sheets=[SheetView.model_validate(sheet) for sheet in reply.get("podium_sheets", [])],
            sheets_cursor=reply.get("podium_sheets_cursor", ""),
        )

    async def log(self, request: LogRequest) -> LogView:
        """Read a part of a sheet's output."""
        return LogView.model_validate(await self._client.call("job.log", asdict(request)))

    async def explain(self, job_id: str) -> ExplainView:
        """Ask why a job is as it is."""
        return ExplainView.model_validate(await self._client.call("job.explain", {"job_id": job_id}))

    async def files(self, job_id: str) -> WorkspaceFiles:
        """Return the files of the job's workspace."""
        return WorkspaceFiles((await self._view(job_id)).workspace)

    async def changes(self, job_ids: Collection[str] | None, *, after: str) -> tuple[list[EventView], str]:
        """Wait on the event feed for something to happen after a cursor."""
        while True:
            mark = await self._feed.mark()
            found, cursor = await self.events(job_ids, after)
            if found or not after:
                return found, cursor
            after = cursor
            await self._feed.wait(job_ids, mark)

    async def task_state(self, key: str, *, end: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Return, or set once, what a task has ended with."""
        kept: dict[str, Any] | None = (await self._client.call("task.state", {"key": key, "end": end}))["end"]
        return kept

    async def conductor(self) -> ConductorView:
        """Say which conductor answers."""
        status = await self._client.call("daemon.status")
        return ConductorView.model_validate(
            {**status, "memory_mb": status["memory_usage_mb"], "socket": str(self._client.socket_path)}
        )

    async def views(self, job_ids: Sequence[str]) -> list[JobView]:
        """Return the jobs' present state."""
        return [await self._view(job_id) for job_id in job_ids]

    async def events(self, job_ids: Collection[str] | None, after: str) -> tuple[list[EventView], str]:
        """Return what happened to the jobs after a cursor, oldest first, and the cursor after it."""
        found: list[EventView] = []
        while True:
            params = {"after": after, "stream": False, "job_ids": job_ids and list(job_ids), "limit": _EVENTS_PAGE}
            reply = await self._client.call("job.events", params)
            found += [EventView.model_validate(event) for event in reply["events"]]
            after = reply["next"]
            if len(reply["events"]) < _EVENTS_PAGE:
                return found, after

    async def mark(self) -> int:
        """Return the present place in the event feed."""
        return await self._feed.mark()

    async def changed(self, job_ids: Sequence[str], mark: int) -> None:
        """Return as soon as something has happened to one of the jobs."""
        await self._feed.wait(job_ids, mark)

    async def _view(self, job_id: str) -> JobView:
        reply = await self._client.call("job.status", {"job_id": job_id, "sheets": False})
        return JobView.model_validate(reply["podium"])

    async def _go_on(self, method: str, job_id: str, change: Change) -> ActionView:
        reply = await self._client.control(method, job_id, {**asdict(change), "client_cwd": _cwd()})
        _check_accepted(reply)
        return await self._done(reply, lambda job: not job.modify_requested)

    async def _done(self, reply: dict[str, Any], done: Callable[[JobView], bool]) -> ActionView:
        """Return what an accepted change has come to, with what the reply tells of it beside the job."""
        view = await self._effect(reply, done)
        return view.model_copy(update={name: reply[name] for name in _TOLD_MEMBERS if name in reply})

    async def _effect(self, reply: dict[str, Any], done: Callable[[JobView], bool]) -> ActionView:
        """Wait a few seconds for what was recorded to take effect, and say how the job is then."""
        job, message = JobView.model_validate(reply["job"]), str(reply.get("message") or "")
        if not reply.get("pending"):
            return ActionView(job=job, message=message)
        deadline = time.monotonic() + self._effect_seconds
        try:
            while not done(job) and (left := deadline - time.monotonic()) > 0:
                job = await self._next_view(job, left)
        except ConductorError:
            return ActionView(
                job=job, message=message, pending=True
            )  # it is on the disk, whatever happens to the conductor
        if done(job):
            return ActionView(job=job, message=f"Job {job.job_id} is {job.status}.")
        return ActionView(job=job, message=message, pending=True)

    async def _next_view(self, job: JobView, seconds: float) -> JobView:
        """Return the job as it is now or, unless something has happened to it, after the next event."""
        mark = await self._feed.mark()
        now = await self._view(job.job_id)
        if now.model_copy(update={"cursor": job.cursor}) != job:
            return now
        with anyio.move_on_after(seconds):
            await self._feed.wait([job.job_id], mark)
        return await self._view(job.job_id)


def _score(request: StartRequest) -> dict[str, Any]:
    """Return what `job.submit` and `job.validate` have in common."""
    return {
        "config_path": request.config_path,
        "config_content": request.config_content,
        "workspace": request.workspace,
        "start_sheet": request.start_sheet,
        "variables": dict(request.variables),
        "client_cwd": _cwd(),
    }


def _cwd() -> str:
    return os.getcwd()  # noqa: PTH109 - text


def _check_accepted(reply: dict[str, Any]) -> None:
    """Raise the refusal of a submit, resume or modify."""
    if reply.get("status") != "accepted":
        raise _refusal(reply, str(reply.get("message")))


def _refusal(reply: dict[str, Any], message: str) -> PodiumError:
    """Return the error that a refused call stands for; its facts are the members that are not the reply's own."""
    facts = {
        key: value for key, value in reply.items() if key not in _REPLY_MEMBERS and value is not None and value != ""
    }
    return from_dict({"code": "SUBMIT_REJECTED", **facts, "message": message})
