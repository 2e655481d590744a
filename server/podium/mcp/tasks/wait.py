"""`wait_for_job` as a task. This server keeps nothing: the id holds what the task waits for, and the conductor has the state of
the jobs and keeps the end of the task, so that it never changes again. Cancelling a task ends the wait, never a job.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Mapping
from typing import Any

from mcp.server.context import CallNext, HandlerResult
from mcp.types import CallToolRequestParams, CallToolResult

from podium.client.signs import joined, split
from podium.contract.ports import JobControl
from podium.contract.waits import WaitView
from podium.errors import ConductorError, PodiumError
from podium.log import get_logger
from podium.mcp.calls.arguments import check
from podium.mcp.calls.results import failure, safe, success
from podium.mcp.tasks.extension import RequestContext, Task, TaskPort
from podium.mcp.tasks.ticket import Signer, Ticket
from podium_tools.names import by_name
from podium_tools.results import state_of
from podium_tools.wait import WAIT_FOR_JOB, WaitArgs, look_beside, wait_result

log = get_logger()

POLL_MS = 1000
KEPT_SECONDS = 3600.0  # how long after its deadline a task can still be read
SHOWN = 3  # jobs in a status message
MOST_SEARCHED = 256  # tasks of which a server remembers how far it searched


class WaitTasks(TaskPort):
    """Tasks of `wait_for_job`; every other call is made as usual."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        # By key: how far a task's output was searched for its pattern, and how many bytes before that could not be.
        self._searched: OrderedDict[str, tuple[str, int]] = OrderedDict()

    async def begin(
        self, ctx: RequestContext, params: CallToolRequestParams, call_next: CallNext
    ) -> Task | HandlerResult:
        """Return a task for a call that has to wait; otherwise the tool answers at once."""
        if params.name != WAIT_FOR_JOB.name:
            return await call_next(ctx)
        port: JobControl = ctx.lifespan_context.port
        try:
            args = check(WAIT_FOR_JOB.name, WaitArgs, params.arguments or {})
            key = secrets.token_hex(16)
            await port.task_state(key)  # a conductor without tasks refuses this

            def look(args: WaitArgs) -> Awaitable[WaitView]:
                return port.wait(
                    args.job_ids, until=args.until, timeout_seconds=0, after=args.after, pattern=args.pattern
                )

            view = await by_name(WAIT_FOR_JOB, args, look)
            ids = tuple(job.job_id for job in view.jobs)
            if view.woke_for == "timeout" and args.timeout_seconds:
                # Output that could not be searched is passed by again, so that the task's end tells of it.
                after = joined(split(view.after)[0], split(args.after)[1]) if view.unsearched else view.after
                ticket = Ticket(key, time.time(), args.timeout_seconds, args.until, after, ids, args.pattern)
                log.info("task_begun", task=key, jobs=len(ids))
                return _working(await self._signer.sign(ticket), ticket, _message(view))
        except PodiumError:
            pass  # the call itself reports the error; a conductor without tasks needs no report
        except OSError as error:
            log.warning("task_key_unusable", reason=str(error))
        return await call_next(ctx)

    async def look(self, ctx: RequestContext, task_id: str) -> Task | None:
        """Return the end that the conductor keeps, or the current state of the jobs if there is none yet."""
        ticket = await self._signer.read(task_id)
        if ticket is None or time.time() > ticket.deadline + KEPT_SECONDS:
            return None
        port: JobControl = ctx.lifespan_context.port
        try:
            end = await port.task_state(ticket.key)
            if end is None:
                found = await self._found(port, ticket)
                if isinstance(found, str):
                    return _working(task_id, ticket, found)
                end = await port.task_state(ticket.key, end=found)
        except ConductorError as error:  # it may be restarting; a task outlives that until its time is over
            if ticket.waits(time.time()):
                return _working(task_id, ticket, error.message)
            end = _completed(failure(error))
        end = end or {}
        updated = float(end.get("at", ticket.started))
        facts = {"result": end["result"]} if "result" in end else None
        return Task(task_id, end["status"], ticket.started, updated, _ttl_ms(ticket), POLL_MS, facts=facts)

    async def answer(self, ctx: RequestContext, task_id: str, answers: Mapping[str, Any]) -> None:
        """Do nothing: a wait requests no input."""

    async def cancel(self, ctx: RequestContext, task_id: str) -> None:
        """Make the conductor record that the wait was cancelled."""
        if ticket := await self._signer.read(task_id):
            await ctx.lifespan_context.port.task_state(ticket.key, end={"status": "cancelled", "at": time.time()})
            log.info("task_cancelled", task=ticket.key)

    async def _found(self, port: JobControl, ticket: Ticket) -> dict[str, Any] | str:
        """Return the end of a wait that is over, else a message with the state of the jobs."""
        try:
            events, position = split(ticket.after)
            position, unsearched = self._searched.get(ticket.key, (position, 0))
            view = await port.wait(
                ticket.job_ids,
                until=ticket.until,
                timeout_seconds=0,
                after=joined(events, position),
                pattern=ticket.pattern,
            )
            view = view.model_copy(update={"unsearched": view.unsearched + unsearched})
        except ConductorError:
            raise
        except PodiumError as error:  # a job was deleted meanwhile
            return _completed(failure(error))
        now = time.time()
        if view.woke_for == "timeout" and ticket.waits(now):
            self._note_searched(ticket, view)
            return _message(view)
        waited = view.model_copy(update={"waited_seconds": ticket.waited_seconds(now)})
        args = WaitArgs(
            job_ids=list(ticket.job_ids),
            until=ticket.until,
            timeout_seconds=ticket.timeout_seconds,
            pattern=ticket.pattern,
        )
        return _completed(success(wait_result(waited, args, await look_beside(port, waited))))

    def _note_searched(self, ticket: Ticket, view: WaitView) -> None:
        """Remember how far the output was searched; a server that does not know searches from the task's beginning."""
        if ticket.pattern:
            self._searched[ticket.key] = split(view.after)[1], view.unsearched
            self._searched.move_to_end(ticket.key)
            while len(self._searched) > MOST_SEARCHED:
                self._searched.popitem(last=False)


def _completed(result: CallToolResult) -> dict[str, Any]:
    """Return the end of a wait with a result, which may be an error of the tool."""
    return {
        "status": "completed",
        "at": time.time(),
        "result": result.model_dump(by_alias=True, mode="json", exclude_none=True),
    }


def _message(view: WaitView) -> str:
    """Return the state of the jobs, for people who look at the task."""
    more = len(view.jobs) - SHOWN
    return safe(" ".join(map(state_of, view.jobs[:SHOWN])) + (f" And {more} more jobs." if more > 0 else ""))


def _working(task_id: str, ticket: Ticket, message: str) -> Task:
    return Task(task_id, "working", ticket.started, time.time(), _ttl_ms(ticket), POLL_MS, message)


def _ttl_ms(ticket: Ticket) -> int:
    return int((ticket.timeout_seconds + KEPT_SECONDS) * 1000)
