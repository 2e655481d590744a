"""The whole as a plain user has it: a conductor and a `podium serve` that the system may forbid something, also under root."""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from mcp import Client, StdioServerParameters

from podium.settings import Settings
from tests.support.agent import Agent
from tests.support.podium_home import Conductor, make_home

_NO_MORE = "-dac_override,-dac_read_search"
# Root that has lost these two capabilities is held to the modes of files, as everybody is, and still reaches its own folders.
PLAIN = ["setpriv", f"--bounding-set={_NO_MORE}", f"--inh-caps={_NO_MORE}"] if os.geteuid() == 0 else []


class PlainConductor(Conductor):
    """A conductor without root's right to pass over the modes of files."""

    def command(self) -> list[str]:
        """Return the command that runs it in the foreground."""
        return [*PLAIN, *super().command()]


@contextmanager
def plain_conductor(folder: Path, **settings: float) -> Iterator[PlainConductor]:
    """Run a conductor on a home inside `folder`, which has a short path; what its sheets left is ended with it."""
    conductor = PlainConductor(make_home(folder, **settings))
    yield conductor.start()
    conductor.end()


@asynccontextmanager
async def plain_agent(settings: Settings, mode: str, *, cwd: Path, **environment: str) -> AsyncIterator[Agent]:
    """Start `podium serve` in the folder `cwd` and connect to it, in one era of the protocol. Each call is bounded."""
    ours = {"PODIUM_HOME": str(settings.home), "PODIUM_SOCKET": str(settings.socket), "PODIUM_EFFECT_SECONDS": "0.1"}
    command, *args = [*PLAIN, sys.executable, "-m", "podium", "serve"]
    parameters = StdioServerParameters(command=command, args=args, cwd=cwd, env={**os.environ, **ours, **environment})
    async with Client(parameters, mode=mode, read_timeout_seconds=30) as client:
        yield Agent(client)
