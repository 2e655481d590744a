"""`conductor_status`: which conductor answers, and what it can do."""

from podium.contract.conductors import ConductorView
from podium.contract.ports import JobControl
from podium_tools.calls import call
from podium_tools.results import Omitted, Result, counted
from podium_tools.spec import READ, Call, NoArgs, ToolSpec


class StatusResult(Result):
    """The conductor and its load. `missing` names tools that it cannot serve; `limits` are `name=number`, unit in the name.

    `processes` are those that work for it, one a line."""

    product: str
    version: str
    protocol: str
    pid: int
    uptime_seconds: float
    running_jobs: int
    queued_jobs: int
    jobs_total: int
    running_sheets: int
    max_sheets: int
    memory_mb: float
    accepting_work: bool
    socket: str
    features: list[str]
    missing: list[str]
    instruments: list[str]
    limits: list[str]
    not_available: Omitted[list[str]]
    survives_restart: Omitted[str]
    processes: list[str]
    containment: str
    store_trouble: str


def _sentence(view: ConductorView) -> str:
    """Return which conductor answers and how busy it is."""
    sheets = f", {view.running_sheets} of at most {view.max_sheets} sheets running" if view.max_sheets else ""
    state = "" if view.accepting_work else " It is not accepting new jobs now."
    missing = f" It does not support: {', '.join(view.missing)}." if view.missing else ""
    if view.store_trouble:
        state += f" It cannot store anything: {view.store_trouble}. Changes are refused, and ends of sheets are stored later."
    who = f"{view.product} {view.version}".strip()
    return f"{who} is responding: {counted(view.running_jobs, 'job')} running, {view.queued_jobs} queued{sheets}.{state}{missing}"


async def _status(port: JobControl, _args: NoArgs, _call: Call) -> StatusResult:
    """Ask the conductor for its status."""
    view = await port.conductor()
    fields = set(StatusResult.model_fields) & set(ConductorView.model_fields) - {"limits", "processes"}
    limits = [f"{name}={limit:.15g}" for name, limit in view.limits.items()]
    facts = view.model_dump(include=fields)
    processes = [each.line for each in view.processes]
    return StatusResult(summary=_sentence(view), next=call("list_jobs"), limits=limits, processes=processes, **facts)


CONDUCTOR_STATUS = ToolSpec(
    name="conductor_status",
    title="Check the conductor",
    description=(
        "Show which conductor (the daemon that runs the jobs) answers, its version, load, "
        "limits, instruments, and unsupported tools. If none is running, the error CONDUCTOR_NOT_RUNNING gives "
        "the command that starts one."
    ),
    risk="read",
    hints=READ,
    arguments=NoArgs,
    result=StatusResult,
    handler=_status,
)
