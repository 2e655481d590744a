"""The client's half of the tasks extension (SEP-2663), as an agent's client would have it: ask until a task has ended."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

import anyio
from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.types import CallToolResult, Request, RequestParams, Result
from pydantic import ConfigDict, Field

EXTENSION = "io.modelcontextprotocol/tasks"


class TaskResult(Result):
    """A task, as a call answers with it and as it is asked for."""

    model_config = ConfigDict(extra="allow")

    result_type: Literal["task"] = Field(alias="resultType")
    task_id: str = Field(alias="taskId")
    status: str
    ttl_ms: int | None = Field(alias="ttlMs")
    poll_interval_ms: int = Field(alias="pollIntervalMs")
    status_message: str = Field(default="", alias="statusMessage")


class DetailedTask(Result):
    """A task with what its status adds."""

    model_config = ConfigDict(extra="allow")

    task_id: str = Field(alias="taskId")
    status: str
    created_at: str = Field(alias="createdAt")
    last_updated_at: str = Field(alias="lastUpdatedAt")
    ttl_ms: int | None = Field(alias="ttlMs")
    status_message: str = Field(default="", alias="statusMessage")
    result: dict[str, Any] | None = None


class Acknowledged(Result):
    """The answer to an update or a cancel."""

    model_config = ConfigDict(extra="allow")


class TaskParams(RequestParams):
    """Names a task; on HTTP its header does too."""

    task_id: str = Field(alias="taskId")
    input_responses: dict[str, Any] | None = Field(default=None, alias="inputResponses")


class GetTask(Request[TaskParams, Literal["tasks/get"]]):
    method: Literal["tasks/get"] = "tasks/get"
    params: TaskParams
    name_param = "taskId"


class CancelTask(Request[TaskParams, Literal["tasks/cancel"]]):
    method: Literal["tasks/cancel"] = "tasks/cancel"
    params: TaskParams
    name_param = "taskId"


class UpdateTask(Request[TaskParams, Literal["tasks/update"]]):
    method: Literal["tasks/update"] = "tasks/update"
    params: TaskParams
    name_param = "taskId"


class TasksClient(ClientExtension):
    """Takes tasks; `polled` is told each one that was asked for."""

    identifier = EXTENSION

    def __init__(self, polled: Callable[[DetailedTask], Awaitable[None]] | None = None) -> None:
        self._polled = polled

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return (ResultClaim(result_type="task", model=TaskResult, resolve=self._resolve),)

    async def _resolve(self, begun: TaskResult, context: ClaimContext) -> CallToolResult:
        while True:
            request = GetTask(params=TaskParams(task_id=begun.task_id))
            task = await context.session.send_request(request, DetailedTask)
            if self._polled:
                await self._polled(task)
            if task.status == "completed":
                return CallToolResult.model_validate(task.result)
            assert task.status == "working", task.status
            await anyio.lowlevel.checkpoint()


async def begin(client: Client, tool: str, **arguments: Any) -> TaskResult | CallToolResult:
    """Make a call and return the task that it answers with, or its result where it makes none."""
    found = await client.session.call_tool(tool, arguments, allow_claimed=True)
    assert isinstance(found, TaskResult | CallToolResult)
    return found


async def task_of(client: Client, tool: str, **arguments: Any) -> TaskResult:
    """Make a call that must answer with a task."""
    found = await begin(client, tool, **arguments)
    assert isinstance(found, TaskResult)
    return found


async def look(client: Client, task_id: str) -> DetailedTask:
    """Ask for a task."""
    return await client.session.send_request(GetTask(params=TaskParams(task_id=task_id)), DetailedTask)


async def cancel(client: Client, task_id: str) -> None:
    """Cancel a task."""
    await client.session.send_request(CancelTask(params=TaskParams(task_id=task_id)), Acknowledged)


async def update(client: Client, task_id: str, answers: dict[str, Any]) -> None:
    """Answer a task."""
    params = TaskParams(task_id=task_id, input_responses=answers)
    await client.session.send_request(UpdateTask(params=params), Acknowledged)
