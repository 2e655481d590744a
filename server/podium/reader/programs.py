"""Which programs a plan needs: whether those of its `#!` lines are there, as far as that can be seen before a sheet starts, and
which ones the nodes of a cluster must have.
"""

import os

from podium.score.model.context import constant
from podium.score.model.plan import CLI, Plan
from podium.score.model.search import search_path
from podium.texts.interpreter import interpreter, missing_program

_LISTED = 5  # labels in a note


def missing_programs(plan: Plan, given_path: str = "") -> tuple[str, ...]:
    """Return a note for each program that is missing now; `given_path` is the PATH that came with the start.

    A line with a template in it is looked at when its sheet starts.
    """
    missing: dict[str, list[str]] = {}
    known: dict[tuple[str, str], str] = {}
    for sheet in plan.sheets if given_path or "PATH" not in plan.env_pass else ():  # the start will say where to look
        text = plan.templates[sheet.template]
        if sheet.on_cluster or sheet.instrument != CLI or not text.startswith("#!"):
            continue
        line, path = text.partition("\n")[0], search_path(plan, sheet, os.environ, given=given_path)
        if (line, path) not in known:
            known[line, path] = _missing(line, path, plan.workspace)
        if program := known[line, path]:
            missing.setdefault(program, []).append(sheet.label)
    return tuple(
        f"the program {program}, which the #! line of {_named(labels)} names, was not found on this machine."
        for program, labels in missing.items()
    )


def on_nodes(plan: Plan) -> tuple[str, ...]:
    """Return a note, or none, of the programs that are not looked for here, since the sheets that need them run on a cluster."""
    found: dict[str, list[str]] = {}
    for sheet in plan.sheets:
        if not sheet.on_cluster:
            continue
        line = plan.templates[sheet.template].partition("\n")[0]
        agents = [str(plan.profiles[name]["executable"]) for name in sheet.instruments if name != CLI]
        own = interpreter(line) if not agents and constant(line) is not None else None
        for program in agents or ([own.sought or own.program] if own else []):
            found.setdefault(program, []).append(sheet.label)
    listed = "; ".join(f"{program} for {_named(labels)}" for program, labels in found.items())
    return (
        (f"the nodes of the cluster must have {listed}. That is seen only when a sheet starts there.",) if found else ()
    )


def _missing(line: str, path: str, folder: str | None) -> str:
    found = interpreter(line) if constant(line) is not None else None
    if found is None or (folder is None and not all(each.startswith("/") for each in path.split(os.pathsep))):
        return ""
    return missing_program(found, path, folder or "/")


def _named(labels: list[str]) -> str:
    more = f" and {len(labels) - _LISTED} more" if len(labels) > _LISTED else ""
    return f"sheet{'s' if len(labels) > 1 else ''} {', '.join(labels[:_LISTED])}{more}"
