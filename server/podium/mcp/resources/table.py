"""Resources as a table: what each one is, and how it is read. The handlers here serve any such table in both eras.

They replace the SDK's own, which give a static resource no access to the conductor and every file of a template the same
type.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp import MCPError
from mcp.server import MCPServer, ServerRequestContext
from mcp.shared.uri_template import UriTemplate
from mcp.types import (
    INVALID_PARAMS,
    BlobResourceContents,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from podium.contract.ports import JobControl
from podium.mcp.calls.boundary import serve
from podium.mcp.calls.invoke import State
from podium_tools.results import OUTPUT_NOTE

RequestContext = ServerRequestContext[State, Any]
Variables = Mapping[str, str]
FOREIGN_KEY = "podium/note"


@dataclass(frozen=True)
class Content:
    """What a resource holds: text, or bytes that are not text. `foreign`: a job wrote it."""

    body: str | bytes
    mime_type: str
    foreign: bool = False


@dataclass(frozen=True)
class ResourceSpec:
    """One resource or, if `uri` has variables, one family of them. `mime_type` is "" if it differs from file to file."""

    uri: str
    name: str
    title: str
    description: str
    mime_type: str
    read: Callable[[JobControl, Variables], Awaitable[Content]]


class ResourceTable:
    """The resources that a server has, found by URI."""

    def __init__(self, specs: Sequence[ResourceSpec]) -> None:
        self._parsed = [(spec, UriTemplate.parse(spec.uri)) for spec in specs]

    def listed(self) -> list[Resource]:
        """Return those without variables."""
        return [Resource(uri=spec.uri, **_facts(spec)) for spec, template in self._parsed if not template.variables]

    def templates(self) -> list[ResourceTemplate]:
        """Return those with variables."""
        return [
            ResourceTemplate(uri_template=spec.uri, **_facts(spec))
            for spec, template in self._parsed
            if template.variables
        ]

    def find(self, uri: str) -> tuple[ResourceSpec, Variables]:
        """Return the resource of a URI, with the values of its variables.

        Raises:
            MCPError: the table has no such resource.
        """
        for spec, template in self._parsed:
            if (found := template.match(uri)) is not None:
                return spec, {name: str(value) for name, value in found.items()}
        raise MCPError(INVALID_PARAMS, f"Resource not found: {uri[:200]}", {"uri": uri})


def install_resources(server: MCPServer[State], table: ResourceTable) -> None:
    """Let a server list and read the resources of a table."""

    async def list_resources(_: RequestContext, __: PaginatedRequestParams) -> ListResourcesResult:
        return ListResourcesResult(resources=table.listed())

    async def list_templates(_: RequestContext, __: PaginatedRequestParams) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(resource_templates=table.templates())

    async def read(ctx: RequestContext, params: ReadResourceRequestParams) -> ReadResourceResult:
        spec, variables = table.find(params.uri)
        content = await spec.read(ctx.lifespan_context.port, variables)
        meta = {FOREIGN_KEY: OUTPUT_NOTE} if content.foreign else None  # its reader may be a model
        common: dict[str, Any] = {"uri": params.uri, "mime_type": content.mime_type, "_meta": meta}
        if isinstance(content.body, str):
            return ReadResourceResult(contents=[TextResourceContents(text=content.body, **common)])
        blob = base64.b64encode(content.body).decode()
        return ReadResourceResult(contents=[BlobResourceContents(blob=blob, **common)])

    serve(server, "resources/list", PaginatedRequestParams, list_resources)
    serve(server, "resources/templates/list", PaginatedRequestParams, list_templates)
    serve(server, "resources/read", ReadResourceRequestParams, read)


def _facts(spec: ResourceSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "title": spec.title,
        "description": spec.description,
        "mime_type": spec.mime_type or None,
    }
