"""How results write the next call: a tool's name with its arguments, ready to use."""

import json
from collections.abc import Sequence

from podium.contract.models import JobView
from podium_tools.spec import Args

TO_FILL_IN = ...  # stands for an argument that only the caller can give


def call(tool: str, **arguments: object) -> str:
    """Return `tool(name="value", ...)`; arguments that are "" or None are left out."""
    given = [
        f"{name}={'...' if value is TO_FILL_IN else json.dumps(value, ensure_ascii=False)}"
        for name, value in arguments.items()
        if value not in ("", None)
    ]
    return f"{tool}({', '.join(given)})"


def again(tool: str, arguments: Args, **changes: object) -> str:
    """Return a call with these arguments and changes; arguments with their default value are left out."""
    fields = type(arguments).model_fields
    asked = {**arguments.model_dump(), **changes}
    return call(tool, **{name: value for name, value in asked.items() if value != fields[name].default})


def wait_call(job_ids: Sequence[str], after: str = "") -> str:
    """Return the call that waits for these jobs."""
    return call("wait_for_job", job_ids=list(job_ids), after=after)


def next_call(job: JobView) -> str:
    """Return the call that follows from a job's state, "" if only the caller can decide: pauses and cancels are deliberate."""
    if job.status == "failed" or job.stuck:
        return call("explain_job", job_id=job.job_id)
    if job.status == "completed":
        return call("list_artifacts", job_id=job.job_id)  # `following` looks whether there are any
    return "" if job.settled else wait_call([job.job_id], job.cursor)
