"""Runs one attempt on a file system of its own. To be started in a mount namespace of its own.

Arguments: an empty folder to mount on, the file system's type, its size ("" where it has none), the most bytes of one stream,
the script. Prints the end as JSON, with the size of the attempt's stdout and what it holds of the disk.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import anyio
import structlog

from podium.conductor.engines.local.limits.output import OutputLimits
from podium.conductor.engines.port import AttemptSpec
from tests.support.engines import open_engine


async def main(folder: Path, limit: int, script: str) -> None:
    """Run the attempt to its end and the upkeep after it."""
    async with open_engine(OutputLimits(stream_bytes=limit)) as engine:
        await engine.submit(AttemptSpec("test-small-disk", folder / "job" / "1", script, folder, {}))
        end = await anext(engine.changes())
    found = (folder / "job" / "1" / "stdout.log").stat()
    sys.stdout.write(json.dumps({**asdict(end), "size": found.st_size, "held": found.st_blocks * 512}))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    place, kind, size, most, text = sys.argv[1:]
    options = ["-o", f"size={size}"] if size else []
    subprocess.run(["mount", "-t", kind, *options, "none", place], check=True)
    anyio.run(main, Path(place), int(most), text)
