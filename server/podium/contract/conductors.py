"""Views of the conductor itself, and of the processes that work for it."""

from typing import Literal

from pydantic import AliasChoices, Field

from podium.contract.view import View


class ProcessView(View):
    """A process that works for the conductor. `last_death` says when it, or a worker of it, died last, how, and at what."""

    role: str
    pid: int | None = None  # None: it does not run now, as nothing needs it
    version: str = ""
    restarts: int = 0
    last_death: str = ""
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

    product: str
    version: str
    protocol: str = ""
    home_id: str = ""
    pid: int
    uptime_seconds: float
    running_jobs: int = 0
    queued_jobs: int = 0
    jobs_total: int = 0
    running_sheets: int = 0
    max_sheets: int = 0
    memory_mb: float = Field(default=0.0, validation_alias=AliasChoices("memory_mb", "memory_usage_mb"))
    accepting_work: bool = True
    socket: str = ""
    features: list[str] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=list)  # tools that this conductor cannot support
    instruments: list[str] = Field(default_factory=list)
    limits: dict[str, int | float] = Field(default_factory=dict)  # of what jobs may use, by the setting's name
    not_available: list[str] = Field(default_factory=list)
    survives_restart: str = ""
    processes: list[ProcessView] = Field(default_factory=list)
    containment: Literal["", "cgroup", "environment"] = ""  # how the processes of a sheet are kept together
    store_trouble: str = ""  # why the conductor's state cannot be written now, and since when
