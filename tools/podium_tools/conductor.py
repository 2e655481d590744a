"""`conductor_status`: which conductor answers, and what it can do."""

from podium.contract.conductors import ConductorView
from podium.contract.ports import JobControl
from podium_tools.calls import call
from podium_tools.results import Omitted, Result, counted
from podium_tools.spec import READ, Call, NoArgs, ToolSpec


class StatusResult(Result):
    """The conductor and its load. `missing` names tools that it cannot serve; `limits` are `name=number`, unit in the name.

    `processes` are those that work for it, one a line."""

    product: str  # which program it is: podium, or marianne
    version: str  # of the program
    protocol: str  # of the wire
    pid: int  # of the conductor
    uptime_seconds: float  # since it was started
    running_jobs: int  # jobs whose status is running
    queued_jobs: int  # jobs that wait for a place to run
    jobs_total: int  # how many it knows, ended ones too
    running_sheets: int  # sheets that run now on its own machine
    cluster_sheets: Omitted[int]  # sheets that it has on a cluster, in its queue too
    max_sheets: int  # at most so many run at once on its own machine, of all jobs
    engines: Omitted[list[str]]  # where sheets run, how many, and whether it works
    memory_mb: float  # of the conductor's own process, in MiB
    accepting_work: bool  # false while it is stopping
    socket: str  # where it listens
    features: list[str]  # what it can do beyond the common protocol
    missing: list[str]  # tools that it cannot serve
    instruments: list[str]  # programs that can play sheets and are installed
    limits: list[str]  # `name=number`, with the unit in the name
    not_available: Omitted[list[str]]  # what it does not do that one might expect
    survives_restart: Omitted[str]  # what becomes of running sheets when it is started anew
    processes: list[str]  # those that work for it, one a line
    containment: str  # how the processes of a sheet are kept together
    store_trouble: str  # why its state cannot be written, and since when


def _sentence(view: ConductorView) -> str:
    """Return which conductor answers and how busy it is."""
    sheets = (
        f", {view.running_sheets} of at most {view.max_sheets} sheets running{view.beside}" if view.max_sheets else ""
    )
    sheets += f" ({view.resources} in use)" if view.resources else ""
    state = "" if view.accepting_work else " It is not accepting new jobs now."
    others = "; what else it does not do is in not_available" if view.not_available else ""
    missing = f" It does not support: {', '.join(view.missing)}{others}." if view.missing else ""
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
