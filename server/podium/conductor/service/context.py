"""What handlers work with: the parts of the conductor in one place."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from podium.conductor.attempts.launcher import Launcher
from podium.conductor.attempts.values import Values
from podium.conductor.clock import Timekeeper
from podium.conductor.engines.several import Engines
from podium.conductor.plans.compiling import Compiler
from podium.conductor.reading.reader import Reader
from podium.conductor.store.store import Store
from podium.conductor.supervisor.changes import Changes
from podium.conductor.supervisor.events import EventHub
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.supervisor import Supervisor
from podium.conductor.views.jobs import JobViews
from podium.conductor.views.queries import Queries
from podium.conductor.views.sheets import SheetViews
from podium.home import Home
from podium.instruments.profile import Profile
from podium.settings import Settings


@dataclass
class Context:
    """The parts of a running conductor."""

    settings: Settings
    home: Home
    store: Store
    timekeeper: Timekeeper
    loader: Loader
    supervisor: Supervisor
    changes: Changes
    launcher: Launcher
    values: Values
    engines: Engines
    keepers: Callable[[], list[dict[str, Any]]]  # what there is to say about each keeper and guard
    profiles: dict[str, Profile]
    reader: Reader
    compiler: Compiler
    hub: EventHub
    queries: Queries
    views: JobViews
    sheet_views: SheetViews
    shut_down: Callable[[bool], None]  # argument: also end the running sheets
    began: float = field(default_factory=time.monotonic)
    shutting_down: bool = False
    watching: int = 0  # calls of `job.watch`

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the conductor began."""
        return round(time.monotonic() - self.began, 3)
