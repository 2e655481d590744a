"""Jobs called by their names: a tool that reads takes the name that only one job has, a tool that changes something wants the id.

An id always wins, and costs nothing: only a job that the conductor does not know by its id is looked for by its name.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

from podium.errors import AmbiguousName, JobNotFound
from podium_tools.calls import TO_FILL_IN, again
from podium_tools.spec import AnyTool, Args

_LONG = 200  # characters of an argument that a fix does not repeat
In = TypeVar("In", bound=Args)
Out = TypeVar("Out")


async def by_name(tool: AnyTool, args: In, ask: Callable[[In], Awaitable[Out]]) -> Out:
    """Return the answer to a call of `tool`, asked again with the id of a job where the call has its name.

    Raises:
        AmbiguousName: several jobs have the name.
        JobNotFound: no job has this id or name; or the tool changes something, and the fix has the id.
    """
    for _ in range(1 + len(getattr(args, "job_ids", [""]))):
        try:
            return await ask(args)
        except JobNotFound as error:
            args = _with_id(tool, args, error)
    return await ask(args)


def _with_id(tool: AnyTool, args: In, error: JobNotFound) -> In:
    """Return the arguments with the id in place of the name that was not found."""
    name = str(error.facts.get("job_id"))
    ids = [str(each["job_id"]) for each in error.facts.get("named") or ()]
    if not ids:
        raise error
    if error.facts["named_total"] > 1:
        _refuse(tool, args, error, ids)
    if tool.risk != "read":
        raise JobNotFound(error.message, fix=_call(tool, args, ids[0]), job_id=name, near=ids)
    return args.model_copy(update=_changes(args, name, ids[0]))


def _refuse(tool: AnyTool, args: Args, error: JobNotFound, ids: list[str]) -> NoReturn:
    """Raise the error for a name that several jobs have; only a tool that reads gets a call for the newest."""
    name, named = error.facts["job_id"], error.facts["named"]
    facts = {"name": name, "jobs": named, "jobs_total": error.facts["named_total"]}
    if tool.risk == "read":
        newest = _call(tool, args, ids[0], name)
        raise AmbiguousName(error.message, fix=f"Give the id that you mean; for the newest job: {newest}", **facts)
    raise AmbiguousName(error.message, fix=f"Give the id that you mean: {_call(tool, args, TO_FILL_IN)}", **facts)


def _call(tool: AnyTool, args: Args, job_id: object, name: str = "") -> str:
    """Return the call with the id; long texts, which the caller has, are left to be filled in."""
    long = {key: TO_FILL_IN for key, value in args if isinstance(value, str) and len(value) > _LONG}
    return again(tool.name, args, **{**long, **_changes(args, name, job_id)})


def _changes(args: Args, name: str, job_id: object) -> dict[str, Any]:
    """Return the argument that has the id in place of the name, each id once."""
    ids = getattr(args, "job_ids", None)
    if ids is None:
        return {"job_id": job_id}
    return {"job_ids": list(dict.fromkeys(job_id if each == name else each for each in ids))}
