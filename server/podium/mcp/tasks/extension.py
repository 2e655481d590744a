"""The protocol's tasks (SEP-2663): a call that would keep its client waiting returns a task, which the client then polls.

Only the stateless era has them, and only clients that declare the extension on the request get one. What a task is, and where
it is kept, is up to the `TaskPort`. No notifications are sent: the SDK's bus cannot carry them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp.server.context import CallNext, HandlerResult
from mcp.server.extension import MethodBinding
from mcp.server.mcpserver import Extension, require_client_extension
from mcp.types import HEADER_MISMATCH, INVALID_PARAMS, CallToolRequestParams, RequestParams
from pydantic import Field

from podium.mcp.calls.boundary import refusing
from podium.times import iso

EXTENSION = "io.modelcontextprotocol/tasks"
VERSIONS = frozenset({"2026-07-28"})
NAME_HEADER = "mcp-name"
ACKNOWLEDGED = {"resultType": "complete"}

RequestContext = ServerRequestContext[Any, Any]
TaskStatus = Literal["working", "input_required", "completed", "failed", "cancelled"]


@dataclass(frozen=True)
class Task:
    """A task as it is now. Times are seconds since the epoch; `facts` are the members that its status adds."""

    task_id: str
    status: TaskStatus
    created: float
    updated: float
    ttl_ms: int | None
    poll_ms: int
    message: str = ""
    facts: Mapping[str, Any] | None = None

    def wire(self) -> dict[str, Any]:
        """Return the task as the protocol's object."""
        return {
            "taskId": self.task_id,
            "status": self.status,
            **({"statusMessage": self.message} if self.message else {}),
            "createdAt": iso(self.created),
            "lastUpdatedAt": iso(self.updated),
            "ttlMs": self.ttl_ms,
            "pollIntervalMs": self.poll_ms,
            **(self.facts or {}),
        }


class TaskPort(Protocol):
    """Where tasks are made and kept. `look` is called before `answer` and `cancel`, so these get ids that it knows."""

    async def begin(
        self, ctx: RequestContext, params: CallToolRequestParams, call_next: CallNext
    ) -> Task | HandlerResult:
        """Return a new task or, if the call does not become one, its result by `call_next`."""

    async def look(self, ctx: RequestContext, task_id: str) -> Task | None:
        """Return a task as it is now, None if the id is not ours or has expired."""

    async def answer(self, ctx: RequestContext, task_id: str, answers: Mapping[str, Any]) -> None:
        """Give a task the input that it requested; other input is ignored."""

    async def cancel(self, ctx: RequestContext, task_id: str) -> None:
        """Cancel a task that has not ended."""


class TaskIdParams(RequestParams):
    """Parameters of `tasks/get` and `tasks/cancel`."""

    task_id: str = Field(alias="taskId")


class TaskUpdateParams(TaskIdParams):
    """Parameters of `tasks/update`."""

    input_responses: dict[str, Any] = Field(default_factory=dict, alias="inputResponses")


class Tasks(Extension):
    """The extension over a port."""

    identifier = EXTENSION

    def __init__(self, port: TaskPort) -> None:
        self._port = port

    def methods(self) -> tuple[MethodBinding, ...]:
        """Return the three methods, for the stateless era only."""
        return (
            MethodBinding("tasks/get", TaskIdParams, self._get, VERSIONS),
            MethodBinding("tasks/update", TaskUpdateParams, self._update, VERSIONS),
            MethodBinding("tasks/cancel", TaskIdParams, self._cancel, VERSIONS),
        )

    async def intercept_tool_call(
        self, params: CallToolRequestParams, ctx: RequestContext, call_next: CallNext
    ) -> HandlerResult:
        """Answer a call with a task if the client accepts tasks and the port makes one."""
        declared = ctx.session.client_capabilities
        if ctx.protocol_version not in VERSIONS or not declared or EXTENSION not in (declared.extensions or {}):
            return await call_next(ctx)
        with refusing(ctx.method):
            begun = await self._port.begin(ctx, params, call_next)
        return {"resultType": "task", **begun.wire()} if isinstance(begun, Task) else begun

    async def _get(self, ctx: RequestContext, params: TaskIdParams) -> HandlerResult:
        with refusing(ctx.method):
            return {**ACKNOWLEDGED, **(await self._known(ctx, params.task_id)).wire()}

    async def _update(self, ctx: RequestContext, params: TaskUpdateParams) -> HandlerResult:
        with refusing(ctx.method):
            await self._known(ctx, params.task_id)
            await self._port.answer(ctx, params.task_id, params.input_responses)
        return dict(ACKNOWLEDGED)

    async def _cancel(self, ctx: RequestContext, params: TaskIdParams) -> HandlerResult:
        with refusing(ctx.method):
            await self._known(ctx, params.task_id)
            await self._port.cancel(ctx, params.task_id)
        return dict(ACKNOWLEDGED)

    async def _known(self, ctx: RequestContext, task_id: str) -> Task:
        """Return the task.

        Raises:
            MCPError: the client did not declare tasks, its headers name another task, or the task is unknown.
        """
        require_client_extension(ctx, EXTENSION)
        headers = getattr(ctx.request, "headers", None)
        if headers is not None and headers.get(NAME_HEADER, "").strip() != task_id:
            raise MCPError(HEADER_MISMATCH, f"The header {NAME_HEADER} does not match the task in params.taskId.")
        task = await self._port.look(ctx, task_id)
        if task is None:
            raise MCPError(INVALID_PARAMS, "Failed to retrieve task: Task not found")
        return task
