"""Prompts as a table, served in both eras. These handlers replace the SDK's own, which report a mistake in a request as
an error of the server."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcp import MCPError
from mcp.server import MCPServer, ServerRequestContext
from mcp.types import (
    INVALID_PARAMS,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
)

from podium.mcp.calls.boundary import serve
from podium.mcp.calls.invoke import State


@dataclass(frozen=True)
class PromptSpec:
    """One prompt: its arguments (name -> description, the required ones first) and the messages that it becomes.

    It is offered only by a server that has all the tools that it names.
    """

    name: str
    title: str
    description: str
    required: Mapping[str, str]
    optional: Mapping[str, str]
    tools: frozenset[str]
    render: Callable[[Mapping[str, str]], list[PromptMessage]]


def install_prompts(server: MCPServer[State], specs: Sequence[PromptSpec], tools: Collection[str]) -> None:
    """Let a server offer those prompts whose tools it has."""
    offered = {spec.name: spec for spec in specs if spec.tools <= set(tools)}

    async def list_prompts(_: ServerRequestContext[State, Any], __: PaginatedRequestParams) -> ListPromptsResult:
        return ListPromptsResult(prompts=[_listed(spec) for spec in offered.values()])

    async def get_prompt(_: ServerRequestContext[State, Any], params: GetPromptRequestParams) -> GetPromptResult:
        spec, given = offered.get(params.name), params.arguments or {}
        if spec is None:
            raise MCPError(INVALID_PARAMS, f"Unknown prompt: {params.name[:100]}. Available: {', '.join(offered)}.")
        if missing := [name for name in spec.required if not given.get(name, "").strip()]:
            raise MCPError(INVALID_PARAMS, f"Prompt {spec.name} is missing {' and '.join(missing)}.")
        return GetPromptResult(description=spec.description, messages=spec.render(given))

    serve(server, "prompts/list", PaginatedRequestParams, list_prompts)
    serve(server, "prompts/get", GetPromptRequestParams, get_prompt)


def _listed(spec: PromptSpec) -> Prompt:
    arguments = [
        PromptArgument(name=name, description=text, required=name in spec.required)
        for name, text in {**spec.required, **spec.optional}.items()
    ]
    return Prompt(name=spec.name, title=spec.title, description=spec.description, arguments=arguments)
