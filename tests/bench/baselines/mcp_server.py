"""Baseline: the bare SDK on stdio, with one tool that returns a constant of a given size.

`python -m tests.bench.baselines.mcp_server FILE`: the file holds the JSON object that the tool returns.
"""

import json
import sys
from pathlib import Path
from typing import Any

from mcp.server import MCPServer


def build(constant: dict[str, Any]) -> MCPServer[Any]:
    """Return a server whose only tool returns `constant`."""
    server = MCPServer("bare")

    @server.tool()
    async def get_job(job_id: str) -> dict[str, Any]:
        """Return a job."""
        return constant

    return server


if __name__ == "__main__":
    build(json.loads(Path(sys.argv[1]).read_text())).run("stdio")
