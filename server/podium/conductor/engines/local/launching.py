"""What an attempt needs before it starts: a workspace that answers, and the command that runs it."""

import os
import stat
from pathlib import Path

import anyio
from anyio.to_thread import run_sync

from podium.conductor.engines.command import command
from podium.conductor.engines.local.attempt import Running
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes import facts
from podium.conductor.processes.keepers.child import Start

LOOK_SECONDS = 5.0  # for a workspace; longer only on a disk that does not answer
# A name without a slash is looked up in the sheet's own PATH.
MAX_STRING_BYTES = 131_072  # of one variable or argument with its NUL: MAX_ARG_STRLEN of Linux


def is_own_folder(spec: AttemptSpec) -> bool:
    """Return whether the workspace is a plain folder in our home: looking there takes no longer than writing to the store."""
    try:
        return spec.workspace_is_ours and stat.S_ISDIR(os.lstat(spec.workspace).st_mode)
    except OSError:
        return False


async def unusable(workspaces: set[Path]) -> dict[Path, str]:
    """Return which workspaces cannot be entered, and why; one that does not answer holds up only itself."""
    with anyio.move_on_after(LOOK_SECONDS):
        return await run_sync(_closed, workspaces, abandon_on_cancel=True)
    if len(workspaces) == 1:
        return {workspace: f"the workspace {workspace} does not answer" for workspace in workspaces}
    found: dict[Path, str] = {}
    for workspace in workspaces:
        found |= await unusable({workspace})
    return found


def _closed(workspaces: set[Path]) -> dict[Path, str]:
    return {each: f"cannot change to workspace {each}" for each in workspaces if not os.access(each, os.X_OK)}


def start_of(running: Running, bash: str, cgroup: str) -> Start:
    """Return what to ask the keeper for; `cgroup` is the control group to make, "" for none."""
    spec, folder = running.spec, running.folder
    return Start(
        running.key,
        command(spec, bash, folder.script),
        {**spec.env, facts.MARKER: spec.key},
        stdin=folder.script if spec.stdin_script else os.devnull,
        stdout=folder.stdout,
        stderr=folder.stderr,
        cgroup=cgroup,
        folder=str(folder.path),
        script=spec.script,
    )


def too_long(start: Start) -> str:
    """Return why the system refuses a start as too long: its environment or its command, and what makes most of it.

    "" if that cannot be seen: of an attempt that is taken over the environment is not known.
    """
    variables = {**os.environ, **start.env}
    sizes = {name: len(os.fsencode(f"{name}={value}")) + 1 for name, value in variables.items()}
    largest = max(sizes, key=sizes.__getitem__)
    if sizes[largest] > MAX_STRING_BYTES:
        size = sizes[largest]
        return (
            f"the environment variable {largest} has {size} bytes; the system takes at most {MAX_STRING_BYTES} for one"
        )
    total, words = sum(sizes.values()), sum(len(os.fsencode(each)) + 1 for each in start.argv)
    if total + words < os.sysconf("SC_ARG_MAX") // 2:  # the system counts more than these bytes
        return ""
    if words > total:
        return f"its command has {words} bytes, more than the system takes"
    return (
        f"its environment has {total} bytes in {len(sizes)} variables, more than the system takes for the start of a program; "
        f"the longest is {largest} with {sizes[largest]}"
    )
