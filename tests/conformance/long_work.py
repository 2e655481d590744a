"""The tasks that the conformance suite expects, on the same small port as the product's own.

A task here is a plan of what it will be at which time, so nothing runs in the background.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult
from mcp.server.mcpserver import Context, require_client_extension
from mcp.types import INTERNAL_ERROR, CallToolRequestParams, InputRequest, InputRequiredResult

from podium.mcp.calls.invoke import State
from podium.mcp.tasks.extension import EXTENSION, RequestContext, Task, TaskPort, TaskStatus
from tests.conformance.interaction import form, said

TTL_MS = 3_600_000
POLL_MS = 100
FAILS_AFTER_SECONDS = 0.5
Ctx = Context[State, Any]


@dataclass
class Planned:
    """A task that is ready at a time, unless it is cancelled or has questions open."""

    ready: float
    facts: Mapping[str, Any]
    status: TaskStatus = "completed"
    questions: dict[str, InputRequest] = field(default_factory=dict)
    created: float = field(default_factory=time.time)
    cancelled: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.cancelled or (not self.questions and time.time() >= self.ready)

    def seen(self, task_id: str) -> Task:
        """Return the task as it is now."""
        status: TaskStatus = "working"
        facts: Mapping[str, Any] = {}
        if self.cancelled:
            status = "cancelled"
        elif self.questions:
            status, facts = "input_required", {"inputRequests": _wire(self.questions)}
        elif self.over:
            status, facts = self.status, self.facts
        return Task(task_id, status, self.created, time.time(), TTL_MS, POLL_MS, facts=facts)


class SuiteTasks(TaskPort):
    """Tasks of the suite's tools; everything else is the product's."""

    def __init__(self, product: TaskPort) -> None:
        self._product = product
        self._tasks: dict[str, Planned] = {}

    async def begin(
        self, ctx: RequestContext, params: CallToolRequestParams, call_next: CallNext
    ) -> Task | HandlerResult:
        plan = PLANS.get(params.name)
        if plan is None:
            return await self._product.begin(ctx, params, call_next)
        planned = plan(params)
        if isinstance(planned, InputRequiredResult):
            return planned
        task_id = secrets.token_urlsafe(16)
        self._tasks[task_id] = planned
        # What it is now goes into tasks/get only: a call answers with a bare task.
        return Task(task_id, "working", planned.created, planned.created, TTL_MS, POLL_MS)

    async def look(self, ctx: RequestContext, task_id: str) -> Task | None:
        if (planned := self._tasks.get(task_id)) is None:
            return await self._product.look(ctx, task_id)
        return planned.seen(task_id)

    async def answer(self, ctx: RequestContext, task_id: str, answers: Mapping[str, Any]) -> None:
        for key in answers:
            self._tasks[task_id].questions.pop(key, None)

    async def cancel(self, ctx: RequestContext, task_id: str) -> None:
        planned = self._tasks[task_id]
        planned.cancelled = planned.cancelled or not planned.over


def _wire(questions: Mapping[str, InputRequest]) -> dict[str, Any]:
    return {key: each.model_dump(by_alias=True, mode="json", exclude_none=True) for key, each in questions.items()}


def _result(text: str, *, is_error: bool = False) -> dict[str, Any]:
    result = said(text).model_copy(update={"is_error": is_error})
    return {"result": result.model_dump(by_alias=True, mode="json", exclude_none=True)}


def _slow(params: CallToolRequestParams) -> Planned:
    seconds = float((params.arguments or {}).get("seconds", 0))
    return Planned(time.time() + seconds, _result(f"Computed in {seconds} s."))


def _failing(_: CallToolRequestParams) -> Planned:
    return Planned(time.time() + FAILS_AFTER_SECONDS, _result("This job always fails.", is_error=True))


def _broken(_: CallToolRequestParams) -> Planned:
    error = {"error": {"code": INTERNAL_ERROR, "message": "The job broke the server."}}
    return Planned(time.time() + FAILS_AFTER_SECONDS, error, status="failed")


def _confirmed(_: CallToolRequestParams) -> Planned:
    question = form("Delete it?", confirm={"type": "boolean"})
    return Planned(0, _result("Deleted."), questions={secrets.token_hex(4): question})


def _two_questions(_: CallToolRequestParams) -> Planned:
    questions: dict[str, InputRequest] = {
        secrets.token_hex(4): form(f"Question {number}", name={"type": "string"}) for number in (1, 2)
    }
    return Planned(0, _result("Both were answered."), questions=questions)


def _asks_first(params: CallToolRequestParams) -> Planned | InputRequiredResult:
    answer = (params.input_responses or {}).get("user_name")
    if answer is None:
        question = form("What is your name?", name={"type": "string"})
        return InputRequiredResult(input_requests={"user_name": question}, request_state="asked")
    name = (getattr(answer, "content", None) or {}).get("name")
    return Planned(0, _result(f"Hello, {name}!"))


PLANS = {
    "slow_compute": _slow,
    "failing_job": _failing,
    "protocol_error_job": _broken,
    "confirm_delete": _confirmed,
    "multi_input": _two_questions,
    "test_tool_with_task": _asks_first,
}


async def greet(name: str) -> str:
    """Greet."""
    return f"Hello, {name}!"


async def slow_compute(seconds: float = 0, label: str = "") -> str:
    """Take a while."""
    await anyio.sleep(min(seconds, 5))
    return f"Computed {label}."


async def failing_job(ctx: Ctx) -> str:
    """Fail, as a task only."""
    require_client_extension(ctx.request_context, EXTENSION)
    return "Not reached: a client that knows tasks gets one."


async def protocol_error_job() -> str:
    """Break the server, as a task."""
    return "Done."


async def confirm_delete(filename: str) -> str:
    """Delete after a question, as a task."""
    return f"Deleted {filename}."


async def multi_input() -> str:
    """Ask two questions, as a task."""
    return "Done."


async def test_tool_with_task(ctx: Ctx) -> str:
    """Ask first, then work, as a task only."""
    return await failing_job(ctx)


TOOLS = (greet, slow_compute, failing_job, protocol_error_job, confirm_delete, multi_input, test_tool_with_task)


def add_long_work(server: MCPServer[State]) -> None:
    """Give a server the tools of this file."""
    for function in TOOLS:
        server.add_tool(function, structured_output=False)
