"""The commands that a score judges with, skip_when_command and command_succeeds: how they run, and when they say nothing."""

import shutil
import signal

from podium.conductor.processes.run import CANNOT_RUN, Finished
from podium.logs.rewriting import as_seen, last_state

NOT_FOUND = 127


def in_bash(command: str) -> list[str]:
    """Return what runs a command in the bash that also plays sheets."""
    return [shutil.which("bash") or "/bin/bash", "-c", command]


def unjudged(done: Finished, timeout_seconds: float) -> str:
    """Return why a command that has ended says neither yes nor no, "" if its exit code is its answer."""
    if done.timed_out:
        return f"still running after {timeout_seconds:g} s, so it was stopped"
    if done.exit_code < 0:
        return f"ended by signal {-done.exit_code}"
    if done.exit_code == NOT_FOUND:
        return "exit code 127: a command was not found"
    if done.exit_code == CANNOT_RUN:
        return "exit code 126: it could not be run"
    number = done.exit_code - 128
    # bash reports so that a command in it was ended by a signal. Signals from 32 on have no meaning of their own.
    if any(each == number for each in signal.Signals if each < 32):
        return f"exit code {done.exit_code}: a command was ended by signal {number}"
    return ""


def last_line(done: Finished) -> str:
    """Return the last line of a command's output, as it is seen."""
    line = done.output.strip().rpartition("\n")[2].encode("utf-8", "replace")
    begin, end = last_state(line)
    return as_seen(line[begin:end]).decode()
