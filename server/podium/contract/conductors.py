"""Views of the conductor itself, and of the processes that work for it."""

from typing import Literal

from pydantic import AliasChoices, Field

from podium.contract.view import View


class ProcessView(View):
    """A process that works for the conductor. `last_death` says when it, or a worker of it, died last, how, and at what."""

    role: str  # keeper, guard or reader
    pid: int | None = None  # None: it does not run now, as nothing needs it
    version: str = ""  # of the program that it runs
    restarts: int = 0  # how often it was started again
    last_death: str = ""  # when it died last, how, and at what
    note: str = ""  # what is unusual about it

    @property
    def line(self) -> str:
        """All of it in one line."""
        parts = [
            f"pid {self.pid}" if self.pid is not None else "not running now",
            f"version {self.version}",
            f"restarts: {self.restarts}",
            *([f"last death: {self.last_death}"] if self.last_death else []),
            *([self.note] if self.note else []),
        ]
        return f"{self.role}: {', '.join(parts)}"


class ConductorView(View):
    """Which conductor answers, what it can do, and how busy it is."""

    product: str  # which program it is: podium, or marianne
    version: str  # of the program
    protocol: str = ""  # of the wire, "" from Marianne
    home_id: str = ""  # drawn when its store was made; cursors begin with it
    pid: int  # of the conductor
    uptime_seconds: float  # since it was started
    running_jobs: int = 0  # jobs whose status is running
    queued_jobs: int = 0  # jobs that wait for a place to run
    jobs_total: int = 0  # how many jobs it knows, ended ones too
    engines: list[str] = Field(default_factory=list)  # where sheets run, with how many attempts, and if it works
    running_sheets: int = 0  # sheets that run now on its own machine
    cluster_sheets: int = 0  # sheets that it has on a cluster, in its queue too
    max_sheets: int = 0  # at most so many sheets run at once on its own machine, of all jobs
    resources: str = ""  # what of CPUs, memory and GPUs is in use, while a sheet asks for some
    memory_mb: float = Field(  # of the conductor's own process, in MiB
        default=0.0, validation_alias=AliasChoices("memory_mb", "memory_usage_mb")
    )
    accepting_work: bool = True  # false while it is stopping
    socket: str = ""  # where it listens
    features: list[str] = Field(default_factory=list)  # what it can do beyond the common protocol
    missing: list[str] = Field(default_factory=list)  # tools that this conductor cannot support
    instruments: list[str] = Field(default_factory=list)  # programs that can play sheets and are installed
    limits: dict[str, int | float] = Field(default_factory=dict)  # of what jobs may use, by the setting's name
    not_available: list[str] = Field(default_factory=list)  # what it does not do that one might expect
    survives_restart: str = ""  # what becomes of running sheets when it is started anew
    processes: list[ProcessView] = Field(default_factory=list)  # those that work for it
    containment: Literal["", "cgroup", "environment"] = ""  # how the processes of a sheet are kept together
    store_trouble: str = ""  # why the conductor's state cannot be written now, and since when

    @property
    def beside(self) -> str:
        """What is to be said behind the number of running sheets, which counts its own machine, if it has others on a cluster."""
        return f" here, {self.cluster_sheets} on a cluster" if self.cluster_sheets else ""
