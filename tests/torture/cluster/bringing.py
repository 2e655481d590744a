"""A client that brings about what others hardly do: its job stands on a node, or in the queue, and then something is done with it."""

import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from podium.contract.states import TERMINAL
from tests.torture.clients import Client, Down
from tests.torture.cluster.ground import Ground
from tests.torture.cluster.scores import standing

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
STAND_SECONDS = 9
Deed = Literal["pause", "cancel", "await"]
AFTER: Mapping[Deed, Collection[str]] = {"pause": {"paused"}, "await": TERMINAL}
"""The states of a job that are waited for then."""


@dataclass
class Bringer(Client):
    """One of the clients, in rounds in which something is to be brought about. It sets `brought` once it is."""

    ground: Ground | None = None
    brought: threading.Event = field(default_factory=threading.Event)
    deeds: tuple[Deed, ...] = ("cancel",)
    waits: bool = False
    seconds: int = STAND_SECONDS

    def work(self, stop: threading.Event) -> None:
        """Submit a job, and do something with it when it is where it should be, again and again until told to stop."""
        while not stop.is_set():
            with suppress(Down):
                op = self.submit()
                if op.outcome == "acknowledged":
                    self._bring(op.job_id, self.random.choice(self.deeds), stop)
            stop.wait(LOOK_SECONDS)

    def _bring(self, job_id: str, deed: Deed, stop: threading.Event) -> None:
        while not self._is_there(job_id):
            if stop.wait(LOOK_SECONDS):
                return
        if deed == "pause" or deed == "cancel":
            self._change(deed, job_id)
        if deed in AFTER and self._becomes(job_id, AFTER[deed], stop):
            self.brought.set()

    def _becomes(self, job_id: str, wanted: Collection[str], stop: threading.Event) -> bool:
        """Wait until a job has one of these states; return False if it ends before that."""
        while (status := self._status(job_id)) not in {*wanted, *TERMINAL}:
            if stop.wait(LOOK_SECONDS):
                return False
        return status in wanted

    def _score(self) -> dict[str, Any]:
        params = super()._score()
        while "sheets:" not in params["config_content"]:
            params = super()._score()
        tokens = self.folder / "tokens"
        text = standing(params["config_content"], tokens, waits=self.waits, seconds=self.seconds)
        return {**params, "config_content": text}

    def _is_there(self, job_id: str) -> bool:
        """Return whether a job waits in the queue, or runs on a node, where it has written something."""
        assert self.ground is not None
        if self.waits:
            return any(each.job_id == job_id for each in self.ground.lanes("PD"))
        with suppress(OSError):
            return any(log.stat().st_size for log in self.ground.disk.find(f"*/jobs/{job_id}/*/stdout.log"))
        return False
