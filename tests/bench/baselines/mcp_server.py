"""Baseline: the bare SDK on stdio. `python -m tests.bench.baselines.mcp_server [FILE]`.

With a file, which holds a result of our `get_job`, its one tool has the same name and result type and returns it as a constant.
Without, its tool returns an empty object.
"""

import json
import operator
import sys
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from pydantic import Field, create_model


def same_as_ours(result: str) -> MCPServer[Any]:
    """Return a server whose `get_job` returns this JSON text, by the type that ours has, and so with the same schema."""
    from podium_tools.jobs import GetResult

    empty = Field(None, exclude_if=operator.not_)  # what is empty is not in the text
    left_out: dict[str, Any] = dict.fromkeys(GetResult.model_fields.keys() - json.loads(result), (Any, empty))
    constant_type = create_model("Constant", __base__=GetResult, **left_out)
    server, constant = MCPServer("bare"), constant_type.model_validate_json(result)

    @server.tool()
    async def get_job(job_id: str) -> constant_type:
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
