"""Looks at the output of attempts: how soon the next one comes, and what is counted."""

import os
import time
from pathlib import Path

import pytest

from podium.conductor.engines.local.limits import output
from podium.conductor.engines.local.limits.output import LEAST_SECONDS, MOST_SECONDS, Output, OutputLimits, cut

KIB = 1024
NEAR = 64  # bytes to a limit that the usual rate has passed long before the next look, however slow this machine is
LIMITS = OutputLimits(stream_bytes=256 * KIB, job_bytes=1024 * KIB)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job"


def attempt(job: Path, name: str, size: int = 0) -> Path:
    """Make an attempt's folder with so much in its stdout."""
    folder = job / name
    folder.mkdir(parents=True)
    (folder / "stdout.log").write_bytes(b"x" * size)
    (folder / "stderr.log").touch()
    return folder


def write(folder: Path, size: int) -> None:
    """Let an attempt write on."""
    with (folder / "stdout.log").open("ab") as log:
        log.write(b"y" * size)


def test_without_attempts_and_with_quiet_ones_the_next_look_has_time(job: Path) -> None:
    watched = Output(LIMITS)
    assert watched.look([], []).seconds == MOST_SECONDS
    folder = attempt(job, "1", 200 * KIB)
    watched.look([folder], [])
    assert watched.look([folder], []).seconds == MOST_SECONDS


def test_a_stream_that_nears_its_limit_is_looked_at_sooner(job: Path) -> None:
    folder = attempt(job, "1")
    watched = Output(LIMITS)
    watched.look([folder], [])
    write(folder, 256 * KIB - NEAR)
    assert watched.look([folder], []).seconds == LEAST_SECONDS


def test_a_job_that_nears_its_limit_is_looked_at_sooner(job: Path) -> None:
    folders = [attempt(job, str(number)) for number in range(5)]
    watched = Output(OutputLimits(stream_bytes=1024**3, job_bytes=1024 * KIB))
    watched.look(folders, [])
    for folder in folders:
        write(folder, (1024 * KIB - NEAR) // len(folders))
    assert watched.look(folders, []).seconds == LEAST_SECONDS


def test_an_attempt_that_has_just_begun_counts_as_writing_since_the_last_look(job: Path) -> None:
    assert Output(LIMITS).look([attempt(job, "1", 255 * KIB)], []).seconds == LEAST_SECONDS


@pytest.mark.parametrize("known", [True, False])
def test_ended_attempts_count_for_their_job(job: Path, known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not known:
        monkeypatch.setattr(output, "JOBS_REMEMBERED", 1)
    other = attempt(job.with_name("other"), "1")
    limits = OutputLimits(stream_bytes=256 * KIB, job_bytes=300 * KIB)
    watched = Output(limits)
    first = attempt(job, "1", 120 * KIB)
    assert watched.look([first, other], []).beyond == {}
    second = attempt(job, "2", 120 * KIB)
    assert watched.look([second, other], [first]).beyond == {}
    third = attempt(job, "3", 120 * KIB)
    assert list(watched.look([third, other], [second]).beyond) == [third]


def test_an_attempt_whose_folder_is_gone_holds_nothing(job: Path) -> None:
    look = Output(LIMITS).look([job / "never"], [job / "ended"])
    assert (look.beyond, look.seconds) == ({}, MOST_SECONDS)
    assert cut(job / "never" / "stdout.log", 256 * KIB)


def test_a_cut_leaves_what_is_short_enough_alone(job: Path) -> None:
    log = attempt(job, "1", 100 * KIB) / "stdout.log"
    before = log.stat().st_blocks
    assert cut(log, 128 * KIB)
    assert log.stat().st_blocks == before
    assert log.read_bytes() == b"x" * 100 * KIB


def test_a_silence_is_counted_from_the_last_change_that_was_seen(job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    folder, watched = attempt(job, "1", 10), Output(LIMITS)
    watched.look([folder], [])
    begun = watched.quiet_seconds(folder)  # since its files were made
    assert 0 <= begun < 60
    clock[0] += 30
    watched.look([folder], [])
    assert watched.quiet_seconds(folder) == pytest.approx(begun + 30)
    write(folder, 1)
    clock[0] += 5
    watched.look([folder], [])
    assert watched.quiet_seconds(folder) == 0
    (folder / "stderr.log").write_bytes(b"x")
    clock[0] += 5
    watched.look([folder], [])
    assert watched.quiet_seconds(folder) == 0


def test_a_clock_that_is_set_neither_ends_a_silence_nor_makes_one(job: Path) -> None:
    folder, watched = attempt(job, "1", 10), Output(LIMITS)
    watched.look([folder], [])
    for log in folder.iterdir():
        os.utime(log, (1.0, 1.0))
    watched.look([folder], [])
    assert watched.quiet_seconds(folder) < 60


def test_a_silence_that_began_before_the_first_look_counts_and_one_in_the_future_does_not(job: Path) -> None:
    old, new = attempt(job, "1", 10), attempt(job, "2", 10)
    for log in (*old.iterdir(), *new.iterdir()):
        moment = time.time() + (500 if log.parent == new else -500)
        os.utime(log, (moment, moment))
    watched = Output(LIMITS)
    watched.look([old, new], [])
    assert 500 <= watched.quiet_seconds(old) < 560
    assert watched.quiet_seconds(new) == 0


def test_what_has_no_output_yet_is_not_silent(job: Path) -> None:
    watched = Output(LIMITS)
    watched.look([job / "1"], [])
    assert (watched.quiet_seconds(job / "1"), watched.quiet_seconds(job / "2")) == (0, 0)
