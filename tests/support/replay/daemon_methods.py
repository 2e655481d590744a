"""The methods about the conductor itself; their results have the members that were recorded."""

import copy
import time
from collections.abc import Callable
from typing import Any

from tests.support.replay.job_methods import Params, Refused
from tests.support.replay.jobs import Jobs
from tests.support.replay.runs import SHAPES

# More than any process has: whoever signals the process that a conductor names must not hit one of this machine.
PID = 1 << 22 | 1
_AT_HOME = "$HOME/.marianne/monitor.jsonl"


class DaemonMethods:
    """The methods on the process and its load. `top` knows the processes that a test names."""

    def __init__(self, jobs: Jobs, shut_down: Callable[[bool], None]) -> None:
        self.jobs = jobs
        self.shutting_down = False
        self.processes: list[dict[str, Any]] = []
        self.limited: set[str] = set()  # instruments
        self._shut_down = shut_down
        self._began = time.time()

    def table(self) -> dict[str, Callable[[Params], Any]]:
        """Return the methods by name, but for the stream of events."""
        return {
            "daemon.status": self.status,
            "daemon.health": self.health,
            "daemon.ready": self.ready,
            "daemon.config": lambda params: copy.deepcopy(SHAPES["daemon.config"]),
            "daemon.shutdown": self.shutdown,
            "daemon.top": self.top,
            "daemon.top.stream": lambda params: {"jsonl_path": _AT_HOME},
            "daemon.events": lambda params: {"events": _last([], params.get("limit", 50))},
            "daemon.observer_events": lambda params: {"events": []},
            "daemon.rate_limits": lambda params: {"backends": {}, "active_limits": 0, "recent_events_count": 0},
            "daemon.clear_rate_limits": self.clear_rate_limits,
            "daemon.learning.patterns": self.patterns,
        }

    @property
    def running(self) -> int:
        """How many jobs run."""
        return sum(job.status == "running" for job in self.jobs.by_id.values())

    def status(self, params: Params) -> Any:
        found = {"running_jobs": self.running, "total_jobs_active": self.running}
        return {**SHAPES["daemon.status"], **self._process(), **found}

    def health(self, params: Params) -> Any:
        return {**SHAPES["daemon.health"], **self._process(), "shutting_down": self.shutting_down}

    def ready(self, params: Params) -> Any:
        uptime = self._process()["uptime_seconds"]
        found = {**SHAPES["daemon.ready"], "running_jobs": self.running, "uptime_seconds": uptime}
        accepting = not (self.shutting_down or self.jobs.under_pressure)
        return found | {
            "status": "ready" if accepting else "not_ready",
            "accepting_work": accepting,
            "shutting_down": self.shutting_down,
        }

    def top(self, params: Params) -> Any:
        live = [job for job in self.jobs.by_id.values() if job.status == "running"]
        progress = [{"job_id": job.job_id} for job in live]
        found = {"timestamp": time.time(), "daemon_pid": PID, "running_jobs": len(live)}
        return {**SHAPES["daemon.top"], **found, "processes": list(self.processes), "job_progress": progress}

    def shutdown(self, params: Params) -> Any:
        self._shut_down(bool(params.get("graceful", True)))
        return {"shutting_down": True}

    def clear_rate_limits(self, params: Params) -> Any:
        instrument = params.get("instrument")
        cleared = {each for each in self.limited if instrument is None or each == instrument}
        self.limited -= cleared
        return {"cleared": len(cleared), "instrument": instrument}

    def patterns(self, params: Params) -> Any:
        if not isinstance(params.get("limit", 20), int):
            raise Refused(-32603, "Internal error: datatype mismatch")
        return {"patterns": []}

    def _process(self) -> dict[str, Any]:
        return {"pid": PID, "uptime_seconds": round(time.time() - self._began, 1)}


def _last(found: list[Any], limit: Any) -> list[Any]:
    return found[-limit:]
