"""`podium demo` is the first thing that a newcomer sees: it must work, tell the whole story, and leave nothing behind."""

import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from tests.support.podium_home import until
from tests.support.source_tree import REPOSITORY

pytestmark = pytest.mark.timeout(600)
MOST_SECONDS = 12  # it speaks after 4; the rest is for a busy machine, on which its tests alone take longer
TITLE = re.compile(r"^(\d+)\. ", re.MULTILINE)


class Told(NamedTuple):
    """What the demo printed, the folder for its temporary files, and the longest time between two lines, in seconds."""

    text: str
    folder: Path
    longest_silence: float


@pytest.fixture(scope="module")
def told() -> Told:
    """Run the demo in this repository; sockets want a short folder."""
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    lines, times = [], [time.monotonic()]
    with subprocess.Popen(
        [sys.executable, "-m", "podium", "demo"],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(folder), "COLUMNS": "120", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            times.append(time.monotonic())
        code = process.wait(60)
    assert code == 0, "".join(lines)
    return Told("".join(lines), folder, max(later - earlier for earlier, later in pairwise(times)))


def test_the_demo_tells_its_chapters_in_order(told: Told) -> None:
    numbers = [int(number) for number in TITLE.findall(told.text)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 10


def test_the_demo_pauses_resumes_and_completes_the_job(told: Told) -> None:
    places = [told.text.index(word) for word in ("→ start_job", "→ pause_job", "→ resume_job", "→ list_artifacts")]
    assert places == sorted(places)
    for sheet in ("compile[server]", "compile[tools]", "lint", "tests", "wheel", "report"):
        assert re.search(rf"✓ {re.escape(sheet)} +\d", told.text), sheet


def test_the_measurement_fails_its_validation_at_first_and_succeeds_on_retry(told: Told) -> None:
    assert re.search(r"↻ measure .*retry", told.text)
    assert re.search(r"✓ measure .* attempt 2", told.text)


def test_the_demo_reads_a_log_while_the_sheet_runs(told: Told) -> None:
    assert "It is still running." in told.text


def test_the_demo_shows_the_report_and_one_refusal(told: Told) -> None:
    assert "Release audit" in told.text
    assert '"code": "WRONG_STATE"' in told.text


def test_the_demo_says_what_becomes_of_its_workspace_and_is_never_silent_for_long(told: Told) -> None:
    assert f"The job audits the repository {REPOSITORY}." in told.text
    assert re.search(
        rf"^Removed: {told.folder}/podium-demo-\w+, with the home and the workspace", told.text, re.MULTILINE
    )
    assert told.longest_silence < MOST_SECONDS


def test_the_demo_leaves_neither_files_nor_processes(told: Told) -> None:
    folder = told.folder
    assert not list(folder.iterdir())
    folder.rmdir()
    # Its keeper is asked to end, and does so in its own time.
    until(lambda: not [each for each in psutil.process_iter() if str(folder) in " ".join(_words(each))])


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
