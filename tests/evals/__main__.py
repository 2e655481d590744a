"""`python -m tests.evals [STORY ...]`: play the stories and write their table; with `EVAL_COMMAND` let that agent play them."""

import os
import sys
import tempfile
from pathlib import Path

import anyio

from tests.evals.driven import AgentFailed, driven
from tests.evals.figures import FILE, Figure, table
from tests.evals.scripted import ALL, played, stage
from tests.support.agent import standing_agent


async def _play(names: list[str]) -> bool:
    command = os.environ.get("EVAL_COMMAND", "")
    figures: list[Figure] = []
    if unknown := set(names) - {story.name for story in ALL}:
        sys.exit(
            f"There is no story {', '.join(sorted(unknown))}; there are: {', '.join(story.name for story in ALL)}."
        )
    chosen = [story for story in ALL if not names or story.name in names]
    with tempfile.TemporaryDirectory(prefix="pod-", dir="/tmp") as folder:
        async with stage(Path(folder)) as (on, conductor), standing_agent(conductor.settings, "auto") as user:
            for story in chosen:
                try:
                    found = await (driven(story, on, conductor, command) if command else played(story, on, user))
                except (AgentFailed, AssertionError) as error:
                    print(f"| {story.name} | {error} |", flush=True)
                    continue
                print(found.row, flush=True)
                figures.append(found)
    if not command and len(figures) == len(ALL):
        FILE.write_text(table(figures))
        print(f"written to {FILE}")
    return len(figures) == len(chosen)


if __name__ == "__main__":
    sys.exit(0 if anyio.run(_play, sys.argv[1:]) else 1)
