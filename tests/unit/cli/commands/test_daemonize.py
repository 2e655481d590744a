"""A background process that is really nobody's: tried with real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.podium_home import until

# Tells about itself in a file, atomically, and ends.
REPORT = """
import json, os, sys
fds = sorted(map(int, os.listdir("/proc/self/fd")))
facts = {"pid": os.getpid(), "session": os.getsid(0), "cwd": os.getcwd(), "fds": fds}
print("to the log", file=sys.stderr, flush=True)
open(sys.argv[1] + ".new", "w").write(json.dumps(facts))
os.rename(sys.argv[1] + ".new", sys.argv[1])
"""
CALLER = """
import os, sys
from pathlib import Path
from podium.cli.commands.start.daemonize import spawn
held = os.open(sys.argv[1], os.O_RDONLY); os.set_inheritable(held, True)
print(spawn([sys.executable, "-c", sys.argv[2], sys.argv[3]], Path(sys.argv[4])))
"""


def wait_for_file(path: Path) -> dict[str, Any]:
    """Return the report once it is there."""
    until(path.exists)
    facts: dict[str, Any] = json.loads(path.read_text())
    return facts


@pytest.fixture
def spawned(tmp_path: Path) -> tuple[int, dict[str, Any], str]:
    """Return the pid that `spawn` told its caller, what the process said of itself, and its log."""
    report, log = tmp_path / "report", tmp_path / "log"
    done = subprocess.run(
        [sys.executable, "-c", CALLER, __file__, REPORT, str(report), str(log)],
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    return int(done.stdout), wait_for_file(report), log.read_text()


def test_the_process_is_the_one_whose_pid_was_told(spawned: tuple[int, dict[str, Any], str]) -> None:
    pid, facts, _ = spawned
    assert facts["pid"] == pid


def test_the_process_is_in_a_session_of_its_own_that_it_does_not_lead(
    spawned: tuple[int, dict[str, Any], str],
) -> None:
    pid, facts, _ = spawned
    assert facts["session"] not in {pid, os.getsid(0)}


def test_the_process_inherits_no_descriptor_and_no_folder(spawned: tuple[int, dict[str, Any], str]) -> None:
    _, facts, _ = spawned
    assert facts["fds"][:3] == [0, 1, 2]
    assert len(facts["fds"]) <= 4  # the fourth is the listing of the folder itself
    assert facts["cwd"] == "/"


def test_the_output_goes_to_the_log(spawned: tuple[int, dict[str, Any], str]) -> None:
    assert spawned[2] == "to the log\n"


def test_a_command_that_does_not_exist_says_so_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"from pathlib import Path; from podium.cli.commands.start.daemonize import spawn; spawn(['/nonexistent'], Path({str(log)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=50)
    until(lambda: "No such file" in log.read_text())
