"""A Marianne conductor for tests, without the original: its wire, its methods, its states, its faults.

Nothing moves by itself. A test says which sheet ends and how; each request lets one moment pass, in which what was queued
begins. The state of a job can also be set, to be there without its history.
"""

import socket
import threading
import time
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.replay.daemon_methods import DaemonMethods
from tests.support.replay.faults import REAL, Fault, WireFault
from tests.support.replay.job_methods import JobMethods, Refused
from tests.support.replay.jobs import Jobs
from tests.support.replay.placing import JobHandle, place
from tests.support.replay.wire import Server

SCORE = """\
name: {name}
instrument: cli
workspace: {workspace}
pause_between_sheets_seconds: 0
sheet: {{size: 1, total_items: {sheets}{order}}}
prompt: {{template: "true"}}
"""


class ReplayConductor:
    """A conductor at `folder/marianne.sock`, with `faults`; a set, which a test may change while it runs."""

    def __init__(self, folder: Path, faults: Set[Fault] = REAL) -> None:
        self.folder = folder
        self.faults = set(faults)
        self.path = folder / "marianne.sock"
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.ended = threading.Event()
        self._lock = threading.RLock()
        self.jobs = Jobs(self.faults, self._tell)
        for name in ("ws", "scores"):
            (folder / name).mkdir(exist_ok=True)
        self._start()

    # -- what a test does with it -------------------------------------------------------------------------------------

    def score(self, name: str, sheets: int = 3, order: dict[int, list[int]] | None = None) -> Path:
        """Write a score and return its path, whose stem is its job's id; without an order each sheet waits for the one before."""
        rules = f", dependencies: {order}" if order else ""
        path = self.folder / "scores" / f"{name}.yaml"
        path.write_text(SCORE.format(name=name, sheets=sheets, order=rules, workspace=self.folder / "ws" / name))
        return path

    def put(self, job_id: str, state: str, sheets: int = 3, order: dict[int, list[int]] | None = None) -> "JobHandle":
        """Have a job in a state, as `placing` names them, with a score that can be read."""
        with self._lock:
            place(self.jobs, job_id, self.score(job_id, sheets, order), state)
        return self.job(job_id)

    def job(self, job_id: str) -> "JobHandle":
        """Return what a test can do with a job."""
        return JobHandle(self.jobs, job_id, self._lock)

    def clear(self) -> None:
        """Have no jobs any more."""
        with self._lock:
            self.jobs.by_id.clear()

    def settle(self) -> None:
        """Let time pass until nothing more happens unless a sheet ends."""
        with self._lock:
            self.jobs.settle()

    def connect(self, data: bytes = b"") -> socket.socket:
        """Return a connection to it, on which this was sent."""
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(20)
        peer.connect(str(self.path))
        peer.sendall(data)
        return peer

    def asked(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of all calls of a method."""
        return [params for name, params in self.calls if name == method]

    @contextmanager
    def spoiled(self, method: str, how: WireFault) -> Iterator[None]:
        """Let the replies of a method go wrong while the block runs."""
        self.server.wire_faults[method] = how
        try:
            yield
        finally:
            del self.server.wire_faults[method]
            self.server.released.set()

    # -- its end and its return ---------------------------------------------------------------------------------------

    def crash(self) -> None:
        """End as by `kill -9`, and be there again: what the new process makes of the jobs."""
        self.server.close(socket.SHUT_RDWR)
        with self._lock:
            self.jobs.crash()
        self._start()

    def time_out_shutdown(self) -> None:
        """Let the time of a shutdown be over: what still runs, or is paused, is cancelled, and the process ends when it can."""
        with self._lock:
            left = {"running", "queued"} | ({"paused"} if Fault.SHUTDOWN_CANCELS_PAUSED in self.faults else set())
            for job in [job for job in self.jobs.by_id.values() if job.status in left]:
                job.put("cancelled")
                job.live = False
        threading.Thread(target=self._end, daemon=True).start()

    def close(self) -> None:
        """End at once."""
        self.server.close()
        self.ended.set()

    # -- parts --------------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._about_jobs = JobMethods(self.jobs)
        self.daemon = DaemonMethods(self.jobs, self._shut_down)
        self._methods = self._about_jobs.table() | self.daemon.table()
        self.server = Server(self.path, self._handle, self.faults)

    def _handle(self, method: str, params: dict[str, Any]) -> Any:
        with self._lock:
            self.calls.append((method, params))
            if method not in self._methods:
                raise Refused(-32601, f"Method not found: {method}", {"method": method})
            self.jobs.step()
            return self._methods[method](params)

    def _shut_down(self, graceful: bool) -> None:
        self.daemon.shutting_down = self._about_jobs.shutting_down = True
        busy = any(job.status in {"running", "paused"} for job in self.jobs.by_id.values())
        if not (graceful and busy):
            self.time_out_shutdown()

    def _end(self) -> None:
        if Fault.SHUTDOWN_WAITS_FOR_CLIENTS not in self.faults or self.server.alone(60):
            self.close()

    def _tell(self, job_id: str, event: str, data: dict[str, Any]) -> None:
        self.server.emit({"job_id": job_id, "sheet_num": 0, "event": event, "data": data, "timestamp": time.time()})


@contextmanager
def replay(folder: Path, faults: Set[Fault] = REAL) -> Iterator[ReplayConductor]:
    """Run a conductor in a folder with a short path."""
    conductor = ReplayConductor(folder, faults)
    try:
        yield conductor
    finally:
        conductor.close()
