"""What a sheet takes up while it runs: a place among those of its instrument, and what it asks of this machine."""

from typing import NamedTuple

from podium.score.model.plan import EngineName, Plan, PlanSheet


class Claim(NamedTuple):
    """What an attempt takes from its start to its end. One on a cluster takes nothing of this machine: the cluster counts."""

    instrument: str
    engine: EngineName = "local"
    cpus: int = 0
    memory_bytes: int = 0
    gpus: int = 0

    @property
    def asks(self) -> bool:
        """Whether it takes more of this machine than a slot."""
        return bool(self.cpus or self.memory_bytes or self.gpus)


NO_CLAIM = Claim("")


def claim_of(instrument: str, plan: Plan, sheet: PlanSheet) -> Claim:
    """Return what an attempt of a sheet takes if this instrument plays it."""
    if sheet.engine != "local":
        return Claim(instrument, sheet.engine)
    asked = plan.resources[sheet.resources]
    return Claim(instrument, "local", asked.cpus, asked.memory_bytes, asked.gpus)
