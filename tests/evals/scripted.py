"""Playing the stories with their plans, on a real server and a real conductor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.evals.figures import Figure, tokens_of
from tests.evals.player import Player
from tests.evals.stories import following, keeping, starting
from tests.evals.story import Stage, Story
from tests.support.agent import Agent, standing_agent
from tests.support.podium_home import Conductor, make_home

ALL: tuple[Story, ...] = (*starting.STORIES, *following.STORIES, *keeping.STORIES)


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[tuple[Stage, Conductor]]:
    """A conductor of its own in a folder with a short path, and an agent that prepares and checks."""
    conductor = Conductor(make_home(folder)).start()
    try:
        async with standing_agent(conductor.settings, "auto") as user:
            yield Stage(user, folder), conductor
    finally:
        conductor.end()


async def played(story: Story, on: Stage, user: Agent) -> Figure:
    """Play a story to its end and return what it took.

    Raises:
        AssertionError: an answer did not say what the plan needs, or the goal was not reached.
    """
    given = await story.prepare(on)
    tools = (await user.client.list_tools()).tools
    definitions = "\n".join(tool.model_dump_json() for tool in tools)
    player = Player(user, goal_of(story, given), definitions)
    try:
        await story.play(player, given)
    except (AssertionError, LookupError) as error:
        raise AssertionError(f"{story.name}: {error}; the last answer: {player.texts[-1:]}") from error
    assert await story.done(on, given), f"{story.name}: the goal was not reached"
    return Figure(story.name, story.least, player.calls, player.size, tokens_of(player.texts))


def goal_of(story: Story, given: dict[str, str]) -> str:
    """Return the goal with what its beginning has made."""
    return story.goal.format_map(given) if given else story.goal
