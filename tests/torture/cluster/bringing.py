"""A client that brings the conductor to a point that others hardly bring it to: it ends or holds what is on a node, or in the queue."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from podium.lane.place import CONDUCTOR
from tests.torture.clients import Client, Down
from tests.torture.cluster.ground import Ground
from tests.torture.cluster.scores import standing
from tests.torture.history import Kind

BROUGHT: Mapping[str, bool] = {
    "before_ask": False,
    "after_ask": False,
    "before_claim": True,
    "after_claim": True,
    "before_scancel": True,
    "after_scancel": True,
    "after_close": True,
}
"""Points, and whether what is cancelled, or suspended, waits in the queue then; else it runs on a node."""
LOOK_SECONDS = 0.1


@dataclass
class Bringer(Client):
    """One of the clients, in rounds in which the conductor is to die at one of these points."""

    ground: Ground | None = None
    waits: bool = False
    deeds: tuple[Kind, ...] = ("cancel",)

    def work(self, stop: threading.Event) -> None:
        """Submit a job, and cancel or pause it when it is where it should be, again and again until told to stop."""
        while not stop.is_set():
            with suppress(Down):
                op = self.submit()
                while op.outcome == "acknowledged" and not self._is_there(op.job_id):
                    if stop.wait(LOOK_SECONDS):
                        return
                if op.outcome == "acknowledged":
                    self._change(self.random.choice(self.deeds), op.job_id)
            stop.wait(LOOK_SECONDS)

    def _score(self) -> dict[str, Any]:
        params = super()._score()
        while "sheets:" not in params["config_content"]:
            params = super()._score()
        tokens = self.folder / "tokens"
        return {**params, "config_content": standing(params["config_content"], tokens, waits=self.waits)}

    def _is_there(self, job_id: str) -> bool:
        assert self.ground is not None
        if self.waits:
            return any(each.job_id == job_id for each in self.ground.lanes("PD"))
        mine = (each for each in self.ground.attempts() if each.job_id == job_id)
        return any(each.lane not in {"", CONDUCTOR} for each in mine)
