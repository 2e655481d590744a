"""A conductor-like process: reads specifications of attempts as JSON, starts them all at once, and waits to be killed.

It says of each in turn when its keeper has started it.

Arguments: the id of the home whose cgroups it uses, "" for none, and the folder of its keepers.
"""

import sys
from pathlib import Path

import anyio
import structlog
from pydantic import TypeAdapter

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes.cgroup import Cgroups, own_procs
from podium.conductor.processes.keepers.keepers import Keepers
from podium.conductor.processes.reaper import Reaper

LOOK_SECONDS = 0.005


def has_started(keepers: Keepers, key: str) -> bool:
    """Tell whether an attempt was started. One that has ended is known to the journal only."""
    child = keepers.find(key)
    if child is not None:
        return child.state not in {"asked", "begun"}
    return any(f'"{key}"'.encode() in journal.read_bytes() for journal in Path(sys.argv[2]).glob("*/journal.*"))


async def hold() -> None:
    """Start every attempt and wait for ever."""
    cgroups = Cgroups.open(sys.argv[1]) if sys.argv[1] else None
    async with (
        Reaper() as reaper,
        Keepers(Path(sys.argv[2]), reaper, own_procs()) as keepers,
        LocalEngine(keepers, cgroups=cgroups) as engine,
    ):
        asked = TypeAdapter(tuple[AttemptSpec, ...]).validate_json(sys.stdin.readline())
        for spec in asked:
            await engine.submit(spec)
        for spec in asked:
            while not has_started(keepers, spec.key):  # noqa: ASYNC110 -- there is no event for all that counts
                await anyio.sleep(LOOK_SECONDS)
            sys.stdout.write("launched\n")
            sys.stdout.flush()
        await anyio.sleep_forever()


def main() -> None:
    """Begin, with the log where nobody takes it for a word to them."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    anyio.run(hold)


if __name__ == "__main__":
    main()
