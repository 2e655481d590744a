"""What the handlers work with: the conductor's parts in one place."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from podium.conductor.attempts.launcher import Attempts
from podium.conductor.engines.port import Engine
from podium.conductor.housekeeping.removal import Removals
from podium.conductor.instruments.profile import Profile
from podium.conductor.plans.compiling import Compiler
from podium.conductor.service.locks import KeyedLocks
from podium.conductor.store.store import Store
from podium.conductor.supervisor.events import EventHub
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.supervisor import Supervisor
from podium.conductor.views.jobs import Views
from podium.conductor.views.queries import Queries
from podium.conductor.views.sheets import SheetViews
from podium.settings import Settings


@dataclass
class Context:
    """The parts of a running conductor."""

    settings: Settings
    store: Store
    loader: Loader
    supervisor: Supervisor
    attempts: Attempts
    engine: Engine
    profiles: dict[str, Profile]
    compiler: Compiler
    hub: EventHub
    queries: Queries
    views: Views
    sheet_views: SheetViews
    removals: Removals
    shut_down: Callable[[bool], None]  # argument: also end the running sheets
    locks: KeyedLocks = field(default_factory=KeyedLocks)
    began: float = field(default_factory=time.monotonic)
    shutting_down: bool = False

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the conductor began."""
        return round(time.monotonic() - self.began, 3)
