"""A conductor with a fault that somebody has planted, to see that the campaign finds it: `python -m ... FAULT start ...`."""

import sys
from collections.abc import Callable, Mapping

from podium.cli import main
from podium.conductor.engines.slurm.shared import Shared
from podium.lane import place


def ignores_exits() -> None:
    """Let nobody read how an attempt ended."""
    place.read_exit = lambda attempt: None


def forgets_claims() -> None:
    """Take attempts that lanes have claimed for such as never began: they are begun again."""
    place.read_claim = lambda attempt: None
    Shared.take = lambda *_, **__: True  # type: ignore[method-assign]


FAULTS: Mapping[str, Callable[[], None]] = {"ignores-exits": ignores_exits, "forgets-claims": forgets_claims}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    sys.exit(main())
