"""Ten things that people ask of an agent, each with the plan that does it and what must be true afterwards."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.evals.player import Player
from tests.support.agent import Agent


@dataclass(frozen=True)
class Stage:
    """Where a story plays: an agent of our own that prepares and checks, and a folder for its files."""

    user: Agent
    folder: Path

    def write(self, name: str, text: str) -> str:
        """Write a file and return its path."""
        path = self.folder / name
        path.write_text(text)
        return str(path)

    async def ended(self, score: str, status: str = "completed") -> str:
        """Start a job, wait for its end, and return its id."""
        job_id: str = (await self.user.call("start_job", config_content=score))["job_id"]
        assert (await self.user.settled(job_id))["status"] == status
        return job_id

    async def status_of(self, job_id: str) -> str:
        """Return the status of a job."""
        status: str = (await self.user.call("get_job", job_id=job_id))["status"]
        return status


Given = dict[str, str]
"""What a story's beginning has made, by name; its goal names them in braces."""


async def _nothing(_: Stage) -> Given:
    return {}


@dataclass(frozen=True)
class Story:
    """A goal, the least number of calls that reach it, and the plan. `done` says whether it was reached, whoever played."""

    name: str
    goal: str
    least: int
    play: Callable[[Player, Given], Awaitable[None]]
    done: Callable[[Stage, Given], Awaitable[bool]]
    prepare: Callable[[Stage], Awaitable[Given]] = _nothing
