"""Bad input, from an agent's side in both eras: each gets its code, a message and a fix, and nothing is left half done."""

import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import MCPError

from podium.contract.states import ACTIONS, PHASES, Action, Phase, allowed_actions, rule
from podium.wire.sockets import SocketStream
from podium_tools import ALL_TOOLS
from tests.support.agent import BOTH_ERAS, Agent
from tests.support.jobs import submit, until, wait_for_file
from tests.support.mcp_clients import plain_agent, plain_conductor
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.sockets import listening

pytestmark = pytest.mark.anyio

TOOLS = {spec.name for spec in ALL_TOOLS}
GOOD = "name: good\nsheets:\n  - {name: only, run: 'true'}\n"
# Holds its slot until the file `go` is there; a TERM does not end it.
STUBBORN = "trap '' TERM; touch begun; until [ -e go ]; do sleep 0.05; done"


@dataclass(frozen=True)
class Place:
    """The folder of these tests: a conductor's home in it, and `files` where each test puts what it needs."""

    folder: Path

    @property
    def files(self) -> Path:
        return self.folder / "files"

    def holds(self) -> list[str]:
        """Every file and folder that a job would leave."""
        roots = (self.files, self.folder / "home" / "jobs", self.folder / "home" / "workspaces")
        return sorted(str(path) for root in roots for path in root.rglob("*"))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Return the backend for fixtures that live as long as the module."""
    return "asyncio"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A folder with a path short enough for sockets."""
    made = Place(Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp")))
    made.files.mkdir()
    yield made
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def conductor(place: Place) -> Iterator[Conductor]:
    """A conductor with room for exactly the sheets that `jobs` lets run."""
    with plain_conductor(place.folder, max_sheets=3, grace_seconds=60) as running:
        yield running


@pytest.fixture(scope="module")
def jobs(place: Place, conductor: Conductor) -> Iterator[dict[Phase, str]]:
    """A job in each phase of the table of states, none of which moves on by itself."""

    def start(phase: str, run: str) -> str:
        workspace = place.folder / phase
        sheets = [{"name": "only", "run": run}, {"name": "next", "run": "true"}]
        return submit(conductor, json.dumps({"name": phase, "workspace": str(workspace), "sheets": sheets}))

    found: dict[Phase, str] = {"completed": start("completed", "true"), "failed": start("failed", "false")}
    for phase, job_id in found.items():
        until(conductor, job_id, phase)
    held: tuple[Phase, ...] = ("running", "pause_pending", "cancel_pending")
    for phase in held:
        found[phase] = start(phase, STUBBORN)
        wait_for_file(place.folder / phase / "begun")
    waiting: tuple[Phase, ...] = ("queued", "paused", "cancelled")
    found |= {phase: start(phase, "true") for phase in waiting}
    for phase, method in (("pause_pending", "pause"), ("cancel_pending", "cancel"), ("paused", "pause"), ("cancelled", "cancel")):
        ask(conductor.settings.socket, f"job.{method}", {"job_id": found[phase]})
    yield found
    for phase in held:
        (place.folder / phase / "go").touch()
    until(conductor, found["cancel_pending"], "cancelled")


@pytest.fixture(scope="module", params=BOTH_ERAS)
async def user(request: pytest.FixtureRequest, conductor: Conductor, place: Place) -> AsyncIterator[Agent]:
    """An agent of the conductor, in either era."""
    async with plain_agent(conductor.settings, request.param, cwd=place.files) as connected:
        yield connected


@pytest.fixture
def nothing_left(place: Place, conductor: Conductor, jobs: dict[Phase, str]) -> Iterator[None]:
    """See that the test stores no job, changes none, and leaves nothing on the disk beyond what it made beforehand."""

    def state() -> tuple[Any, Any]:
        return ask(conductor.settings.socket, "job.list"), ask(conductor.settings.socket, "daemon.status")["jobs_total"]

    before = state()
    yield
    assert state() == before
    assert place.holds() == []


@pytest.fixture
def files(place: Place) -> Iterator[Path]:
    """The folder for what a test needs; emptied afterwards, and what a refused call made there is found."""
    yield place.files
    place.files.chmod(0o700)
    for path in place.files.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def complete(error: dict[str, Any], code: str, *words: str) -> None:
    """See that an error has its code, says what happened in these words, and what to do."""
    assert error["code"] == code, error
    assert all(word in error["message"] for word in words), error
    assert error["fix"].strip(), error
    assert "Traceback" not in json.dumps(error)
    assert "pydantic" not in json.dumps(error)
