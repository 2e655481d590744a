"""Runs sheets whose keeper has no room on its disk for its journal, and has it again. To be started in a mount namespace of its own.

Arguments: an empty folder to mount the keepers' file system on, and one for what the sheets leave. Prints how each sheet ended.
"""

import json
import subprocess
import sys
from pathlib import Path

import anyio
import structlog

from tests.support.engines import make_spec, next_end, open_engine

SIZE_BYTES = 4 * 1024**2
LEFT_BYTES = 256 * 1024  # enough for the keeper's files, not for what its journal reserves


async def main(disk: Path, place: Path) -> None:
    """Submit a sheet while there is no room, and another one when there is."""
    ends: list[tuple[str, str, int | None]] = []
    filler = disk / "filler"
    filler.write_bytes(b"x" * (SIZE_BYTES - LEFT_BYTES))
    async with open_engine(keepers=disk / "keepers") as engine:
        for number in range(3):
            await engine.submit(make_spec(place, f"echo {number} >>ran; exit 5"))
            end = await next_end(engine)
            ends.append((end.reason, end.detail, end.exit_code))
            if number == 1:
                filler.unlink()
    sys.stdout.write(json.dumps(ends))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_BYTES}", "none", sys.argv[1]], check=True)
    anyio.run(main, Path(sys.argv[1]), Path(sys.argv[2]))
