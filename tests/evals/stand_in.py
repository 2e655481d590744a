"""`python -m tests.evals.stand_in CONFIG`: stands in for an agent's command line; it can run one command that its goal quotes.

It reads the goal from its standard input and finds its server in an MCP configuration, as a real one does.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters


async def _play(server: dict[str, Any], goal: str) -> None:
    found = re.search(r"Run the command (.+) as a job", goal)
    assert found is not None
    async with Client(StdioServerParameters(**server)) as client:
        started = (await client.call_tool("start_job", {"command": found[1]})).structured_content
        assert started is not None
        await client.call_tool("wait_for_job", {"job_ids": [started["job_id"]]})
        await client.call_tool("read_job_log", {"job_id": started["job_id"]})


if __name__ == "__main__":
    configuration = json.loads(Path(sys.argv[1]).read_text())
    anyio.run(_play, configuration["mcpServers"]["podium"], sys.stdin.read())
