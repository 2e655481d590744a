"""A conductor-like process: reads specifications of attempts as JSON, starts them, says so of each, and waits to be killed.

Arguments: the id of the home whose cgroups it uses, "" for none, and the folder of its keepers.
"""

import json
import sys
from pathlib import Path

import anyio

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes.cgroup import Cgroups, own_procs
from podium.conductor.processes.keepers.keepers import Keepers
from podium.conductor.processes.reaper import Reaper


async def hold() -> None:
    """Start every attempt and wait for ever."""
    cgroups = Cgroups.open(sys.argv[1]) if sys.argv[1] else None
    async with (
        Reaper() as reaper,
        Keepers(Path(sys.argv[2]), reaper, own_procs()) as keepers,
        LocalEngine(keepers, cgroups=cgroups) as engine,
    ):
        for fields in json.loads(sys.stdin.readline()):
            paths = {name: Path(fields[name]) for name in ("folder", "workspace")}
            await engine.submit(AttemptSpec(**{**fields, **paths, "argv": tuple(fields["argv"])}))
            sys.stdout.write("launched\n")
            sys.stdout.flush()
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(hold)
