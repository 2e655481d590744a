"""A submit host of a cluster, real or played: a home with a conductor whose sheets go there."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.jobs import check_history, submit, until
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as until_so
from tests.support.slurm.lab import PATH, Lab
from tests.support.slurm.stand_in.playing import StandIn
from tests.support.ticking import TICK, goes_on, stands_still

COUNTS = f"echo $$ >>pids; while [ ! -e go ]; do {TICK}; done"
SOON = 20.0  # for what would else wait for hours


class Site:
    """A submit host. Its jobs work in `workspace`."""

    def __init__(self, cluster: Lab | StandIn, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
        monkeypatch.setenv("PATH", cluster.search_path if isinstance(cluster, StandIn) else PATH)
        self.cluster, self.folder, self.workspace = cluster, folder, folder / "work"
        self.workspace.mkdir()
        self.conductor: Conductor

    def start(self, **settings: Any) -> Conductor:
        """Start its conductor."""
        self.conductor = Conductor(
            make_home(
                self.folder,
                engine="slurm",
                slurm_folder=self.folder / "shared",
                slurm_python=sys.executable,
                grace_seconds=2.0,
                **settings,
            )
        )
        return self.conductor.start()

    def begin(self, *runs: str, more: str = "") -> str:
        """Submit a job of independent sheets, and return its id."""
        sheets = "".join(f'  - {{name: s{num}, needs: [], run: "{run}"{more}}}\n' for num, run in enumerate(runs, 1))
        return submit(self.conductor, f"name: job\nworkspace: {self.workspace}\nsheets:\n{sheets}")

    def ask(self, method: str, job_id: str, **params: Any) -> Any:
        """Ask something of a job."""
        return ask(self.conductor.settings.socket, f"job.{method}", {"job_id": job_id, **params})

    def lanes(self) -> dict[str, str]:
        """Return the states of all Slurm jobs that have not ended."""
        if isinstance(self.cluster, StandIn):
            return self.cluster.jobs()
        return dict(line.split() for line in self.cluster.jobs("%i %T"))

    def until_no_lanes(self) -> None:
        """Wait until the cluster has nothing of ours."""
        until_so(lambda: not self.lanes(), seconds=2 * SOON)

    def until_soon(self, job_id: str, status: str) -> None:
        """Wait until a job has this status, for no longer than it takes if nothing in the queue is waited for."""
        until_so(lambda: self.view(job_id)["status"] == status, seconds=SOON)

    def view(self, job_id: str) -> dict[str, Any]:
        """Return a job's view."""
        found: dict[str, Any] = self.ask("status", job_id, sheets=False)["podium"]
        return found

    def until_queued(self, job_id: str, count: int) -> None:
        """Wait until so many of a job's sheets wait in the queue."""
        until_so(lambda: "PENDING" in self.lanes().values())
        until_so(lambda: self.view(job_id)["running_since"].count("") >= count)

    def shared(self, *parts: str) -> list[Path]:
        """Return what is in a folder of the shared one."""
        return [path for root in (self.folder / "shared").iterdir() for path in root.joinpath(*parts).glob("*")]

    def held(self) -> str:
        """Return a job of one counter that is suspended."""
        job_id = self.begin(COUNTS, more=", timeout_seconds: 1000")
        goes_on(self.workspace)
        self.ask("pause", job_id)
        assert until(self.conductor, job_id, "paused")["suspended"] == ["s1"]
        stands_still(self.workspace)
        return job_id

    @property
    def pid(self) -> int:
        """The process of the counter."""
        return int((self.workspace / "pids").read_text())

    def finish(self, job_id: str) -> None:
        """Let the counter end, and see that it was one process all the time."""
        (self.workspace / "go").touch()
        assert until(self.conductor, job_id, "completed", "failed")["status"] == "completed"
        assert len((self.workspace / "pids").read_text().split()) == 1
        check_history(self.conductor, job_id)

    def nothing_is_left(self) -> None:
        """See that nothing of any job is in the queue, on a node, or in the shared folder."""
        self.until_no_lanes()
        until_so(lambda: not any(map(self.cluster.leftovers, self.cluster.nodes)))
        until_so(lambda: not self.shared("pools") and not self.shared("jobs"), seconds=2 * SOON)
