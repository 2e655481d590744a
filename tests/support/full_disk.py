"""Runs an attempt that fills its file system, and one more. To be started in a mount namespace of its own.

Prints both ends as JSON, the first with its exit record. Argument: an empty folder to mount on.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import anyio

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.local.folder import BLOCK_BYTES
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes.reaper import Reaper

FILL = 'cat /dev/zero >"$PODIUM_WORKSPACE/filler" 2>/dev/null; echo lost words; exit 9'


async def main(folder: Path) -> None:
    """Run the attempt that fills the disk before it ends, and one for which there is no room."""
    async with Reaper() as reaper, LocalEngine(reaper) as engine:
        env = {"PODIUM_WORKSPACE": str(folder)}
        spec = AttemptSpec("test-full-disk", folder / "attempt", FILL, folder, env)
        await engine.submit(spec)
        end = await anext(engine.changes())
        record = (folder / "attempt" / "record").read_bytes()[BLOCK_BYTES:].decode().splitlines()[0]
        await engine.submit(AttemptSpec("test-no-room", folder / "next", "x" * 5000, folder, {}))
        refused = await anext(engine.changes())
        sys.stdout.write(json.dumps([{**asdict(end), "record": record}, asdict(refused)]))


if __name__ == "__main__":
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", sys.argv[1]], check=True)
    anyio.run(main, Path(sys.argv[1]))
