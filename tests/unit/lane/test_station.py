"""What a lane is called."""

from pathlib import Path

import pytest

from podium.lane.station import find_station


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ({}, "84"),
        ({"SLURM_ARRAY_JOB_ID": "83", "SLURM_ARRAY_TASK_ID": "0"}, "83_0"),
    ],
)
def test_a_lane_is_called_as_the_commands_of_the_cluster_call_it(
    given: dict[str, str], called: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"SLURM_JOB_ID": "84", **given}.items():
        monkeypatch.setenv(name, value)
    claim = find_station(str(tmp_path / "pools" / "job-1.hash")).claim(7)
    assert (claim.lane, claim.job) == ("84", called)
