"""Job control against a Podium conductor."""

import time
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from podium.client.environment import with_environment
from podium.client.link.daemon_client import DaemonClient
from podium.client.records import read_record
from podium.contract import models
from podium.contract.command import as_score
from podium.contract.conductors import ConductorView
from podium.contract.methods import ClearParams, LogParams, ModifyParams, ResumeParams, ScoreParams, SubmitParams
from podium.contract.near import job_not_found
from podium.contract.record import JobRecord
from podium.contract.replies import (
    ClearReply,
    EventsReply,
    ListReply,
    Refusal,
    SecretsReply,
    StatusReply,
    TaskStateReply,
    WatchReply,
)
from podium.contract.results import ProcessHealth
from podium.contract.score_text import CheckedScore, CheckParams, CheckReply, JobScore, JobScoreParams
from podium.contract.sheet_env import EnvParams, EnvView
from podium.contract.states import JobFilter
from podium.contract.waits import RunningView
from podium.errors import ConductorError, UnsupportedByConductor

if TYPE_CHECKING:
    from podium.client.files.workspace import WorkspaceFiles
    from podium.contract.secrets.masks import Span

_EVENTS_PAGE = 200

Model = TypeVar("Model")


class PodiumDialect:
    """Job control over the wire, and the `WaitSource` of its waits. `effect_seconds`: how long a control awaits its effect.

    Every method raises ConductorMismatch when a reply does not fit its model.
    """

    first_cursor = ""

    def __init__(self, client: DaemonClient, *, effect_seconds: float) -> None:
        self._client = client
        self._effect_seconds = effect_seconds
        self._feed = client.feed

    async def start(self, request: SubmitParams) -> models.StartView:
        """Submit a score."""
        request = as_score(request)
        await self._check_environment(request)
        if request.again is not None:
            await self._need("again", "run the score of a job again")

        async def submit(request: SubmitParams) -> models.StartView:
            reply = await self._client.mutate("job.submit", vars(request), check="list_jobs")
            started = self._accepted(models.StartView, reply)
            return started.model_copy(update={"passed": sorted(request.environment)})

        return await with_environment(submit, request)

    async def plan(self, request: ScoreParams) -> models.PlanView:
        """Check a score."""
        request = as_score(request) if isinstance(request, SubmitParams) else request
        return self._accepted(CheckReply, await self._client.call("job.validate", vars(request))).plan

    async def check(self, request: CheckParams) -> CheckedScore:
        """Check a score and show it; an older conductor shows nothing."""
        return self._accepted(CheckReply, await self._client.call("job.validate", vars(request)))

    async def score(self, request: JobScoreParams) -> JobScore:
        """Show the score of a job."""
        await self._need("score_text", "show the score of a job")
        return await self._client.ask(JobScore, "job.score", vars(request))

    async def environment(self, request: EnvParams) -> EnvView:
        """Show what a sheet would get as its environment."""
        await self._need("sheet_env", "show the environment of sheets")
        return await self._client.ask(EnvView, "job.env", vars(request))

    async def pause(self, job_id: str) -> models.ActionView:
        """Ask a job to pause."""
        return await self._control("job.pause", job_id, {}, lambda job: not job.pause_requested)

    async def resume(self, params: ResumeParams) -> models.ActionView:
        """Let a job continue, with a changed score if one is given."""
        return await self._changed("job.resume", params)

    async def modify(self, params: ModifyParams) -> models.ActionView:
        """Give a job a changed score, whatever it is doing; with `dry_run` only say what that would change."""
        if params.edits or params.dry_run:
            await self._need("edits", "make several edits at once, or try a change")
        if params.dry_run:
            return await with_environment(self._try_change, params)
        return await self._changed("job.modify", params)

    async def _try_change(self, params: ModifyParams) -> models.ActionView:
        return self._accepted(models.ActionView, await self._client.call("job.modify", vars(params)))

    async def _changed(self, method: str, params: ResumeParams) -> models.ActionView:
        """Let a job continue, perhaps with a changed score."""
        if params.find is not None:
            await self._need(
                "edit", "edit a score", " Or pass the whole changed score as config_content or config_path."
            )

        async def change(params: ResumeParams) -> models.ActionView:
            return await self._control(method, params.job_id, vars(params), lambda job: not job.modify_requested)

        return await with_environment(change, params)

    async def _check_environment(self, request: SubmitParams) -> None:
        """Refuse variables for an older conductor, which would ignore them."""
        if request.environment:
            await self._need("environment", "take environment variables with a start")

    async def cancel(self, job_id: str) -> models.ActionView:
        """End a job and its process trees."""
        return await self._control("job.cancel", job_id, {}, lambda job: not job.cancel_requested)

    async def delete(self, job_id: str) -> models.JobView:
        """Remove a terminal job."""
        reply = await self._client.mutate("job.clear", {"job_ids": [job_id]}, check=f"get_job with job_id={job_id}")
        cleared = self._client.read(ClearReply, reply)
        if cleared.jobs:
            return cleared.jobs[0]
        raise cleared.refused[0].as_error() if cleared.refused else job_not_found(job_id, ())

    async def clear(self, params: ClearParams) -> models.ClearView:
        """Remove ended jobs, or say which."""
        await self._need("filters", "choose jobs to remove")
        if params.dry_run:
            cleared = await self._client.ask(ClearReply, "job.clear", vars(params))
        else:
            cleared = self._client.read(
                ClearReply, await self._client.mutate("job.clear", vars(params), check="list_jobs")
            )
        return models.ClearView(
            jobs=cleared.jobs,
            total=cleared.total,
            counts=cleared.counts,
            refused=[each.message for each in cleared.refused],
        )

    async def process_health(self, job_id: str) -> ProcessHealth:
        """Return liveness and load."""
        return await self._client.ask(ProcessHealth, "job.health", {"job_id": job_id})

    async def list_page(self, *, status: JobFilter | None, name: str, limit: int, cursor: str) -> models.JobPage:
        """Return a page of jobs."""
        if status in {"active", "waiting", "stuck", "ended"}:
            await self._need("filters", f"list {status} jobs")
        params = {
            "status": None if status == "any" else status,
            "name": name or None,
            "limit": limit,
            "cursor": cursor or None,
        }
        page = await self._client.ask(ListReply, "job.list", params)
        return models.JobPage(jobs=[each.podium for each in page.jobs], next_cursor=page.next_cursor, total=page.total)

    async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> models.JobDetail:
        """Return a job and a page of its sheets."""
        page = {"sheets_cursor": sheets_cursor, "sheets_limit": limit} if sheets else {}
        reply = await self._client.ask(StatusReply, "job.status", {"job_id": job_id, "sheets": False, **page})
        return models.JobDetail(
            job=reply.podium,
            description=reply.podium_description,
            sheets=reply.podium_sheets,
            sheets_cursor=reply.podium_sheets_cursor,
        )

    async def record(self, job_id: str, *, commands: bool = False) -> JobRecord:
        """Return all sheets, attempts and events of a job."""
        await self._need("record", "give the record of a job")
        return await read_record(self._client, job_id, commands=commands)

    async def running(self, job_id: str) -> RunningView:
        """Return what runs of a job since when; nothing from an older conductor, which does not tell."""
        params = {"job_id": job_id, "sheets": False, "running": True}
        return (await self._client.ask(StatusReply, "job.status", params)).podium_running

    async def log(self, request: LogParams) -> models.LogView:
        """Read a part of a sheet's output."""
        return await self._client.ask(models.LogView, "job.log", vars(request))

    async def explain(self, job_id: str) -> models.ExplainView:
        """Ask why a job is in its state."""
        view = await self._client.ask(models.ExplainView, "job.explain", {"job_id": job_id})
        return view.model_copy(update={"can_edit": (await self._client.identity()).has("edit")})

    async def files(self, job_id: str) -> "WorkspaceFiles":
        """Return the files of the job's workspace."""
        from podium.client.files.workspace import WorkspaceFiles  # noqa: PLC0415  few commands look at files

        if not (await self._client.identity()).has("secrets"):
            return WorkspaceFiles((await self._view(job_id)).workspace)

        async def spans_of(data: bytes) -> "list[Span]":
            params = {"job_id": job_id, "data": b64encode(data).decode()}
            return (await self._client.ask(SecretsReply, "job.secrets", params)).spans

        return WorkspaceFiles((await self._view(job_id)).workspace, spans_of)

    async def changes(self, job_ids: Collection[str] | None, *, after: str) -> tuple[list[models.EventView], str]:
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
        return (await self._client.ask(TaskStateReply, "task.state", {"key": key, "end": end})).end

    async def conductor(self) -> ConductorView:
        """Return which conductor answers."""
        view = await self._client.ask(ConductorView, "daemon.status")
        return view.model_copy(update={"socket": str(self._client.socket_path)})

    async def views(self, job_ids: Sequence[str]) -> list[models.JobView]:
        """Return the jobs' present state."""
        return [await self._view(job_id) for job_id in job_ids]

    async def events(self, job_ids: Collection[str] | None, after: str) -> tuple[list[models.EventView], str]:
        """Return what happened to the jobs after a cursor, oldest first, and the cursor after it."""
        found: list[models.EventView] = []
        while True:
            params = {"after": after, "stream": False, "job_ids": job_ids and list(job_ids), "limit": _EVENTS_PAGE}
            page = await self._client.ask(EventsReply, "job.events", params)
            found += page.events
            after = page.next
            if len(page.events) < _EVENTS_PAGE:
                return found, after

    async def watch(self, job_ids: Sequence[str], pattern: str, position: str, seconds: float) -> WatchReply:
        """Wait for a line of the jobs' output that matches."""
        await self._need("watch", "wait for a pattern")
        params = {"job_ids": list(job_ids), "pattern": pattern, "position": position, "seconds": seconds}
        return await self._client.ask_beside(WatchReply, "job.watch", params, seconds=seconds)

    async def mark(self) -> int:
        """Return the present place in the event feed."""
        return await self._feed.mark()

    async def changed(self, job_ids: Sequence[str], mark: int) -> None:
        """Return as soon as something has happened to one of the jobs."""
        await self._feed.wait(job_ids, mark)

    async def _need(self, feature: str, what: str, instead: str = "") -> None:
        """Refuse what an older conductor would ignore."""
        if not (await self._client.identity()).has(feature):
            fix = f"Restart it: podium stop, podium start.{instead}"
            raise UnsupportedByConductor(f"This conductor is too old to {what}.", fix=fix)

    async def _view(self, job_id: str) -> models.JobView:
        return (await self._client.ask(StatusReply, "job.status", {"job_id": job_id, "sheets": False})).podium

    async def _control(
        self, method: str, job_id: str, params: Mapping[str, Any], in_effect: Callable[[models.JobView], bool]
    ) -> models.ActionView:
        """Make a change to a job, wait a few seconds for the effect of what was recorded, and say how the job is then."""
        done = self._accepted(models.ActionView, await self._client.control(method, job_id, params))
        if not done.pending:
            return done
        job = done.job
        deadline = time.monotonic() + self._effect_seconds
        try:
            while not in_effect(job) and (left := deadline - time.monotonic()) > 0:
                mark = await self._feed.mark()
                now = await self._view(job_id)
                if now.model_copy(update={"cursor": job.cursor}) == job:  # nothing has happened to it since
                    with anyio.move_on_after(left):
                        await self._feed.wait([job_id], mark)
                    now = await self._view(job_id)
                job = now
        except ConductorError:
            pass  # the change is on the disk, whatever has happened to the conductor
        if not in_effect(job):
            return done.model_copy(update={"job": job})
        return done.model_copy(update={"job": job, "message": f"Job {job.job_id} is {job.status}.", "pending": False})

    def _accepted(self, model: type[Model], reply: Any) -> Model:
        """Read the reply to a call that the conductor may refuse; raises the refusal."""
        if isinstance(reply, dict) and "code" in reply:
            raise self._client.read(Refusal, reply).as_error()
        return self._client.read(model, reply)
