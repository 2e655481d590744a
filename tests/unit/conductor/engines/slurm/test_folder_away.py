"""The shared folder is made once: where it is not mounted, nothing is made in its place, and nothing counts as removed."""

from pathlib import Path

import pytest

from podium.conductor.engines.slurm.shared import Entry, Shared
from podium.lane.place import Pool, Spec, ring


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    """What belongs to a home in a folder that it has used."""
    (tmp_path / "folder").mkdir()
    found = Shared(tmp_path / "folder" / "mark", "python3", "token", tmp_path / "record")
    found.open()
    return found


def unmount(shared: Shared) -> Path:
    """Let an empty folder be in its place; return where it is."""
    place = Path(shared.root).parent
    place.rename(place.with_name("elsewhere"))
    place.mkdir()
    return place


def test_a_folder_that_is_not_mounted_is_not_made_again_by_a_new_conductor(shared: Shared, tmp_path: Path) -> None:
    place = unmount(shared)
    later = Shared(Path(shared.root), "python3", "later", tmp_path / "record")
    with pytest.raises(FileNotFoundError, match="mkdir -p"):
        later.open()
    assert list(place.iterdir()) == []


def test_nothing_of_an_attempt_or_a_pool_is_made_where_the_folder_is_not_mounted(
    shared: Shared, tmp_path: Path
) -> None:
    place = unmount(shared)
    spec = Spec("mark.job-1.1", ("true",), {}, "/")
    with pytest.raises(FileNotFoundError):
        shared.take("job-1.hash", shared.attempt("job-1", 1), make=True)
    with pytest.raises(FileNotFoundError):
        shared.make_pool("job-1.hash", Pool(3.0, 1000))
    with pytest.raises(FileNotFoundError):
        shared.put("job-1", Entry(1, str(tmp_path / "jobs" / "job-1" / "1"), "true", spec))
    assert list(place.iterdir()) == []


def test_a_folder_that_was_removed_for_good_is_made_again_where_somebody_says_so(
    shared: Shared, tmp_path: Path
) -> None:
    unmount(shared)
    Path(shared.root, "jobs").mkdir(parents=True)
    Shared(Path(shared.root), "python3", "later", tmp_path / "record").open()
    assert Path(shared.root, "pools").is_dir()


def test_another_folder_is_made_though_an_earlier_one_is_gone(shared: Shared, tmp_path: Path) -> None:
    unmount(shared)
    other = Shared(tmp_path / "other" / "mark", "python3", "token", tmp_path / "record")
    other.open()
    assert other.is_there()


def test_what_a_job_left_counts_as_removed_only_once_the_folder_is_there(shared: Shared) -> None:
    Path(shared.root, "jobs", "job-1", "1").mkdir(parents=True)
    place = unmount(shared)
    assert not shared.remove_job("job-1")
    place.rmdir()
    place.with_name("elsewhere").rename(place)
    assert shared.remove_job("job-1")
    assert not Path(shared.root, "jobs", "job-1").exists()


def test_the_bells_of_a_job_go_with_it_and_those_of_others_stay(shared: Shared) -> None:
    for job_id in ("job-1", "job-2"):
        ring(shared.root, job_id, 3)
    assert shared.remove_job("job-1")
    assert shared.news() == [("job-2", 3)]
