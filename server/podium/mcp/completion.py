"""Completion of arguments of resources and prompts: job ids, sheets, paths of a job's files.

It only helps with typing: without a conductor, or for an unknown job, it offers nothing instead of an error.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from mcp.server import MCPServer, ServerRequestContext
from mcp.types import CompleteRequestParams, CompleteResult, Completion

from podium.contract.ports import JobControl
from podium.errors import PodiumError
from podium.mcp.calls.boundary import serve
from podium.mcp.calls.invoke import State
from podium.mcp.calls.results import safe

MOST_VALUES = 100  # the protocol's limit
_LOOKED_AT = 500  # sheets of a job, or entries below a folder

Known = Mapping[str, str]
Finder = Callable[[JobControl, str, Known], Awaitable[list[str]]]


async def _job_ids(port: JobControl, typed: str, _: Known) -> list[str]:
    """Return ids of the newest jobs; those that contain the typed text but do not begin with it come last."""
    page = await port.list_page(status=None, name=typed, limit=MOST_VALUES, cursor="")
    ids = [job.job_id for job in page.jobs]
    return sorted(ids, key=lambda job_id: not job_id.startswith(typed))


async def _sheets(port: JobControl, typed: str, known: Known) -> list[str]:
    """Return the names of a job's sheets, and the numbers of sheets without a name."""
    detail = await port.detail(known.get("job_id", ""), sheets=True, limit=_LOOKED_AT)
    names = [sheet.name or str(sheet.sheet) for sheet in detail.sheets]
    return [name for name in names if name.startswith(typed)]


async def _paths(port: JobControl, typed: str, known: Known) -> list[str]:
    """Return the files of a job's workspace below the folder typed so far."""
    folder = typed.rpartition("/")[0]
    page = await port.artifacts(known.get("job_id", ""), path=folder, limit=_LOOKED_AT, cursor="")
    return [entry.path for entry in page.entries if entry.type != "directory" and entry.path.startswith(typed)]


FINDERS: dict[str, Finder] = {"job_id": _job_ids, "sheet": _sheets, "path": _paths}
"""Argument -> how its values are found; each name means the same in every resource and prompt."""


def install_completion(server: MCPServer[State]) -> None:
    """Let a server complete the arguments of its resources and prompts."""

    async def complete(ctx: ServerRequestContext[State, Any], params: CompleteRequestParams) -> CompleteResult:
        known = (params.context.arguments if params.context else None) or {}
        finder, values = FINDERS.get(params.argument.name), list[str]()
        if finder is not None:
            with suppress(PodiumError):
                values = await finder(ctx.lifespan_context.port, params.argument.value, known)
        shown = [safe(value) for value in values[:MOST_VALUES]]
        return CompleteResult(
            completion=Completion(values=shown, total=len(values), has_more=len(values) > MOST_VALUES)
        )

    serve(server, "completion/complete", CompleteRequestParams, complete)
