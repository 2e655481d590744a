"""The folder that the conductor and the nodes share, as the conductor uses it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from podium.conductor.engines.slurm.shared import Entry, Shared
from podium.lane import place
from podium.lane.place import Ask, Claim, Exit

POOL = "job-1.hash"


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    """An open folder with a pool."""
    found = Shared(tmp_path / "root", sys.executable, "token", tmp_path / "record")
    found.open()
    found.make_pool(POOL, place.Pool(3.0, 1000))
    return found


def put(shared: Shared, tmp_path: Path, serial: int = 1) -> str:
    """Fill the folder of an attempt, and return it."""
    spec = place.Spec("mk.job-1.1", ("/bin/true",), {"SECRET": "x"}, str(tmp_path))
    shared.put("job-1", Entry(serial, str(tmp_path / "home/jobs/job-1" / str(serial)), "exit 3\n", spec))
    shared.keep("job-1", serial)
    return shared.attempt("job-1", serial)


def test_the_home_shows_an_attempt_where_the_nodes_see_it(shared: Shared, tmp_path: Path) -> None:
    folder = put(shared, tmp_path)
    assert (tmp_path / "home/jobs/job-1/1").readlink() == Path(folder)
    assert Path(folder, "script").read_text() == "exit 3\n"
    assert Path(folder, "spec").stat().st_mode & 0o077 == 0


def test_an_attempt_waits_from_when_it_is_offered_until_it_is_claimed(shared: Shared, tmp_path: Path) -> None:
    folder = put(shared, tmp_path)
    before = shared.look(POOL, folder)
    shared.offer(POOL, 1)
    offered = shared.look(POOL, folder)
    place.take_claim(folder, Claim("5", "f1"))
    claimed = shared.look(POOL, folder)
    assert (before.queued, offered.queued, claimed.queued) == (False, True, False)
    assert claimed.claim == Claim("5", "f1")


def test_what_the_conductor_takes_no_lane_gets_and_its_secrets_are_gone(shared: Shared, tmp_path: Path) -> None:
    folder = put(shared, tmp_path)
    shared.offer(POOL, 1)
    assert shared.take(POOL, folder)
    assert shared.take(POOL, folder), "once more, as after a crash"
    assert not place.take_claim(folder, Claim("5", "f1"))
    assert not os.path.lexists(f"{folder}/spec")
    assert not list(Path(shared.pool(POOL), "todo").iterdir())


def test_what_a_lane_has_the_conductor_does_not_get(shared: Shared, tmp_path: Path) -> None:
    folder = put(shared, tmp_path)
    place.take_claim(folder, Claim("5", "f1"))
    assert not shared.take(POOL, folder)


def test_an_attempt_that_may_still_be_put_there_is_taken_before(shared: Shared, tmp_path: Path) -> None:
    folder = shared.attempt("job-1", 1)
    assert shared.take(POOL, folder, make=True)
    put(shared, tmp_path)
    assert not place.take_claim(folder, Claim("5", "f1"))


def test_a_folder_that_is_away_says_nothing_about_its_attempts(shared: Shared, tmp_path: Path) -> None:
    folder = put(shared, tmp_path)
    Path(shared.root).rename(f"{shared.root}-away")
    for work in (
        lambda: shared.look(POOL, folder),
        lambda: shared.take(POOL, folder),
        lambda: shared.take(POOL, folder, make=True),
        lambda: shared.ask(folder, Ask("stop")),
    ):
        with pytest.raises(FileNotFoundError):
            work()


def test_an_attempt_whose_folder_somebody_removed_can_still_be_asked_to_stop(shared: Shared) -> None:
    shared.ask(shared.attempt("job-1", 9), Ask("stop"))
    assert not shared.look(POOL, shared.attempt("job-1", 9)).there


def test_bells_are_taken_once(shared: Shared) -> None:
    place.ring(shared.root, "job.1", 7)
    place.ring(shared.root, "job.1", 7)
    assert shared.news() == [("job.1", 7)]
    assert shared.news() == []


def test_an_exit_is_read_with_the_time_of_the_file_system(shared: Shared, tmp_path: Path) -> None:
    folder = put(shared, tmp_path)
    place.note_exit(folder, Exit("exited", code=3))
    os.utime(f"{folder}/exit", (1000, 2000), follow_symlinks=False)
    seen = shared.look(POOL, folder)
    assert (seen.exit, seen.exit_at) == (Exit("exited", code=3), 2000.0)


def test_attempts_that_nobody_asks_for_are_withdrawn(shared: Shared, tmp_path: Path) -> None:
    folders = [put(shared, tmp_path, serial) for serial in (1, 2)]
    for serial in (1, 2):
        shared.offer(POOL, serial)
    shared.withdraw(POOL, [2])
    assert [place.read_claim(each) is None for each in folders] == [False, True]


def test_a_pool_that_is_closed_can_be_made_again(shared: Shared) -> None:
    place.make_link(f"{shared.pool(POOL)}/closed", "no more")
    shared.make_pool(POOL, place.Pool(9.0, 1000))
    assert not os.path.lexists(f"{shared.pool(POOL)}/closed")
    assert place.read_pool(shared.pool(POOL)) == place.Pool(9.0, 1000)
    shared.close_pool(POOL)
    assert shared.pools() == []


def test_the_script_of_a_lane_becomes_the_program(shared: Shared) -> None:
    command = ["/bin/sh", shared.lane_script, shared.pool("none"), "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "there is no pool" in done.stderr


def test_another_python_changes_the_script_and_programs_of_other_versions_go(shared: Shared, tmp_path: Path) -> None:
    old = Path(shared.root, "program-0123")
    old.mkdir()
    again = Shared(tmp_path / "root", "/opt/it's/python", "other")
    again.open()
    assert b"'/opt/it'\\''s/python'" in Path(again.lane_script).read_bytes()
    again.sweep_programs()
    assert not old.exists()
    assert Path(again.lane_script).exists()


def test_a_removed_job_leaves_nothing(shared: Shared, tmp_path: Path) -> None:
    put(shared, tmp_path)
    assert shared.remove_job("job-1")
    assert not os.path.lexists(f"{shared.root}/jobs/job-1")
