"""A process that serves the tools on stdio over the stand-in port, for tests of the process's own behaviour.

`conductor_status` writes to stdout in every way that stray code may, and `wait_for_job` waits until it is cancelled.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from podium import log
from podium.contract.conductors import ConductorView
from podium.contract.ports import JobControl
from podium.mcp.app import build_server
from podium.mcp.transports.stdio import run
from tests.support.port import ScriptedPort


class StrayPort(ScriptedPort):
    """Prints where only the protocol may write."""

    async def conductor(self) -> ConductorView:
        print("a stray print")
        sys.stdout.flush()
        os.write(1, b"a stray write\n")
        subprocess.run(["sh", "-c", "echo a stray child; cat"], check=True)  # noqa: ASYNC221  short, and meant to be rude
        return await super().conductor()


@asynccontextmanager
async def told() -> AsyncIterator[JobControl]:
    """Say on stderr when the port is closed, so that a test sees the clean-up of a process that ends."""
    try:
        async with StrayPort().opened() as port:
            yield port
    finally:
        sys.stderr.write("the port is closed\n")


def main() -> int:
    """Serve, and return the exit code."""
    log.configure("info")
    return run(build_server(told))


if __name__ == "__main__":
    sys.exit(main())
