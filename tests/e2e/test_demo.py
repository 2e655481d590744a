"""`podium demo` is the first thing that a newcomer sees: it must work, tell the whole story, and leave nothing behind."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.support.podium_home import until
from tests.support.source_tree import REPOSITORY

pytestmark = pytest.mark.timeout(600)
TITLE = re.compile(r"^(\d+)\. ", re.MULTILINE)


@pytest.fixture(scope="module")
def told() -> tuple[str, Path]:
    """Return what the demo printed, and the folder for its temporary files; sockets want a short one."""
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    done = subprocess.run(
        [sys.executable, "-m", "podium", "demo"],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(folder), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
    return done.stdout, folder


def test_the_demo_tells_its_chapters_in_order(told: tuple[str, Path]) -> None:
    numbers = [int(number) for number in TITLE.findall(told[0])]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 10


def test_the_demo_pauses_resumes_and_completes_the_job(told: tuple[str, Path]) -> None:
    places = [told[0].index(word) for word in ("→ start_job", "→ pause_job", "→ resume_job", "→ list_artifacts")]
    assert places == sorted(places)
    for sheet in ("compile[server]", "compile[tools]", "lint", "tests", "wheel", "report"):
        assert re.search(rf"✓ {re.escape(sheet)} +\d", told[0]), sheet


def test_the_measurement_fails_its_validation_at_first_and_succeeds_on_retry(told: tuple[str, Path]) -> None:
    assert re.search(r"↻ measure .*retry", told[0])
    assert re.search(r"✓ measure .* attempt 2", told[0])


def test_the_demo_reads_a_log_while_the_sheet_runs(told: tuple[str, Path]) -> None:
    assert "It is still running." in told[0]


def test_the_demo_shows_the_report_and_one_refusal(told: tuple[str, Path]) -> None:
    assert "Release audit" in told[0]
    assert '"code": "WRONG_STATE"' in told[0]


def test_the_demo_leaves_neither_files_nor_processes(told: tuple[str, Path]) -> None:
    folder = told[1]
    assert not list(folder.iterdir())
    folder.rmdir()
    # Its keeper is asked to end, and does so in its own time.
    until(lambda: not [each for each in psutil.process_iter() if str(folder) in " ".join(_words(each))])


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
