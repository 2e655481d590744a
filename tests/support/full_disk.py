"""Runs one attempt in a file system that is full from its launch to its end. To be started in a mount namespace of its own.

Prints the end as JSON. Argument: an empty folder to mount on.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import anyio

from podium.conductor.engines.local import LocalEngine
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes.reaper import Reaper

FILL = 'cat /dev/zero >"$PODIUM_WORKSPACE/filler" 2>/dev/null; echo lost words; exit 9'


async def main(folder: Path) -> None:
    """Run the attempt, which fills the disk before it ends."""
    async with Reaper() as reaper, LocalEngine(reaper) as engine:
        env = {"PODIUM_WORKSPACE": str(folder)}
        spec = AttemptSpec("test-full-disk", folder / "attempt", FILL, folder, env, intended_at=0.0)
        await engine.submit(spec)
        end = await anext(engine.changes())
        record = (folder / "attempt" / "exit").read_text().splitlines()[0]
        try:
            (folder / "more").write_bytes(b"x" * 5000)
            full = False
        except OSError:
            full = True
        sys.stdout.write(json.dumps({**asdict(end), "record": record, "full": full}))


if __name__ == "__main__":
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", sys.argv[1]], check=True)
    anyio.run(main, Path(sys.argv[1]))
