"""A conductor with a fault that somebody has planted, to see that the campaign finds it: `python -m ... FAULT start ...`."""

import sys
from collections.abc import Callable, Mapping

from podium.cli import main
from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.slurm.engine import SlurmEngine
from podium.conductor.engines.slurm.shared import Shared
from podium.lane import place


def ignores_exits() -> None:
    """Let nobody read how an attempt ended."""
    place.read_exit = lambda attempt: None


def forgets_claims() -> None:
    """Take attempts that lanes have claimed for such as never began: they are begun again."""
    place.read_claim = lambda attempt: None
    Shared.take = lambda *_, **__: True  # type: ignore[method-assign]


def suspends_nothing() -> None:
    """Take what a pause suspends for suspended, and let it run on."""

    async def suspend(self: object, key: str) -> bool:
        return True

    for engine in (SlurmEngine, LocalEngine):
        setattr(engine, "suspend", suspend)  # noqa: B010 -- a type checker lets no method be set


FAULTS: Mapping[str, Callable[[], None]] = {
    "ignores-exits": ignores_exits,
    "forgets-claims": forgets_claims,
    "suspends-nothing": suspends_nothing,
}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    sys.exit(main())
