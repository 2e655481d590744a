"""Completion in real shells: what is on the line after the tabulator was pressed, and that no name does anything there."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.listing import listing
from tests.support.shells import SECONDS, SHELLS, ShellSession, is_installed

# An id is a plain word; a foreign conductor need not know that, and sheets are called what the score likes.
NAMES = [
    "my job",
    "it's [x]",
    "a:b",
    "ünï→",
    'q"uo\\te',
    "x$(touch hit)",
    "bad\x1b[31m",
    "bad\ntouch hit",
    "bad\u202ename",
]
TYPED = {
    "podium sto": {"": "podium stop "},
    "podium run --work": {"": "podium run --workspace "},
    "podium call get_job job_id=my": {"": r"podium call get_job job_id=my\ job "},
    "podium call get_job job_id=it": {"": r"podium call get_job job_id=it\'s\ \[x\] "},
    "podium call get_job job_id=a:": {"": "podium call get_job job_id=a:b "},
    "podium call get_job job_id=ü": {"": "podium call get_job job_id=ünï→ "},
    "podium call get_job job_id=x": {"": r"podium call get_job job_id=x\$\(touch\ hit\) "},
    "podium call get_job 'job_id=q": {
        "": "podium call get_job 'job_id=q\"uo\\te' ",
        "fish": "podium call get_job 'job_id=q\"uo\\\\te' ",
    },
    "podium call get_job job_id=bad": {"": "podium call get_job job_id=bad"},
    "podium run sco": {"": "podium run scores/"},
    "podium run scores/o": {"": r"podium run scores/one\ score.yaml "},
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_options_and_names_of_any_letters(shell: str, short_tmp: Path) -> None:
    if not is_installed(shell):
        pytest.skip(f"{shell} is not installed")
    (short_tmp / "scores").mkdir()
    for name in ("one score.yaml", "other.txt"):
        (short_tmp / "scores" / name).write_text("")
    place = {"PODIUM_HOME": str(short_tmp / "h"), "PODIUM_SOCKET": str(short_tmp / "s"), "PODIUM_CONFIG": "/dev/null"}
    with listing(short_tmp / "s", NAMES), ShellSession(shell, short_tmp, place) as session:
        wanted = {typed: lines.get(shell, lines[""]) for typed, lines in TYPED.items()}
        assert {typed: _completed(session, typed, line) for typed, line in wanted.items()} == wanted
    assert not (short_tmp / "hit").exists()


def _completed(session: ShellSession, typed: str, wanted: str) -> str:
    """Return what becomes of the line; press the tabulator again if a busy machine took longer than a completion waits."""
    ends = time.monotonic() + SECONDS
    while (seen := session.completed(typed)) != wanted and time.monotonic() < ends:
        pass
    return seen


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_finds_nothing_wrong_with_its_script(shell: str, tmp_path: Path) -> None:
    if not is_installed(shell):
        pytest.skip(f"{shell} is not installed")
    podium = [sys.executable, "-m", "podium", "completion", shell]
    script = subprocess.run(podium, capture_output=True, check=True, timeout=60).stdout
    (tmp_path / "script").write_bytes(script)
    done = subprocess.run([shell, "-n", "script"], check=False, cwd=tmp_path, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
