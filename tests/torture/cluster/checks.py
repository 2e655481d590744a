"""What has to hold on a cluster besides what holds everywhere: no secret in Slurm's hands, and nothing of ours that nobody needs."""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.support.podium_home import until
from tests.support.slurm.processes import with_variable
from tests.torture.cluster.ground import Ground
from tests.torture.facts import read_rows
from tests.torture.walk import Violation

STRAY_SECONDS = 10.0  # for what a conductor has started and that is on its way out when it has stopped
LEFT_SECONDS = 60.0  # for lanes to end by themselves, and pools to be removed
READABLE = 0o044


def check_secret(ground: Ground, home: Path, secret: str) -> None:
    """A value of the conductor's environment is nowhere in what Slurm keeps, and in no file that others may read."""
    told = [path for path in _files(ground.lab.folder / "state", ground.lab.folder / "spool") if _has(path, secret)]
    others = _files(ground.disk.now, home, ground.lab.folder)
    told += [path for path in others if _is_readable(path) and _has(path, secret)]
    shown = ground.lab.run("scontrol", "show", "job") if ground.lanes() else ""
    if told or secret in shown:
        raise Violation("secrets", f"a value of the environment is in {told or 'scontrol show job'}")


def _files(*folders: Path) -> Iterator[Path]:
    for top in folders:
        for folder, _, names in os.walk(top):
            yield from (Path(folder, name) for name in names)


def _is_readable(path: Path) -> bool:
    try:
        return bool(path.lstat().st_mode & READABLE) and path.is_file() and not path.is_symlink()
    except OSError:
        return False


def _has(path: Path, secret: str) -> bool:
    try:
        return secret.encode() in path.read_bytes()
    except OSError:
        return False


def check_left(ground: Ground) -> None:
    """When all jobs are deleted, lanes end, and nothing of jobs is left in the shared folder but the program."""

    def left() -> list[str]:
        found = [str(each.relative_to(ground.disk.place)) for each in ground.disk.find("*/*/*") if _is_ours(each)]
        return found + [f"lane {each.lane} {each.state}" for each in ground.lanes()]

    try:
        until(lambda: not left(), seconds=LEFT_SECONDS)
    except AssertionError as error:
        raise Violation("left", f"nobody needs {left()}") from error


def _is_ours(path: Path) -> bool:
    return path.parts[-2] in {"jobs", "pools", "news"}


def check_deleted(ground: Ground, home: Path) -> None:
    """Of a deleted job nothing is in the shared folder, once it is removed."""
    rows = read_rows(home)
    known = set(rows.jobs) | rows.removals
    wrong = [each for each in ground.disk.find("*/jobs/*") if each.name not in known]
    if wrong and (wrong := [each for each in wrong if each.exists() and each.name not in read_rows(home).jobs]):
        raise Violation("files", f"left in the shared folder: {wrong}", *(each.name for each in wrong))


def check_strays(ground: Ground) -> None:
    """When the conductor has stopped, nothing runs on that it or a sheet has started: a command of Slurm's that hangs, say."""
    mark = f"PATH={ground.commands.folder}:"
    try:
        until(lambda: not with_variable(mark), seconds=STRAY_SECONDS)
    except AssertionError as error:
        raise Violation("processes", f"run on without a conductor: {with_variable(mark)}") from error
