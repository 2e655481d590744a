"""Baseline: the bare SDK on stdio. `python -m tests.bench.baselines.mcp_server [FILE]`.

With a file, which holds a result of our `get_job`, its one tool has the same name and result type and returns it as a constant.
Without, its tool returns an empty object.
"""

import sys
from pathlib import Path
from typing import Any

from mcp.server import MCPServer


def same_as_ours(result: str) -> MCPServer[Any]:
    """Return a server whose `get_job` returns this JSON text, by the type that ours has, and so with the same schema."""
    from podium_tools.jobs import GetResult
    from podium_tools.results import Omitted

    class Constant(GetResult):
        description: Omitted[str] = ""  # it is not in the text where it is empty

    server, constant = MCPServer("bare"), Constant.model_validate_json(result)

    @server.tool()
    async def get_job(job_id: str) -> Constant:
        """Return a job."""
        return constant

    return server


def plain() -> MCPServer[Any]:
    """Return a server with a tool that imports nothing but the SDK."""
    server = MCPServer("bare")

    @server.tool()
    async def nothing(job_id: str) -> dict[str, Any]:
        """Return nothing."""
        return {}

    return server


if __name__ == "__main__":
    (same_as_ours(Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else plain()).run("stdio")
