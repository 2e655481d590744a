"""Fixtures of whole systems: agents that the tests of a module share, and a conductor that is busy in every way."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from podium.contract.states import Phase
from tests.support.agent import BOTH_ERAS, Agent, standing_agent
from tests.support.jobs import submit, until, wait_for_file
from tests.support.mcp_clients import plain_agent, plain_conductor
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.replay.conductor import ReplayConductor, replay

# Holds its slot until the file `go` is there, or its folder is gone; a TERM does not end it.
STUBBORN = "trap '' TERM; touch begun; until [ -e go ] || [ ! -e begun ]; do sleep 0.1; done"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Return the backend for fixtures that live as long as the module."""
    return "asyncio"


@pytest.fixture(scope="module")
async def modern_user(shared_conductor: Conductor) -> AsyncIterator[Agent]:
    """An agent of the conductor that the module shares, in the era without handshakes; served once a module."""
    async with standing_agent(shared_conductor.settings, "auto") as connected:
        yield connected


@pytest.fixture(scope="module")
async def legacy_user(shared_conductor: Conductor) -> AsyncIterator[Agent]:
    """An agent as `modern_user`, in the era of handshakes."""
    async with standing_agent(shared_conductor.settings, "legacy") as connected:
        yield connected


@pytest.fixture
def mode() -> str:
    """Return the era of an agent where a test is not run in both: theirs take this fixture's place."""
    return "auto"


@pytest.fixture
def user(request: pytest.FixtureRequest, mode: str) -> Agent:
    """An agent in the era `mode`, for tests that look only at their own jobs: the tests of a module share it."""
    found: Agent = request.getfixturevalue({"auto": "modern_user", "legacy": "legacy_user"}[mode])
    return found


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    made = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def crowded(folder: Path) -> Iterator[Conductor]:
    """A conductor with room for exactly the sheets that `jobs` keeps running, also the one that is being cancelled."""
    with plain_conductor(folder, max_sheets=4, grace_seconds=600) as running:
        yield running


@pytest.fixture(scope="module")
def jobs(folder: Path, crowded: Conductor) -> Iterator[dict[Phase, str]]:
    """A job in each phase of the table of states, none of which moves on by itself."""

    def start(phase: str, run: str, **following: Any) -> str:
        sheets = [{"name": "only", "run": run}, {"name": "next", "run": "true", **following}]
        return submit(crowded, json.dumps({"name": phase, "workspace": str(folder / phase), "sheets": sheets}))

    def control(method: str, phase: Phase) -> None:
        ask(crowded.settings.socket, f"job.{method}", {"job_id": found[phase]})

    found: dict[Phase, str] = {"completed": start("completed", "true"), "failed": start("failed", "false")}
    for phase, job_id in found.items():
        until(crowded, job_id, phase)
    held: tuple[Phase, ...] = ("running", "holding", "pause_pending", "cancel_pending")
    for phase in held:
        found[phase] = start(phase, STUBBORN, **({"needs": [], "hold": "go on?"} if phase == "holding" else {}))
        wait_for_file(folder / phase / "begun")
    control("pause", "pause_pending")
    control("cancel", "cancel_pending")
    found |= {"queued": start("queued", "true"), "paused": start("paused", "true"), "cancelled": start("gone", "true")}
    control("pause", "paused")
    control("cancel", "cancelled")
    yield found
    for phase in held:
        (folder / phase / "go").touch()
    until(crowded, found["cancel_pending"], "cancelled")


@pytest.fixture(scope="module", params=BOTH_ERAS)
async def guest(request: pytest.FixtureRequest, crowded: Conductor, folder: Path) -> AsyncIterator[Agent]:
    """An agent of the crowded conductor, in either era."""
    async with plain_agent(crowded.settings, request.param, cwd=folder) as connected:
        yield connected


@pytest.fixture
def nothing_done(crowded: Conductor, jobs: dict[Phase, str]) -> Iterator[None]:
    """See that no job is stored or changed, and no folder made for one."""
    home, path = crowded.settings.home, crowded.settings.socket

    def state() -> tuple[Any, ...]:
        made = [sorted(each.rglob("*")) for each in (home / "jobs", home / "workspaces")]
        return ask(path, "job.list"), ask(path, "daemon.status")["jobs_total"], made

    before = state()
    yield
    assert state() == before


@pytest.fixture(scope="module")
def marianne(folder: Path) -> Iterator[ReplayConductor]:
    """A Marianne conductor as it is, for the tests of a module, with a slot for each of their jobs."""
    with replay(folder) as conductor:
        conductor.jobs.slots = 10_000
        yield conductor


@pytest.fixture
def no_jobs_left(marianne: ReplayConductor) -> Iterator[None]:
    """Have no jobs of one test there for the next, which would have to hear of them all."""
    yield
    marianne.clear()


@pytest.fixture(scope="module")
async def modern_guest(marianne: ReplayConductor, folder: Path) -> AsyncIterator[Agent]:
    """An agent of that conductor, in the era without handshakes."""
    async with plain_agent(make_home(folder, socket=marianne.path), "auto", cwd=folder) as connected:
        yield connected


@pytest.fixture(scope="module")
async def legacy_guest(marianne: ReplayConductor, folder: Path) -> AsyncIterator[Agent]:
    """An agent of that conductor, in the era of handshakes."""
    async with plain_agent(make_home(folder, socket=marianne.path), "legacy", cwd=folder) as connected:
        yield connected


@pytest.fixture
def visitor(request: pytest.FixtureRequest, mode: str) -> Agent:
    """An agent of the Marianne conductor in the era `mode`."""
    found: Agent = request.getfixturevalue({"auto": "modern_guest", "legacy": "legacy_guest"}[mode])
    return found
