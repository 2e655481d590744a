"""Measuring on a machine that does other things too: runs in turn, medians, and CPU time beside the wall clock."""

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.interrupts import Interrupts

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 2**20

Run = Callable[[], float]


def in_turn(rounds: int, *runs: Run) -> tuple[float, ...]:
    """Make every run once a round, every other round in reverse, and return the median of each.

    A burst of foreign load so hits all of them, and none is always the first after it.
    """
    samples: dict[int, list[float]] = {index: [] for index in range(len(runs))}
    for turn in range(rounds):
        for index in sorted(samples, reverse=bool(turn % 2)):
            samples[index].append(runs[index]())
    return tuple(statistics.median(samples[index]) for index in range(len(runs)))


def mean_ms(call: Callable[[], object], times: int) -> float:
    """Return the mean milliseconds of a call that is made so many times in a row."""
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) / times * 1000


def seconds_of(call: Callable[[], object]) -> float:
    """Return the seconds that one call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def output_of(
    interrupts: Interrupts, words: Sequence[str], env: Mapping[str, str] | None = None, *, stderr: int | None = None
) -> str:
    """Run a command and return what it prints. When we are interrupted, nothing is left of it and what it has started.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    with interrupts.whole(_group(words, env, stderr)) as process:
        output, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)
    return output


@contextmanager
def _group(
    words: Sequence[str], env: Mapping[str, str] | None, stderr: int | None
) -> Iterator["subprocess.Popen[str]"]:
    """Run a command in a process group of its own, and kill what is left of it."""
    piped = subprocess.PIPE
    with subprocess.Popen(words, env=env, stdout=piped, stderr=stderr, text=True, cwd="/", process_group=0) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Usage:
    """What a process has used: its own CPU seconds without its children, and resident MiB now."""

    cpu_seconds: float
    resident_mb: float

    @classmethod
    def of(cls, pid: int) -> "Usage":
        """Read the usage of a process."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return cls((int(fields[11]) + int(fields[12])) / TICKS, int(fields[21]) * PAGE / MIB)


def children_of(pid: int) -> set[int]:
    """Return the pids of a process's children, whichever of its threads has started them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for each in lists for child in each.read_text().split()}


def sockets_of(pid: int) -> int:
    """Return how many sockets a process holds open."""
    links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return sum(str(link).startswith("socket:") for link in links)
