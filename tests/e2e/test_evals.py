"""An agent reaches its goals with few calls and short answers: no more than the table of the evaluation says."""

import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.evals import stand_in
from tests.evals.driven import AgentFailed, driven
from tests.evals.figures import FILE, recorded, table, worse
from tests.evals.player import OffTheTrack, Player, calls_in
from tests.evals.scripted import ALL, played, stage
from tests.evals.story import Stage, Story
from tests.support.agent import Agent, standing_agent
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio
RECORDED = recorded()


@pytest.fixture(scope="module")
async def staged(folder: Path) -> AsyncIterator[tuple[Stage, Conductor]]:
    """One stage for all stories, as the table was made."""
    async with stage(folder) as made:
        yield made


@pytest.fixture(scope="module")
async def playing(staged: tuple[Stage, Conductor]) -> AsyncIterator[Agent]:
    """The agent that plays."""
    async with standing_agent(staged[1].settings, "auto") as user:
        yield user


@pytest.mark.parametrize("story", ALL, ids=lambda story: story.name)
async def test_a_story_takes_no_more_than_it_did(story: Story, staged: tuple[Stage, Conductor], playing: Agent) -> None:
    found = await played(story, staged[0], playing)
    assert not worse(found, RECORDED[story.name]), f"{found.row} was {RECORDED[story.name].row}"


def test_all_stories_take_at_most_a_fifth_more_calls_than_the_least() -> None:
    assert set(RECORDED) == {*(story.name for story in ALL), "all"}
    assert RECORDED["all"].calls <= 1.2 * RECORDED["all"].least


async def test_a_real_agents_command_line_can_play_too(staged: tuple[Stage, Conductor]) -> None:
    command = f"{sys.executable} {Path(stand_in.__file__)} {{config}}"
    (story,) = [each for each in ALL if each.name == "a command"]
    other = Story(**{**vars(story), "goal": "Run the command factor 42 as a job.", "done": _factored})
    found = await driven(other, *staged, command)
    assert found.calls == 3


async def _factored(on: Stage, _: dict[str, str]) -> bool:
    jobs = (await on.user.call("list_jobs", name="factor", status="completed"))["jobs"]
    return len(jobs) == 1


async def test_a_plan_cannot_know_what_nothing_says(playing: Agent) -> None:
    player = Player(playing, "List the completed jobs.")
    with pytest.raises(OffTheTrack, match="nothing says name='secret'"):
        await player.begin("list_jobs", name="secret")
    with pytest.raises(OffTheTrack, match="nothing says name='job'"):
        await player.begin("list_jobs", name="job")  # the goal has only "jobs"
    with pytest.raises(OffTheTrack, match="nothing says command="):
        await player.begin("start_job", command="run: rm -r /")
    await player.begin("list_jobs", status="completed")
    with pytest.raises(OffTheTrack, match="delete_job is not named"):
        await player.choose("delete_job", job_id="x")
    player.answer = {"next": 'get_job(job_id="a-12345", detail=...)'}
    with pytest.raises(OffTheTrack, match="does not leave"):
        await player.follow(job_id="completed", detail="full")


async def test_an_agent_that_fails_is_told_with_its_exit_code(staged: tuple[Stage, Conductor]) -> None:
    (story,) = [each for each in ALL if each.name == "ten sheets"]
    with pytest.raises(AgentFailed, match="the goal was not reached; false ended with exit code 1"):
        await driven(story, *staged, "false {goal}")
    with pytest.raises(AgentFailed, match="no-such-agent: "):
        await driven(story, *staged, "no-such-agent {goal}")


def test_the_table_changes_only_where_a_story_does() -> None:
    (first, *others) = [RECORDED[story.name] for story in ALL]
    noise = replace(first, size=first.size - 3, tokens=first.tokens + 5)
    assert table([noise, *others]) == FILE.read_text()
    assert table([replace(first, calls=first.calls + 1), *others]) != FILE.read_text()
    assert not worse(noise, first)
    assert worse(replace(first, size=first.size + 400), first)


def test_ready_calls_are_read_with_their_arguments_and_what_they_leave_open() -> None:
    text = 'Correct it: start_job(config_path="a, (b).yaml", config_content=..., variables=["a=1"]) or list_jobs()'
    first = ("start_job", {"config_path": "a, (b).yaml", "config_content": "...", "variables": ["a=1"]})
    assert calls_in(text) == [first, ("list_jobs", {})]
    assert json.dumps(calls_in("nothing (to do)")) == "[]"
