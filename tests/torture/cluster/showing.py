"""A campaign whose conductors have a planted fault, and what shows it in each round, on a slow machine too: nothing is left to luck."""

import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from podium.settings import Settings
from tests.support.engines import child_env
from tests.support.podium_home import Conductor, until
from tests.torture.clients import Client
from tests.torture.cluster.bringing import Deed
from tests.torture.cluster.campaign import ClusterCampaign
from tests.torture.cluster.plans import Round, quiet_round

BROUGHT_SECONDS = 60.0  # for a job to be where it shows the fault


class Shown(NamedTuple):
    """What shows a fault: what is done with a job, and for how long its sheet runs if nobody ends it."""

    deed: Deed
    seconds: int


SHOWN: Mapping[str, Shown] = {
    "ignores-exits": Shown("await", 1),
    "forgets-claims": Shown("pause", 60),
    "suspends-nothing": Shown("pause", 60),
}
"""What shows each of the faults of `planted`. A sheet that has to run when it is looked at does so for longer than a slow machine
takes from one conductor to the next.
"""


class PlantedConductor(Conductor):
    """A conductor with a planted fault."""

    fault = ""

    def command(self) -> list[str]:
        """Return the command that runs it."""
        return [sys.executable, "-m", "tests.torture.cluster.planted", self.fault, *self._words()]

    def environment(self) -> dict[str, str]:
        """Return an environment in which it finds the fault."""
        return {**child_env(), **super().environment()}


@dataclass
class PlantedCampaign(ClusterCampaign):
    """Quiet rounds with a client that has the cluster for itself; each goes on until its job shows the fault that is there."""

    plant: str = ""

    def __post_init__(self) -> None:
        self.shown = SHOWN[self.plant]
        self.brought = threading.Event()
        super().__post_init__()
        self.conductor = PlantedConductor(self.conductor.settings)
        self.conductor.fault = self.plant

    def _settings(self) -> Settings:
        settings = super()._settings()
        holds = settings.hold_running or self.shown.deed == "pause"
        return settings.model_copy(update={"hold_running": holds})

    def _plan(self, random: Random) -> Round:
        return quiet_round(random)

    def _clients(self, random: Random) -> list[Client]:
        self.brought.clear()
        bringer = self._bringer(super()._clients(random).pop(), (self.shown.deed,))
        return [replace(bringer, brought=self.brought, seconds=self.shown.seconds)]

    def _await_use(self) -> None:
        with suppress(AssertionError):
            until(self.brought.is_set, seconds=BROUGHT_SECONDS)
