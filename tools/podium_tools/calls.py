"""How results write the call that comes next: a tool's name with its arguments, ready to be made."""

import json
from collections.abc import Sequence


def call(tool: str, **arguments: object) -> str:
    """Return `tool(name="value", ...)`; arguments that are "" or None are left out."""
    given = {name: value for name, value in arguments.items() if value not in ("", None)}
    return f"{tool}({', '.join(f'{name}={json.dumps(value, ensure_ascii=False)}' for name, value in given.items())})"


def wait_call(job_ids: Sequence[str], after: str = "", until: str = "") -> str:
    """Return the call that waits for these jobs."""
    return call("wait_for_job", job_ids=list(job_ids), until=until, after=after)
