"""The values that come with a start: kept for the user alone until the job is removed."""

import stat
from pathlib import Path

import pytest

from podium.conductor.attempts import passed
from podium.errors import StorageFull
from podium.home import Home


def test_they_are_kept_for_the_user_alone_and_dropped_whole(tmp_path: Path) -> None:
    home = Home(tmp_path)
    passed.keep(home, "job-1", {"A": "x\ny", "B": "é"})
    passed.keep(home, "job-1", {"A": "x\nz"})
    assert passed.read(home, "job-1") == {"A": "x\nz"}
    assert stat.S_IMODE(home.passed("job-1").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.passed_values.stat().st_mode) == 0o700
    passed.drop(home, "job-1")
    assert passed.read(home, "job-1") == {}
    assert not list(home.passed_values.iterdir())


def test_a_file_that_cannot_be_understood_counts_as_gone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.passed_values.mkdir()
    home.passed("job-1").write_bytes(b"\xff[")
    assert passed.read(home, "job-1") == {}


def test_values_that_cannot_be_kept_refuse_the_start_and_leave_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.passed_values.mkdir()
    home.passed("job-1").mkdir()
    with pytest.raises(StorageFull):
        passed.keep(home, "job-1", {"A": "s3cr3t-value"})
    assert [each.name for each in home.passed_values.iterdir()] == ["job-1.json"]
