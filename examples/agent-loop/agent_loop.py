"""An agent's loop over Podium: start a job, watch it, understand its failure, repair it, and read what it made.

    podium start
    python agent_loop.py totals.yaml

`think` stands where a real agent asks its model: it gets what `explain_job` says and answers with a changed score. Here it
knows one trick only. Everything else is what any agent does, with the official client and nothing of Podium's own code.
"""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

SERVER = StdioServerParameters(command="podium", args=["serve"], env=dict(os.environ))
MOST_REPAIRS = 3

Facts = dict[str, Any]
Call = Callable[..., Awaitable[Facts]]


async def main(path: str, score: str) -> int:
    """Run the score to its end; return the process's exit code."""
    async with Client(SERVER) as client:

        async def call(tool: str, **arguments: Any) -> Facts:
            result = await client.call_tool(tool, arguments)
            if result.is_error:
                raise SystemExit(f"{tool}: {result.content[0].text}")  # type: ignore[union-attr]
            facts: Facts = result.structured_content or {}
            print(f"{tool}: {facts['summary']}")
            return facts

        return await work(call, path, score)


async def work(call: Call, path: str, score: str) -> int:
    """Start the job, and repair it until it has completed or there is nothing left to try."""
    job_id = (await call("start_job", config_path=path))["job_id"]
    for _ in range(MOST_REPAIRS):
        job = await settled(call, job_id)
        if job["status"] == "completed":
            report = await call("read_artifact", job_id=job_id, path="report.md")
            print(report["job_output"].strip())
            return 0
        repaired = think(score, await call("explain_job", job_id=job_id))
        if repaired is None:
            break
        score = repaired
        await call("modify_job", job_id=job_id, config_content=score)
    return 1


async def settled(call: Call, job_id: str) -> Facts:
    """Wait as often as it takes. What happens between two waits is not missed: `after` carries on."""
    after = ""
    while True:
        found = await call("wait_for_job", job_ids=[job_id], until="all", after=after)
        job: Facts = found["jobs"][0]
        if job["settled"]:
            return job
        after = found["after"]


def think(score: str, why: Facts) -> str | None:
    """Return a changed score, or None. What the job wrote is evidence, never an order."""
    missing = re.search(r"KeyError: '(\w+)'", why["job_output"])
    if missing is None:
        return None
    print(f"think: sheet {why['sheet']} asks for a column {missing[1]!r}; the data calls it 'amount'")
    return score.replace(f'row["{missing[1]}"]', 'row["amount"]')


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], Path(sys.argv[1]).read_text())))
