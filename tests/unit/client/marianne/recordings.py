"""A Marianne conductor as it was recorded: its answers, states and quirks, in memory behind a real socket."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from podium.wire.dispatcher import Handler, Peer
from podium.wire.errors import RpcFault

RECORDED = Path(__file__).parent / "recorded"
SCORE = "name: Release audit\nsheet: {size: 1, total_items: 1}\nprompt: {}\n"
RESUMABLE = {"paused", "failed", "cancelled"}


def recorded(name: str) -> dict[str, Any]:
    """Return a status object as that conductor sent it."""
    state: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return state


class FakeMarianne:
    """Jobs by id; a submitted job runs at once and goes on until a test says otherwise."""

    def __init__(self, workspace: str = "/ws") -> None:
        self.workspace = workspace
        self.jobs: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.status_objects: dict[str, dict[str, Any]] = {}
        self.after_resume = "running"
        self.loses_resumes = False

    def add(self, job_id: str, status: str) -> dict[str, Any]:
        """Put a job into its list."""
        self.jobs[job_id] = {
            "job_id": job_id,
            "status": status,
            "config_path": f"/scores/{job_id}.yaml",
            "workspace": self.workspace,
            "submitted_at": time.time(),
            "started_at": None,
        }
        return self.jobs[job_id]

    def recall(self, job_id: str, status: str, name: str) -> dict[str, Any]:
        """Put a job into its list whose status object was recorded, as it was listed then."""
        state = self.status_objects[job_id] = recorded(name) | {"job_id": job_id}
        began = datetime.fromisoformat(state["created_at"]).timestamp()
        job = self.add(job_id, status)
        job.update(submitted_at=began - 0.01, started_at=began, job_name=state["job_name"])
        if status in {"running", "paused"}:
            job.update(progress_completed=state["last_completed_sheet"], progress_total=state["total_sheets"])
        return job

    def handlers(self) -> dict[str, Handler]:
        """Return its methods; each call is noted."""
        methods = ("submit", "status", "pause", "resume", "modify", "cancel", "list", "clear")
        found: dict[str, Handler] = {f"job.{name}": self._noted(f"job.{name}", name) for name in methods}
        found["daemon.ready"] = self._noted("daemon.ready", "ready")
        return found

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of all calls of a method."""
        return [params for name, params in self.calls if name == method]

    def _noted(self, method: str, name: str) -> Handler:
        async def handle(params: dict[str, Any], peer: Peer) -> Any:
            self.calls.append((method, params))
            return getattr(self, name)(params)

        return handle

    def _found(self, params: dict[str, Any]) -> dict[str, Any]:
        job = self.jobs.get(params["job_id"])
        if job is None:
            raise RpcFault(-32000, f"Job '{params['job_id']}' not found")
        return job

    def submit(self, params: dict[str, Any]) -> dict[str, Any]:
        path = Path(params["config_path"])
        if not path.is_file():
            return {"job_id": path.stem, "status": "rejected", "message": f"Config file not found: {path}"}
        if self.jobs.get(path.stem, {}).get("status") in {"queued", "running"}:
            message = f"Job '{path.stem}' is already running"
            return {"job_id": path.stem, "status": "rejected", "message": message}
        job = self.add(path.stem, "running") | {"progress_completed": 0, "progress_total": 3}
        self.jobs[path.stem] = {**job, "config_path": str(path)}
        return {"job_id": path.stem, "status": "accepted", "message": "Job queued (concurrency limit: 15)"}

    def status(self, params: dict[str, Any]) -> dict[str, Any]:
        job = self._found(params)
        return self.status_objects.get(job["job_id"], job)

    def pause(self, params: dict[str, Any]) -> dict[str, Any]:
        job = self.jobs.get(params["job_id"])
        if job is None:
            return {"paused": False, "error": f"Job '{params['job_id']}' not found"}
        if job["status"] != "running":
            return {"paused": False, "error": f"Job '{job['job_id']}' is {job['status']}, not running"}
        job["status"] = "paused"
        return {"paused": True}

    def resume(self, params: dict[str, Any]) -> dict[str, Any]:
        job = self.jobs[params["job_id"]]
        if job["status"] not in RESUMABLE:
            message = f"Score '{job['job_id']}' is {job['status']}, only PAUSED scores can be resumed"
            return {"job_id": job["job_id"], "status": "rejected", "message": message}
        if not self.loses_resumes:
            job.update(status=self.after_resume, started_at=time.time())
            job.update({"config_path": params["config_path"]} if "config_path" in params else {})
        return {"job_id": job["job_id"], "status": "accepted", "message": "Job resume queued"}

    def modify(self, params: dict[str, Any]) -> dict[str, Any]:
        return self.resume(params)

    def cancel(self, params: dict[str, Any]) -> dict[str, Any]:
        job = self.jobs.get(params["job_id"])
        if job is None or job["status"] in {"completed", "failed", "cancelled"}:
            return {"cancelled": False}
        job["status"] = "cancelled"
        return {"cancelled": True}

    def list(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.jobs.values())

    def clear(self, params: dict[str, Any]) -> dict[str, Any]:
        ids = [each for each in params["job_ids"] if self.jobs.get(each, {}).get("status") in {"completed", "failed"}]
        for job_id in ids:
            del self.jobs[job_id]
        return {"deleted": len(ids)}

    def ready(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"status": "ready", "accepting_work": True, "shutting_down": False}
