"""A conductor-like process: reads specifications of attempts as JSON, starts them, says so of each, and waits to be killed."""

import json
import sys
from pathlib import Path

import anyio

from podium.conductor.engines.local import LocalEngine
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes.reaper import Reaper


async def hold() -> None:
    """Start every attempt and wait for ever."""
    async with Reaper() as reaper, LocalEngine(reaper) as engine:
        for fields in json.loads(sys.stdin.readline()):
            paths = {name: Path(fields[name]) for name in ("folder", "workspace")}
            await engine.submit(AttemptSpec(**{**fields, **paths, "argv": tuple(fields["argv"])}))
            sys.stdout.write("launched\n")
            sys.stdout.flush()
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(hold)
