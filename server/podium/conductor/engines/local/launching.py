"""What an attempt needs before it starts: its folder, its script, its control group, and the command that runs it."""

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from podium.conductor.engines.local.attempt import Running
from podium.conductor.engines.port import AttemptSpec, End
from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroup
from podium.conductor.processes.keepers.child import Start

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}  # an attempt that finds no space may start later
# bash reads the whole script before it runs any of it. A name without a slash is looked up in the sheet's own PATH.
PLAY = 'cd -- "$1" || exit 126; shift; . "$0"'
BECOME = 'cd -- "$1" || exit 126; shift; exec -- "$@"'


@dataclass(frozen=True)
class Prepared:
    """An attempt that can be started."""

    running: Running
    start: Start


def prepare(batch: Sequence[Running], bash: str, make_group: Callable[[str], Cgroup | None]) -> list[Prepared | End]:
    """Prepare attempts for their start; one that cannot start is told as its end. Blocks, also on the workspaces' disks."""
    return [_prepare(running, bash, make_group) for running in batch]


def _prepare(running: Running, bash: str, make_group: Callable[[str], Cgroup | None]) -> Prepared | End:
    spec, folder = running.spec, running.folder
    if not os.access(spec.workspace, os.X_OK):
        return running.end("launch_failed", detail=f"cannot change to workspace {spec.workspace}")
    try:
        folder.prepare(spec.script)
    except (OSError, ValueError) as error:
        passing = isinstance(error, OSError) and error.errno in FULL
        if passing:
            shutil.rmtree(spec.folder, ignore_errors=True)
        why = (isinstance(error, OSError) and error.strerror) or str(error)  # without the paths of our own files
        return running.end("never_started" if passing else "launch_failed", detail=why)
    group = make_group(running.key)
    start = Start(
        running.key,
        command(spec, bash, folder.script),
        {**spec.env, facts.MARKER: spec.key},
        stdin=folder.script if spec.stdin_script else os.devnull,
        stdout=folder.stdout,
        stderr=folder.stderr,
        cgroup=str(group.path) if group else "",
    )
    return Prepared(running, start)


def command(spec: AttemptSpec, bash: str, script: str) -> list[str]:
    """Return the command line of an attempt: bash in the workspace, which plays the script or becomes the instrument."""
    if spec.argv:
        return [bash, "-c", BECOME, "podium", str(spec.workspace), *spec.argv]
    return [bash, "-c", PLAY, script, str(spec.workspace)]
