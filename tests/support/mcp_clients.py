"""The whole as a plain user has it: a conductor and a `podium serve` that the system may forbid something, also under root."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

from podium.settings import Settings
from podium_tools import ALL_TOOLS
from tests.support import nursed
from tests.support.agent import Agent
from tests.support.podium_home import Conductor, make_home

GOOD = "name: good\nsheets:\n  - {name: only, run: 'true'}\n"


class PlainConductor(Conductor):
    """A conductor without root's right to pass over the modes of files."""

    plain = True


@contextmanager
def plain_conductor(folder: Path, **settings: float) -> Iterator[PlainConductor]:
    """Run a conductor on a home inside `folder`, which has a short path; what its sheets left is ended with it."""
    conductor = PlainConductor(make_home(folder, **settings))
    conductor.start()
    try:
        yield conductor
    finally:
        conductor.end()


@asynccontextmanager
async def plain_agent(settings: Settings, mode: str, *, cwd: Path, **environment: str) -> AsyncIterator[Agent]:
    """Start `podium serve` in the folder `cwd` and connect to it, in one era of the protocol. Each call is bounded."""
    ours = {"PODIUM_HOME": str(settings.home), "PODIUM_SOCKET": str(settings.socket), "PODIUM_EFFECT_SECONDS": "0.1"}
    command, *args = nursed.command("server", "serve", plain=True)
    parameters = StdioServerParameters(command=command, args=args, cwd=cwd, env={**os.environ, **ours, **environment})
    async with Client(parameters, mode=mode, read_timeout_seconds=100) as client:
        yield Agent(client)


def minimal(tool: str, job_id: str) -> dict[str, Any]:
    """Return arguments with which a tool can be called about a job, or about none."""
    given = {"job_id": job_id, "job_ids": [job_id], "config_content": GOOD, "path": "a"}
    (spec,) = [spec for spec in ALL_TOOLS if spec.name == tool]
    return {name: value for name, value in given.items() if name in spec.arguments.model_fields}


def complete(error: dict[str, Any], code: str, *words: str) -> None:
    """See that an error has its code, says what happened in these words and what to do, and nothing of our inside."""
    assert error["code"] == code, error
    assert all(word in error["message"] for word in words), error
    assert error["fix"].strip(), error
    assert not [word for word in ("Traceback", "pydantic", "site-packages", ".py") if word in json.dumps(error)], error
