"""The processes of a Slurm cluster in a folder, as the kernel tells of them: those of its nodes, and of the jobs there."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from podium.conductor.processes import facts


def keepers_of_jobs(folder: Path, node: str) -> list[int]:
    """Return the pids of a node's slurmstepd: they write the node's log."""
    log = str(folder / "log" / f"{node}.log")
    return [pid for pid in _pids() if _command(pid).startswith("slurmstepd") and log in _open_files(pid)]


def members_of_jobs(conf: Path, node: str) -> list[int]:
    """Return the pids of what jobs run on a node, whoever their parent is: their environment tells."""
    marks = {f"SLURM_CONF={conf}".encode(), f"SLURMD_NODENAME={node}".encode()}
    return [pid for pid in _pids() if marks <= _environment(pid)]


def with_variable(beginning: str) -> dict[int, str]:
    """Return pid -> name of the program of what has a variable in its environment that begins like this."""
    start = beginning.encode()
    pids = [pid for pid in _pids() if any(each.startswith(start) for each in _environment(pid))]
    return {pid: _command(pid).strip() for pid in pids}


def with_descendants(pids: Iterable[int]) -> set[int]:
    """Return these processes and all that descend from them now."""
    found = set(pids)
    parents = {pid: stat.parent for pid in _pids() if (stat := facts.read_stat(pid))}
    while more := {pid for pid, parent in parents.items() if parent in found and pid not in found}:
        found |= more
    return found


def waits_for_a_disk(pid: int) -> bool:
    """Return whether a process waits so that not even KILL reaches it, as it does for a file system that is frozen."""
    stat = facts.read_stat(pid)
    return stat is not None and stat.state == "D"


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to processes that may have ended."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _pids() -> Iterator[int]:
    own = os.getpid()
    return (int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal() and int(each.name) != own)


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(errors="replace")
    return ""


def _open_files(pid: int) -> set[str]:
    found: set[str] = set()
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(link.readlink()))
    return found


def _environment(pid: int) -> set[bytes]:
    with suppress(OSError):
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    return set()
