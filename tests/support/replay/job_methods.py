"""The methods about jobs, with the results, refusals and faults that were seen. An id is not checked: it is looked up."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from tests.support.replay.faults import Fault
from tests.support.replay.jobs import ACTIVE, TERMINAL, Job, Jobs
from tests.support.replay.scores import load

Params = dict[str, Any]
RESUMABLE = {"paused", "paused_at_chain", "failed", "cancelled"}
_NOT_A_PATH = "argument should be a str or an os.PathLike object where __fspath__ returns a str, not {!r}"
_PRESSURE = "System under high resource pressure — try again later"


class Refused(Exception):
    """An error reply with its code."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.data = code, data


class JobRequest(BaseModel):
    """The parameters of a submit; its name shows in messages."""

    config_path: Path
    workspace: Path | None = None
    fresh: bool = False
    self_healing: bool = False
    self_healing_auto_confirm: bool = False
    start_sheet: int | None = None
    dry_run: bool = False
    chain_depth: int | None = None
    client_cwd: Path | None = None


class JobMethods:
    """The methods on `jobs`."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.shutting_down = False

    def table(self) -> dict[str, Callable[[Params], Any]]:
        """Return the methods by name."""
        names = ("submit", "status", "pause", "resume", "modify", "cancel", "list", "clear", "errors", "diagnose")
        return {f"job.{name}": getattr(self, name) for name in (*names, "history", "recover")}

    # -- looking ------------------------------------------------------------------------------------------------------

    def list(self, params: Params) -> Any:
        return [job.entry() for job in self.jobs.by_id.values()]

    def status(self, params: Params) -> Any:
        job = self._found(params)
        if job.status == "running" and not job.live:
            job.status = "failed"  # the run goes on
        if job.run is None or (job.status == "queued" and not job.live and not job.is_resume):
            return job.short()
        shown = job.run.shown(job.job_id)
        return shown | {"status": job.status} if job.unreachable else shown

    def errors(self, params: Params) -> Any:
        return {"state": self.status(params)}

    def diagnose(self, params: Params) -> Any:
        return {"state": self.status(params), "workspace": self._found(params).workspace}

    def history(self, params: Params) -> Any:
        job = self._found(params)
        return {"job_id": job.job_id, "records": [], "has_history": job.recovered}

    def recover(self, params: Params) -> Any:
        job = self._found(params)
        job.recovered = True
        raise Refused(-32000, f"No state found for job '{job.job_id}'")

    # -- changing -----------------------------------------------------------------------------------------------------

    def submit(self, params: Params) -> Any:
        request = JobRequest.model_validate(params)
        if self.shutting_down or self.jobs.under_pressure:
            return _reply("", "rejected", "Daemon is shutting down" if self.shutting_down else _PRESSURE)
        path, job_id = request.config_path, request.config_path.stem
        if not path.exists():
            return _reply(job_id, "rejected", f"Config file not found: {path}")
        try:
            workspace = self._workspace(request)
        except (OSError, ValueError, yaml.YAMLError) as error:
            why = "Cannot determine workspace. Fix the config or pass --workspace explicitly."
            return _reply(job_id, "rejected", f"Failed to parse config file: {path} ({error}). {why}")
        if not workspace.parent.is_dir():
            why = "Create the parent directory or change the workspace path."
            return _reply(job_id, "rejected", f"Workspace parent directory does not exist: {workspace.parent}. {why}")
        before = self.jobs.by_id.get(job_id)
        if before is not None and before.status in ACTIVE:
            why = "Use 'mzt pause' or 'mzt cancel' first, or wait for it to finish."
            return _reply(job_id, "rejected", f"Job '{job_id}' is already {before.status}. {why}")
        if not (request.dry_run and Fault.DRY_RUN_RUNS not in self.jobs.faults):
            self._add(request, workspace, before)
        return _reply(job_id, "accepted", "Job queued (concurrency limit: 15)")

    def pause(self, params: Params) -> Any:
        job = self.jobs.by_id.get(params["job_id"])
        if job is None:
            return {"paused": False, "error": f"Job '{params['job_id']}' not found"}
        if job.status != "running":
            return {"paused": False, "error": f"Job '{job.job_id}' is {job.status}, not running"}
        job.put("paused")
        return {"paused": True}

    def resume(self, params: Params) -> Any:
        _check_path(params)
        job_id, job = params["job_id"], self.jobs.by_id.get(params["job_id"])
        if job is None:
            return _reply(job_id, "rejected", f"Score '{job_id}' not found")
        if job.status not in RESUMABLE:
            only = "only PAUSED, PAUSED_AT_CHAIN, FAILED, or CANCELLED scores can be resumed"
            return _reply(job_id, "rejected", f"Score '{job_id}' is {job.status}, {only}")
        return self._go_on(job, params.get("config_path"))

    def modify(self, params: Params) -> Any:
        _check_path(params)
        job_id, path, job = params["job_id"], params.get("config_path"), self.jobs.by_id.get(params["job_id"])
        if not path:
            return _reply(job_id, "rejected", "config_path required")
        if job is None:
            return _reply(job_id, "rejected", f"Job '{job_id}' not found")
        if job.status == "running":
            return self._modify_running(job, path)
        if job.status not in RESUMABLE:
            return _reply(job_id, "rejected", f"Job '{job_id}' is {job.status}, cannot modify")
        return self._go_on(job, path)

    def cancel(self, params: Params) -> Any:
        job = self.jobs.by_id.get(params["job_id"])
        if job is None or job.status in TERMINAL:
            return {"cancelled": False}
        job.put("cancelled")
        job.live, job.starts_in = False, None
        return {"cancelled": True}

    def clear(self, params: Params) -> Any:
        ids, older = params.get("job_ids"), params.get("older_than_seconds")
        statuses = set(TERMINAL if params.get("statuses") is None else params["statuses"])
        if ids is None and statuses and statuses <= ACTIVE and Fault.CLEAR_ACTIVE_WIPES_HISTORY in self.jobs.faults:
            ended = [job for job in self.jobs.by_id.values() if job.status in TERMINAL]
            for job in ended:
                job.stored = False
            return {"deleted": len(ended)}
        chosen = [job for job in self.jobs.by_id.values() if job.status in statuses - ACTIVE]
        if ids is not None:
            chosen = [job for job in chosen if job.job_id in ids]
        if older is not None:
            now = time.time()
            chosen = [job for job in chosen if not now - job.submitted_at < older]
        for job in chosen:
            del self.jobs.by_id[job.job_id]
        return {"deleted": len(chosen)}

    # -- parts --------------------------------------------------------------------------------------------------------

    def _found(self, params: Params) -> Job:
        _check_path(params)
        job = self.jobs.by_id.get(params["job_id"])
        if job is None:
            raise Refused(-32000, f"Job '{params['job_id']}' not found")
        return job

    def _workspace(self, request: JobRequest) -> Path:
        """Return where a run works; its score is read only when it says that."""
        if request.workspace is not None and Fault.OVERRIDE_SKIPS_CHECK in self.jobs.faults:
            return (request.client_cwd or Path()) / request.workspace
        place = load(request.config_path).place(request.config_path)
        return place if request.workspace is None else (request.client_cwd or Path()) / request.workspace

    def _add(self, request: JobRequest, workspace: Path, before: Job | None) -> None:
        job = Job(request.config_path.stem, str(request.config_path), str(workspace), healing=request.self_healing)
        job.chain_depth = request.chain_depth
        if before is not None:
            self.jobs.leaked += before.status == "paused" and Fault.LEAKS_SLOT in self.jobs.faults
            job.run, job.live = before.run, before.live
            job.unreachable = before.cleanup_due and Fault.RESUBMIT_RACE in self.jobs.faults
        self.jobs.by_id[job.job_id] = job
        self.jobs.queue(job, is_resume=False)

    def _go_on(self, job: Job, path: Any) -> Any:
        if path and Fault.BAD_CHANGE_FAILS_JOB not in self.jobs.faults:
            try:
                load(Path(path))
            except (OSError, ValueError, yaml.YAMLError) as error:
                return _reply(job.job_id, "rejected", f"Failed to parse config file: {path} ({error}).")
        job.config_path = path or job.config_path
        self.jobs.queue(job, is_resume=True)
        return _reply(job.job_id, "accepted", "Job resume queued")

    def _modify_running(self, job: Job, path: str) -> Any:
        if Fault.MODIFY_OF_RUNNING_LOSES_JOB in self.jobs.faults and job.run is not None:
            job.put("cancelled")
            job.live, job.run.lost = False, True
        else:
            job.config_path = path
            self.jobs.queue(job, is_resume=True)
        return _reply(job.job_id, "accepted", f"Pause signal sent. Will resume with {Path(path).name} when paused.")


def _reply(job_id: Any, status: str, message: str) -> dict[str, Any]:
    return {"job_id": job_id, "status": status, "message": message}


def _check_path(params: Params) -> None:
    """See that a workspace, which is not used, is a path."""
    found = params.get("workspace")
    if found and not isinstance(found, str):
        raise TypeError(_NOT_A_PATH.format(type(found).__name__))
