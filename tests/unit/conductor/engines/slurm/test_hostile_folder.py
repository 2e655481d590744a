"""The folder that nodes share: what is in it runs as us, so nobody else may have a hand in it, and nothing in it is believed."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podium.conductor.engines.slurm.shared import MOST_BELLS, Shared
from podium.conductor.engines.slurm.slow import Slow
from podium.lane import place
from tests.support.another_user import NOBODY

BYTE_CODE = f"lane/__pycache__/main.{sys.implementation.cache_tag}.pyc"
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the folder of a home in one that is ours."""
    return tmp_path / "cluster" / "mark"


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Let files be made open to all."""
    old = os.umask(0)
    yield
    os.umask(old)


def shared(root: Path, whose: str = "this") -> Shared:
    return Shared(root, "python3", whose)


def refusal(root: Path) -> str:
    """Return why a folder is not used; nothing may have been put into it."""
    with pytest.raises(PermissionError) as caught:
        shared(root).open()
    assert not list(root.glob("program-*/lane"))
    return Slow(str(root)).words(caught.value)


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_gets_into_it_whatever_the_umask(root: Path) -> None:
    shared(root).open()
    assert [each.stat().st_mode & 0o777 for each in (root, root.parent)] == [0o700, 0o700]


def test_one_that_others_can_write_is_refused(root: Path) -> None:
    root.mkdir(parents=True)
    root.chmod(0o777)
    assert "other users can write in it (mode 777)" in refusal(root)


def test_one_that_others_can_replace_is_refused(root: Path) -> None:
    root.mkdir(parents=True)
    root.parent.chmod(0o777)
    words = refusal(root)
    assert "could replace what is in it" in words
    assert "set slurm_folder to a place that only you can change" in words


def test_a_folder_for_everybody_that_is_sticky_will_do(root: Path) -> None:
    root.parent.mkdir(parents=True)
    root.parent.chmod(0o1777)
    shared(root).open()


def _all(root: Path) -> Path:
    return root


def _program(root: Path) -> Path:
    shared(root, "earlier").open()
    return next(root.glob("program-*"))


def _link(root: Path) -> Path:
    link = root.parent / "link"
    link.symlink_to(root)
    return link


@as_root
@pytest.mark.parametrize("part", [_all, _program, lambda root: root.parent])
def test_one_of_which_another_user_has_made_a_part_is_refused(root: Path, part: Callable[[Path], Path]) -> None:
    root.mkdir(parents=True)
    given = part(root)
    os.chown(given, NOBODY, NOBODY)
    with pytest.raises(PermissionError, match="belongs to"):
        shared(root).open()
    for use in (shared(root).pools, lambda: shared(root).remove_job("job")):
        with pytest.raises(PermissionError, match="belongs to"):
            use()


@as_root
def test_one_that_a_link_of_another_user_leads_to_is_refused(root: Path) -> None:
    root.mkdir(parents=True)
    link = _link(root)
    os.lchown(link, NOBODY, NOBODY)
    assert "is a link that" in refusal(link)


@pytest.mark.parametrize("damage", ["lane/main.py", BYTE_CODE, "__main__.py", "lane.sh"])
def test_a_program_that_is_not_whole_is_written_anew(root: Path, damage: str) -> None:
    first = shared(root, "first")
    first.open()
    before = Path(first.program, damage).read_bytes()
    Path(first.program, damage).write_bytes(before[:9])
    shared(root, "second").open()
    assert Path(first.program, damage).read_bytes() == before
    assert len(list(root.glob("program-*"))) == 1


def test_bells_are_taken_a_bounded_number_at_once_and_what_is_none_keeps_none_back(root: Path) -> None:
    opened = shared(root)
    opened.open()
    (root / place.NEWS / "job.0").mkdir()
    count = MOST_BELLS + 5
    for serial in range(1, count + 1):
        place.ring(str(root), "job", serial)
    found: list[tuple[str, int]] = []
    while more := opened.news():
        assert len(more) <= MOST_BELLS
        found += more
    assert sorted(found) == [("job", serial) for serial in range(1, count + 1)]


def test_a_pipe_in_place_of_what_lanes_say_says_nothing(root: Path) -> None:
    opened = shared(root)
    opened.open()
    opened.make_pool("job.hash", place.Pool(3, 1024))
    os.mkfifo(opened.lanes_log("job.hash"))
    with pytest.raises(OSError, match="seek"):
        opened.tail("job.hash")


def test_a_file_among_the_pools_is_passed_over(root: Path) -> None:
    opened = shared(root)
    opened.open()
    (root / place.POOLS / ".nfs0001").write_text("")
    for name in opened.pools():
        opened.withdraw(name, [])
