"""A conductor, an agent's server and commands, all of which run in folders that were removed, as a worktree is."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.support.agent import BOTH_ERAS, SECONDS, Agent
from tests.support.podium_home import Conductor, make_home

pytestmark = pytest.mark.anyio

EMPTY = "name: x\nsheets: [{run: 'true'}]\n"


def from_a_removed_folder(command: Sequence[str]) -> list[str]:
    """Return a command line that runs another one in a folder that is removed just before."""
    folder = tempfile.mkdtemp(prefix="pod-gone-", dir="/tmp")
    return ["sh", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', folder, *command]


class HomelessConductor(Conductor):
    """A conductor whose working folder was removed."""

    def command(self) -> list[str]:
        return from_a_removed_folder(super().command())


@pytest.fixture(scope="module")
def homeless() -> Iterator[Conductor]:
    with tempfile.TemporaryDirectory(prefix="pod-", dir="/tmp") as folder:
        conductor = HomelessConductor(make_home(Path(folder)))
        conductor.start()
        yield conductor
        conductor.end()


@pytest.fixture
def score(homeless: Conductor) -> Path:
    path = homeless.settings.home.parent / "score.yaml"
    path.write_text(EMPTY)
    return path


def words(conductor: Conductor, *given: str) -> list[str]:
    home, path = str(conductor.settings.home), str(conductor.settings.socket)
    return [sys.executable, "-m", "podium", *given, "--home", home, "--socket", path]


@asynccontextmanager
async def agent(conductor: Conductor, mode: str) -> AsyncIterator[Agent]:
    command, *args = from_a_removed_folder(words(conductor, "serve"))
    parameters = StdioServerParameters(command=command, args=args, env=dict(os.environ))
    async with Client(parameters, mode=mode, read_timeout_seconds=SECONDS) as client:
        yield Agent(client)


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_what_needs_no_folder_works_and_the_rest_says_which_folder_is_gone(
    homeless: Conductor, score: Path, mode: str
) -> None:
    async with agent(homeless, mode) as user:
        started = await user.call("start_job", config_path=str(score))
        assert (await user.settled(started["job_id"]))["status"] == "completed"
        assert (await user.call("validate_score", config_path=str(score)))["valid"]
        assert (await user.call("validate_score", config_content=EMPTY))["valid"]
        absolute = await user.call("validate_score", config_content=f"{EMPTY}workspace: {score.parent}/out\n")
        assert absolute["workspace"] == f"{score.parent}/out"

        for arguments in ({"config_path": "score.yaml"}, {"config_path": str(score), "workspace": "out"}):
            error = await user.refused("start_job", **arguments)
            assert error["code"] == "INVALID_ARGUMENTS"
            assert "is relative, but the folder in which this process was started, /tmp/pod-gone-" in error["message"]
            assert error["fix"].startswith("Give an absolute path")
        relative = await user.refused("start_job", config_content=f"{EMPTY}workspace: out\n")
        assert (relative["code"], "folder of its caller was removed" in relative["message"]) == (
            "INVALID_ARGUMENTS",
            True,
        )
        prompt = "name: x\nsheets: [{name: a, instrument: claude-code, prompt_file: a.md}]\n"
        (problem,) = (await user.call("validate_score", config_content=prompt))["problems"]
        assert "'a.md' is relative, but" in problem


def podium(conductor: Conductor, *given: str) -> subprocess.CompletedProcess[str]:
    line = from_a_removed_folder(words(conductor, *given))
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=SECONDS)


def test_commands_work_there_too(homeless: Conductor, score: Path) -> None:
    done = podium(homeless, "run", str(score), "--json")
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "completed"), done.stderr
    relative = podium(homeless, "run", "score.yaml")
    assert relative.returncode != 0
    assert relative.stderr.startswith("podium: The score path 'score.yaml' is relative, but the folder")
    line = from_a_removed_folder([sys.executable, "-m", "podium", "call", "list_jobs", "--home", "mine"])
    home = subprocess.run(line, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert home.stderr.startswith("podium: Setting home: 'mine' is relative, but the folder")
