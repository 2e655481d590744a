"""Playing the stories with a real agent's command line, of which only the server's messages are seen.

`EVAL_COMMAND` is that command line: `{config}` in it becomes the path of an MCP configuration (JSON with `mcpServers`), `{goal}`
what is to be done; without `{goal}` the goal comes on its standard input.
"""

import json
import os
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

import anyio.to_thread

from tests.evals.figures import Figure, tokens_of
from tests.evals.scripted import goal_of
from tests.evals.story import Stage, Story
from tests.support.podium_home import Conductor
from tests.support.source_tree import REPOSITORY

SECONDS = 600.0  # for one story


class AgentFailed(Exception):
    """The command line did not play a story to its end; the text says why."""


async def driven(story: Story, on: Stage, conductor: Conductor, command: str) -> Figure:
    """Let the command line play a story; return what it took.

    Raises:
        AgentFailed: it did not start, did not end in time, or did not reach the goal.
    """
    given = await story.prepare(on)
    log, config = on.folder / "messages.log", on.folder / "mcp.json"
    log.write_text("")
    config.write_text(_configuration(conductor, log))
    goal = goal_of(story, given)
    words = [word.replace("{config}", str(config)).replace("{goal}", goal) for word in shlex.split(command)]
    given_in = None if "{goal}" in command else goal
    run = partial(subprocess.run, words, input=given_in, text=True, cwd=on.folder, timeout=SECONDS, check=False)
    try:
        done = await anyio.to_thread.run_sync(run)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AgentFailed(f"{words[0]}: {error}") from error
    if not await story.done(on, given):
        code = f"; {words[0]} ended with exit code {done.returncode}" if done.returncode else ""
        raise AgentFailed(f"the goal was not reached{code}")
    answers = answers_in(log.read_text())
    size = sum(len(answer.encode()) for answer in answers)
    return Figure(story.name, story.least, len(answers), size, tokens_of(answers))


def answers_in(log: str) -> list[str]:
    """Return the texts of all answers to calls of tools in a recorder's log."""
    sent = [json.loads(line[1:]) for line in log.splitlines() if line.startswith(">{")]
    calls = {message["id"] for message in sent if message.get("method") == "tools/call"}
    got = [json.loads(line[1:]) for line in log.splitlines() if line.startswith("<{")]
    results = [message["result"] for message in got if message.get("id") in calls and "result" in message]
    return [block["text"] for result in results for block in result.get("content", ())[:1] if "text" in block]


def _configuration(conductor: Conductor, log: Path) -> str:
    environment = {
        "PODIUM_HOME": str(conductor.settings.home),
        "PODIUM_SOCKET": str(conductor.settings.socket),
        "PYTHONPATH": str(REPOSITORY),
        "PATH": os.environ.get("PATH", os.defpath),
    }
    server = {"command": sys.executable, "args": ["-m", "tests.evals.recorder", str(log)], "env": environment}
    return json.dumps({"mcpServers": {"podium": server}})
