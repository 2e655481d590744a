"""Runs an attempt that fills its file system, and one more. To be started in a mount namespace of its own.

The keeper's journal is on the same file system. Prints both ends as JSON. Argument: an empty folder to mount on.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import anyio
import structlog

from podium.conductor.engines.port import AttemptSpec
from tests.support.engines import open_engine

FILL = 'cat /dev/zero >"$PODIUM_WORKSPACE/filler" 2>/dev/null; echo lost words; exit 9'


async def main(folder: Path) -> None:
    """Run the attempt that fills the disk before it ends, and one for which there is no room."""
    async with open_engine(keepers=folder / "keepers") as engine:
        env = {"PODIUM_WORKSPACE": str(folder)}
        spec = AttemptSpec("test-full-disk", folder / "attempt", FILL, folder, env)
        await engine.submit(spec)
        end = await anext(engine.changes())
        await engine.submit(AttemptSpec("test-no-room", folder / "next", "x" * 5000, folder, {}))
        refused = await anext(engine.changes())
        sys.stdout.write(json.dumps([asdict(end), asdict(refused)]))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", sys.argv[1]], check=True)
    anyio.run(main, Path(sys.argv[1]))
