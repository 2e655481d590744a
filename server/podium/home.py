"""Every name inside a home, the folder that holds the state of one conductor."""

import os
from dataclasses import dataclass
from pathlib import Path

DATABASE = "podium.db"
ACKNOWLEDGED = f"{DATABASE}-acked"
LOCK = "conductor.lock"
LOG = "conductor.log"
SOCKET = "podium.sock"
SCORES = "foreign-scores"  # inline scores, kept for a conductor that takes files only
KEY_FILE = "task.key"  # signs the ids of tasks
SOCKET_RECORD = "socket.json"  # where the conductor listens
ELSEWHERE = "elsewhere.json"  # in the default home: where the home or the settings are instead
CLUSTER_RECORD = "cluster-made"  # a link to what was made for this home in the folder of a cluster
FILES = frozenset(
    {ACKNOWLEDGED, LOCK, LOG, KEY_FILE, SOCKET_RECORD, ELSEWHERE}
    | {f"{DATABASE}{end}" for end in ("", "-wal", "-shm", "-journal")}
)
"""The names that are regular files of ours."""


@dataclass(frozen=True)
class Home:
    """The places in a home. Nothing is looked at or made here."""

    folder: Path

    @property
    def log(self) -> Path:
        """The log of a conductor in the background."""
        return self.folder / LOG

    @property
    def keepers(self) -> Path:
        """The folders of the keepers, one for each."""
        return self.folder / "keepers"

    @property
    def folders(self) -> frozenset[Path]:
        """The folders of ours."""
        return frozenset({self.keepers, self.workspaces, self.cluster, self.folder / "jobs", self.folder / SCORES})

    @property
    def cluster(self) -> Path:
        """Where what belongs to sheets on a cluster is, unless the settings name another folder."""
        return self.folder / "cluster"

    @property
    def cluster_record(self) -> Path:
        """A link to what was made for this home in the folder that it shares with the nodes of a cluster."""
        return self.folder / CLUSTER_RECORD

    @property
    def workspaces(self) -> Path:
        """The workspaces of jobs whose score names none."""
        return self.folder / "workspaces"

    @property
    def installed(self) -> Path:
        """In the default home: a mark for each file and folder of a client that `podium install` made."""
        return self.folder / "installed"

    def workspace(self, job_id: str) -> Path:
        """The workspace of a job whose score names none."""
        return Path(f"{self.folder}/workspaces/{job_id}")  # made for each job: one step costs a third of three

    @property
    def passed_values(self) -> Path:
        """The values of environment variables that came with starts, a file for each job that has some."""
        return self.folder / "passed-values"

    def passed(self, job_id: str) -> Path:
        """The file with the values that came with the start of a job."""
        return self.passed_values / f"{job_id}.json"

    def job(self, job_id: str) -> Path:
        """The folder with the attempts of a job."""
        return Path(f"{self.folder}/jobs/{job_id}")

    def notification(self, notification_id: str, kind: str) -> Path:
        """The folder of a command that tells of a job's end: its script, the facts that it gets, and the end of its output."""
        job_id, _, number = notification_id.rpartition(".")
        return Path(f"{self.folder}/jobs/{job_id}/{kind}-{number}")

    def attempt(self, job_id: str, serial: int) -> Path:
        """The folder of one attempt: its script and its output."""
        return Path(f"{self.folder}/jobs/{job_id}/{serial}")


def is_away(record: Path, path: Path) -> bool:
    """Return whether a path lies in a folder that was made for this home on a cluster, and that is not there: it is not mounted,
    or was removed. `record` tells what was made.
    """
    try:
        root = Path(os.readlink(record))  # noqa: PTH115
    except OSError:
        return False
    return root in (path, *path.parents) and not os.path.isdir(root / "jobs")  # noqa: PTH112


def shared_workspaces(cluster: Path, mark: str) -> Path:
    """The workspaces of jobs that run on a cluster and whose score names none. `mark` is that of the home, which may be one of
    several that use this folder.
    """
    return cluster / mark / "workspaces"
