"""Job control against a Marianne conductor, as it really behaves.

A pause is judged by `paused`, a cancel by `cancelled`, a resume, modify or submit by `status`, a clear by `deleted`. State and
progress come from its list: asking for the status of a job that was just submitted again marks it failed. It is never sent a
dry run, which it would run for real, and never asked for its monitor stream, which locks other clients out. What it cannot
do, or accepts and ignores, is refused here.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from podium.client.files.workspace import WorkspaceFiles
from podium.client.link.daemon_client import DaemonClient
from podium.client.marianne import replies, views
from podium.client.marianne.clearing import check_filter, choose, fits
from podium.client.marianne.explain import explain_view
from podium.client.marianne.refusals import OWN, check_go_on, check_no_edit, check_start, wrong_state
from podium.client.marianne.replies import JobState
from podium.client.marianne.scores import ForeignScores, file_of
from podium.contract import models
from podium.contract.command import CommandParams, as_numbered_score, job_name
from podium.contract.conductors import ConductorView
from podium.contract.methods import ClearParams, LogParams, ModifyParams, ResumeParams, ScoreParams, SubmitParams
from podium.contract.near import NAMED_SHOWN, job_not_found
from podium.contract.record import JobRecord
from podium.contract.replies import WatchReply
from podium.contract.results import ProcessHealth
from podium.contract.score_text import CheckedScore, CheckParams, JobScore, JobScoreParams
from podium.contract.sheet_env import EnvParams, EnvView
from podium.contract.states import TERMINAL, JobFilter
from podium.contract.waits import RunningView
from podium.errors import JobNotFound, SubmitRejected, UnsupportedByConductor, WrongState

POLL_SECONDS = 0.5
_CLEAR_SECONDS = 10.0  # for all jobs that one call removes
_EFFECT_POLL_SECONDS = 0.05
MISSING_TOOLS = ["read_job_log", "validate_score"]
NOT_AVAILABLE = [
    "named scores: write numbered ones, as describe_score(topic='numbered') tells",
    "start_job: dry_run, start_sheet, variables, idempotency_key",
    "resume_job, modify_job: find and replace, from_sheet",
    "wait_for_job: pattern",
    "list_jobs: status waiting and stuck",
]  # of the tools that it has
_POSITION_DIGITS = 10

Item = TypeVar("Item")


class MarianneDialect:
    """Job control over the wire, and the `WaitSource` of its waits, which poll.

    Every method raises ConductorMismatch when a reply does not fit its model.
    """

    def __init__(self, client: DaemonClient, *, effect_seconds: float, scores: ForeignScores) -> None:
        self._client = client
        self._effect_seconds = effect_seconds
        self._scores = scores

    async def start(self, request: SubmitParams) -> models.StartView:
        """Submit a score; an inline one becomes a file first."""
        check_start(request)
        if isinstance(request, CommandParams):
            request = await anyio.to_thread.run_sync(self._with_score, request)
        if request.config_path is not None:
            await self._check_not_paused(request.config_path)
            path = request.config_path
        else:
            path = str(await anyio.to_thread.run_sync(self._scores.add, request.config_content or ""))
        params = {"config_path": path, "workspace": request.workspace, "self_healing": request.self_healing}
        reply = self._client.read(
            replies.SubmitReply, await self._client.mutate("job.submit", params, check="list_jobs")
        )
        if reply.status != "accepted":
            if request.config_path is None:
                await anyio.to_thread.run_sync(self._scores.remove, _job_id_of(path))
            raise SubmitRejected(
                str(reply.message), fix="Correct the problem that the message describes, then start the job again."
            )
        entry = await self._entry_when(str(reply.job_id), lambda each: bool(each.progress_total))
        job = views.job_view(entry)
        if request.self_healing:
            warning = "with self_healing, this conductor leaves a job in state running forever if a sheet keeps failing"
            job = job.model_copy(update={"warnings": [warning]})
        return models.StartView(job=job)

    def _with_score(self, request: CommandParams) -> SubmitParams:
        """Return a start of one command with its score, which names the workspace."""
        checked = as_numbered_score(request, request.workspace or "")
        if request.workspace is not None:
            return replace(checked, workspace=None)
        return as_numbered_score(request, str(self._scores.new_workspace(job_name(request.command))))

    async def plan(self, request: ScoreParams) -> models.PlanView:
        """Refuse: this conductor would run the job."""
        raise UnsupportedByConductor("This conductor cannot check a score without running it.", fix=OWN)

    async def check(self, request: CheckParams) -> CheckedScore:
        """Refuse like `plan`."""
        raise UnsupportedByConductor("This conductor cannot check a score without running it.", fix=OWN)

    async def environment(self, request: EnvParams) -> EnvView:
        """Refuse: this conductor does not say what its sheets get."""
        raise UnsupportedByConductor("This conductor does not show the environment of its sheets.", fix=OWN)

    async def score(self, request: JobScoreParams) -> JobScore:
        """Return the file that the job was started from as it is now: this conductor keeps no text."""
        job = views.job_view(await self._entry(request.job_id))
        return await anyio.to_thread.run_sync(file_of, job, request)

    async def pause(self, job_id: str) -> models.ActionView:
        """Pause a running job."""
        reply = self._client.read(replies.PauseReply, await self._client.control("job.pause", job_id, {}))
        entry = await self._entry(job_id)
        if not reply.paused:
            raise wrong_state("pause", entry, reply.error or "it is not running")
        return models.ActionView(
            job=views.job_view(entry), message="Paused; a sheet that is running continues until it ends."
        )

    async def resume(self, params: ResumeParams) -> models.ActionView:
        """Let a paused or cancelled job continue; its score file is read again."""
        return await self._go_on("job.resume", params)

    async def modify(self, params: ModifyParams) -> models.ActionView:
        """Give a job that does not run a changed score and let it continue."""
        return await self._go_on("job.modify", params)

    async def cancel(self, job_id: str) -> models.ActionView:
        """End a job and its processes."""
        reply = self._client.read(replies.CancelReply, await self._client.control("job.cancel", job_id, {}))
        if not reply.cancelled:
            entry = await self._entry(job_id)
            raise wrong_state("cancel", entry, f"it is {views.job_status(entry)}")
        entry = await self._entry_when(job_id, lambda each: views.job_status(each) == "cancelled")
        job = views.job_view(entry)
        return models.ActionView(job=job, message=f"Job {job_id} is {job.status}.", pending=job.status != "cancelled")

    async def delete(self, job_id: str) -> models.JobView:
        """Remove a terminal job, and its score if that was given inline."""
        entry = await self._entry(job_id)
        params = {"job_ids": [job_id]}
        reply = await self._client.mutate("job.clear", params, check=f"get_job with job_id={job_id}")
        if not self._client.read(replies.ClearReply, reply).deleted:
            raise wrong_state("delete", entry, f"it is {views.job_status(entry)}")
        await anyio.to_thread.run_sync(self._scores.remove, job_id)
        return views.job_view(entry)

    async def clear(self, params: ClearParams) -> models.ClearView:
        """Remove ended jobs one by one, or say which; what its list still has afterwards is not removed."""
        chosen, view = choose(await self._entries(), params)
        if params.dry_run:
            return view
        refused: dict[str, str] = {}
        deadline = time.monotonic() + _CLEAR_SECONDS
        for number, entry in enumerate(chosen):
            if time.monotonic() > deadline:
                chosen = chosen[:number]
                break
            try:
                await self.delete(entry.job_id)
            except (JobNotFound, WrongState) as error:
                refused[entry.job_id] = error.message
        for entry in await self._entries():
            refused.setdefault(entry.job_id, f"Job {entry.job_id} is still in the conductor's list.")
        tried = {entry.job_id for entry in chosen}
        gone = [job for job in view.jobs if job.job_id in tried - refused.keys()]
        kept = [why for job_id, why in refused.items() if job_id in tried]
        return view.model_copy(update={"jobs": gone, "refused": kept})

    async def process_health(self, job_id: str) -> ProcessHealth:
        """Return what its process snapshot says about the job."""
        status = views.job_status(await self._entry(job_id))
        processes = []
        if status == "running":
            snapshot = await self._client.ask(replies.Snapshot, "daemon.top")
            processes = [each for each in snapshot.processes or [] if each.job_id == job_id]
        return views.process_health(status, processes)

    async def list_page(self, *, status: JobFilter | None, name: str, limit: int, cursor: str) -> models.JobPage:
        """Return a page of its list, newest first."""
        check_filter(status)
        wanted = [each for each in await self._entries() if fits(each, status, name)]
        page, next_cursor = _page(wanted, cursor, limit)
        return models.JobPage(jobs=list(map(views.job_view, page)), next_cursor=next_cursor, total=len(wanted))

    async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> models.JobDetail:
        """Return a job with a page of its sheets."""
        entry = await self._entry(job_id)
        checkpoint = await self._status_object(job_id)
        page, cursor = _page(views.sheet_views(checkpoint) if sheets else [], sheets_cursor, limit)
        return models.JobDetail(job=views.job_view(entry, checkpoint), sheets=page, sheets_cursor=cursor)

    async def record(self, job_id: str, *, commands: bool = False) -> JobRecord:
        """Refuse: its `job.history` is always empty, and its sheets have no times."""
        raise UnsupportedByConductor(
            "This conductor keeps no record of attempts and their times.", fix=f"Call get_job. {OWN}"
        )

    async def running(self, job_id: str) -> RunningView:
        """Refuse: its list does not tell what runs, and asking for a status may mark a job failed that goes on."""
        raise UnsupportedByConductor("This conductor does not tell what runs since when.", fix=f"Call get_job. {OWN}")

    async def log(self, request: LogParams) -> models.LogView:
        """Refuse: this conductor discards the output of its sheets."""
        raise UnsupportedByConductor(
            "This conductor does not keep the output of its sheets.",
            fix="Have the score write files, and read them with list_artifacts and read_artifact.",
        )

    async def explain(self, job_id: str) -> models.ExplainView:
        """Return what its list and status object say; a queued job's status is not asked for."""
        entry = await self._entry(job_id)
        queued = views.job_status(entry) == "queued"
        return explain_view(entry, None if queued else await self._status_object(job_id))

    async def files(self, job_id: str) -> WorkspaceFiles:
        """Return the files of the job's workspace."""
        return WorkspaceFiles(views.job_view(await self._entry(job_id)).workspace)

    async def changes(self, job_ids: Collection[str] | None, *, after: str) -> tuple[list[models.EventView], str]:
        """Refuse: this conductor records no events."""
        raise UnsupportedByConductor("This conductor does not publish events.", fix=f"Call wait_for_job. {OWN}")

    async def task_state(self, key: str, *, end: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Refuse: this conductor keeps no tasks."""
        raise UnsupportedByConductor("This conductor does not support tasks.", fix=f"Call wait_for_job. {OWN}")

    async def conductor(self) -> ConductorView:
        """Return which conductor answers."""
        status = await self._client.ask(replies.DaemonStatus, "daemon.status")
        ready = await self._client.ask(replies.Ready, "daemon.ready")
        entries = await self._entries()
        return ConductorView(
            product="marianne",
            version=status.version,
            pid=status.pid,
            uptime_seconds=status.uptime_seconds,
            running_jobs=status.running_jobs or 0,
            queued_jobs=sum(1 for each in entries if views.job_status(each) == "queued"),
            jobs_total=len(entries),
            memory_mb=status.memory_usage_mb or 0.0,
            accepting_work=ready.accepting_work,
            socket=str(self._client.socket_path),
            missing=MISSING_TOOLS,
            not_available=NOT_AVAILABLE,
        )

    async def views(self, job_ids: Sequence[str]) -> list[models.JobView]:
        """Return the jobs' present state, from one list."""
        entries = await self._entries()
        return [views.job_view(await self._find(job_id, entries)) for job_id in job_ids]

    async def events(self, job_ids: Sequence[str], after: str) -> tuple[list[models.EventView], str]:
        """Return nothing: this conductor records no events."""
        return [], after

    async def watch(self, job_ids: Sequence[str], pattern: str, position: str, seconds: float) -> WatchReply:
        """Refuse: its logs are not to be had over the wire."""
        raise UnsupportedByConductor(
            "This conductor gives out no output in which to look for a pattern.", fix=f"Wait without pattern. {OWN}"
        )

    async def mark(self) -> int:
        """Return a place that means nothing: there is no stream."""
        return 0

    async def changed(self, job_ids: Sequence[str], mark: int) -> None:
        """Return when it is time to look again."""
        await anyio.sleep(POLL_SECONDS)

    async def _entries(self) -> list[JobState]:
        """Return its list, newest first."""
        entries = await self._client.ask(list[JobState], "job.list")
        return sorted(entries, key=lambda each: each.submitted_at or 0.0, reverse=True)

    async def _entry(self, job_id: str) -> JobState:
        return await self._find(job_id, await self._entries())

    async def _find(self, job_id: str, entries: list[JobState]) -> JobState:
        """Return a job's entry; a job that is not listed any more may still have a status object.

        Raises:
            JobNotFound: with the ids that look like it.
        """
        for entry in entries:
            if entry.job_id == job_id:
                return entry
        try:
            return await self._status_object(job_id)
        except JobNotFound:
            named = [views.named(each) for each in entries if each.job_name == job_id]
            ids = [each.job_id for each in entries]
            raise job_not_found(job_id, ids, named[:NAMED_SHOWN], len(named)) from None

    async def _status_object(self, job_id: str) -> JobState:
        return await self._client.ask(JobState, "job.status", {"job_id": job_id})

    async def _entry_when(self, job_id: str, done: Callable[[JobState], bool]) -> JobState:
        """Return a job's entry as soon as it is `done` or terminal, or as it is when the time for effects is over."""
        entry = await self._entry(job_id)
        with anyio.move_on_after(self._effect_seconds):
            while not (done(entry) or views.job_status(entry) in TERMINAL):
                await anyio.sleep(_EFFECT_POLL_SECONDS)
                entry = await self._entry(job_id)
        return entry

    async def _go_on(self, method: str, params: ResumeParams) -> models.ActionView:
        """Resume or modify, with the score if one is given, and wait until it is seen in the job's state."""
        check_no_edit(params)
        job_id, path = params.job_id, params.config_path
        before = await self._entry(job_id)
        check_go_on(method, before, params.from_sheet)
        if params.config_content is not None:
            path = str(await anyio.to_thread.run_sync(self._scores.replace, job_id, params.config_content))
        score = {} if path is None else {"config_path": path}
        reply = self._client.read(replies.SubmitReply, await self._client.control(method, job_id, score))
        message = reply.message or ""
        if reply.status != "accepted":
            raise wrong_state(method.removeprefix("job."), await self._entry(job_id), message)
        state = views.job_status(before)
        job = views.job_view(await self._entry_when(job_id, lambda each: views.job_status(each) != state))
        return models.ActionView(job=job, message=message, pending=job.status == state)

    async def _check_not_paused(self, path: str) -> None:
        """Refuse to start a score whose paused job that would throw away, leaving its slot taken for ever."""
        job_id = _job_id_of(path)
        entry = next((each for each in await self._entries() if each.job_id == job_id), None)
        if entry is not None and views.job_status(entry) == "paused":
            raise SubmitRejected(
                f"Job {job_id} is paused; starting {path} again would discard it.",
                fix=f"Call resume_job or cancel_job with job_id={job_id} first.",
                job_id=job_id,
                state="paused",
            )


def _page(found: list[Item], cursor: str, limit: int) -> tuple[list[Item], str]:
    """Return a page of what was found and the cursor after it, "" at the end. A cursor is a position; any other text is 0."""
    first = int(cursor) if cursor.isdecimal() and len(cursor) < _POSITION_DIGITS else 0
    return found[first : first + limit], str(first + limit) if first + limit < len(found) else ""


def _job_id_of(path: str) -> str:
    """Return the id that this conductor gives to the job of a score file."""
    return path.rpartition("/")[2].rpartition(".")[0]
