"""A home, a socket's place or a settings file that another user could change is refused, and says who and what to do."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from podium.cli import main
from podium.cli.shared.exits import Code
from podium.conductor.lock import HomeTaken, hold_home
from podium.conductor.plans.compiling import profiles_are_there
from podium.errors import PermissionDenied
from podium.places import record
from podium.privacy.files import open_own
from podium.privacy.state import check_home, open_home
from podium.privacy.way import check_socket, make_private
from podium.settings import load
from tests.support.another_user import NOBODY

with_another_user = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


def give_away(path: Path) -> None:
    """Make another user the owner of a file, folder or link."""
    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def open_to_all(path: Path) -> None:
    path.chmod(0o777)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture
def home(short_tmp: Path) -> Path:
    """Return a home in a folder, both private."""
    path = short_tmp / "way" / "home"
    make_private(path)
    return path


SPOILT = [
    pytest.param(give_away, marks=with_another_user),
    pytest.param(open_to_all),
]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_home_that_another_user_owns_or_can_write_is_refused(home: Path, spoil: Callable[[Path], None]) -> None:
    spoil(home)
    before = home.stat()
    with pytest.raises(PermissionDenied) as refused:
        open_home(home)
    assert str(home) in refused.value.message
    assert refused.value.fix
    assert (home.stat().st_mode, list(home.iterdir())) == (before.st_mode, [])


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_folder_on_the_way_that_another_user_owns_or_can_write_is_refused(
    home: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(home.parent)
    for check in (open_home, check_home, check_socket):
        with pytest.raises(PermissionDenied, match=f"{home.parent} "):
            check(home if check is not check_socket else home / "podium.sock")


def test_a_sticky_folder_on_the_way_is_fine_as_others_cannot_rename_what_is_ours(home: Path) -> None:
    home.parent.chmod(0o1777)
    assert open_home(home) == ""


@with_another_user
def test_a_folder_that_the_groups_members_can_write_is_refused(home: Path) -> None:
    os.chown(home.parent, 0, NOBODY)
    home.parent.chmod(0o770)
    with pytest.raises(PermissionDenied, match="other users can write"):
        open_home(home)


def test_a_folder_that_our_own_group_can_write_is_fine(home: Path) -> None:
    home.parent.chmod(0o775)  # as a umask of 002 makes it
    if os.geteuid() != 0:
        pytest.skip("whether a user has a group of their own is the system's choice")
    assert open_home(home) == ""


@with_another_user
def test_a_link_on_the_way_that_another_user_made_is_refused(home: Path) -> None:
    link = home.parent / "link"
    link.symlink_to(home)
    assert open_home(link) == ""
    give_away(link)
    with pytest.raises(PermissionDenied, match=f"{link} is a link that .* made"):
        open_home(link)


@pytest.mark.parametrize(
    "name", ["podium.db", "podium.db-wal", "conductor.log", "conductor.lock", "socket.json", "task.key"]
)
def test_a_link_among_our_files_is_refused_and_what_it_leads_to_stays_as_it_is(home: Path, name: str) -> None:
    precious = home.parent / "precious"
    precious.write_text("mine")
    (home / name).symlink_to(precious)
    with pytest.raises(PermissionDenied, match=f"{name} is not used: it is a link"):
        open_home(home)
    with pytest.raises(PermissionDenied, match="it is a link"):
        open_own(home / name, os.O_RDWR | os.O_CREAT)
    with pytest.raises(HomeTaken, match="it is a link"), hold_home(home):
        pass
    assert (precious.read_text(), mode(precious)) == ("mine", 0o644)


@with_another_user
@pytest.mark.parametrize("name", ["podium.db", "jobs", "keepers", "workspaces", "anything"])
def test_what_another_user_put_into_the_home_is_refused(home: Path, name: str) -> None:
    (home / name).mkdir()
    give_away(home / name)
    with pytest.raises(PermissionDenied, match=rf"{name} is not used: it belongs to .*uid {NOBODY}"):
        open_home(home)


def test_a_folder_of_ours_may_be_a_link_of_ours_to_a_private_folder_elsewhere(home: Path) -> None:
    elsewhere = home.parent / "large"
    make_private(elsewhere)
    (home / "workspaces").symlink_to(elsewhere)
    assert open_home(home) == ""
    elsewhere.chmod(0o777)
    with pytest.raises(PermissionDenied, match="other users can write in it"):
        open_home(home)


@pytest.mark.parametrize("name", ["pipe", "folder"])
def test_what_is_no_file_is_not_taken_for_one_of_ours(home: Path, name: str) -> None:
    path = home / "conductor.log"
    os.mkfifo(path) if name == "pipe" else path.mkdir()
    with pytest.raises(PermissionDenied, match="it is not a file"):
        open_home(home)


def test_a_home_that_others_could_look_into_is_closed_with_a_note(home: Path) -> None:
    (home / "podium.db").touch(0o644)
    (home / "notes.txt").touch(0o644)
    home.chmod(0o755)
    assert check_home(home) == open_home(home)
    assert (mode(home), mode(home / "podium.db"), mode(home / "notes.txt")) == (0o700, 0o600, 0o644)
    assert open_home(home) == ""


def test_the_note_names_the_home_its_mode_and_the_files(home: Path) -> None:
    (home / "podium.db").touch(0o644)
    home.chmod(0o755)
    assert (
        open_home(home)
        == f"{home} was open to other users (mode 755); it is closed to them now, and so are podium.db in it."
    )


def test_files_that_nobody_could_reach_are_closed_without_a_word(home: Path) -> None:
    (home / "podium.db").touch()
    (home / "podium.db").chmod(0o666)
    assert open_home(home) == ""
    assert mode(home / "podium.db") == 0o600


def test_a_database_that_others_could_write_is_refused(home: Path) -> None:
    (home / "podium.db").touch()
    (home / "podium.db").chmod(0o666)
    home.chmod(0o755)
    with pytest.raises(PermissionDenied, match="other users can write it"):
        open_home(home)


def test_folders_are_made_private_whatever_the_umask(short_tmp: Path) -> None:
    before = os.umask(0)
    try:
        make_private(short_tmp / "a" / "b")
    finally:
        os.umask(before)
    assert {mode(short_tmp / "a"), mode(short_tmp / "a" / "b")} == {0o700}


@pytest.mark.parametrize("spoil", SPOILT)
def test_start_refuses_the_home_of_another_user_and_starts_nothing(
    home: Path, spoil: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(home)
    assert main(["start", "--home", str(home)]) == Code.BAD_INPUT
    told = capsys.readouterr()
    assert f"The home {home} is not used" in told.err
    assert list(home.iterdir()) == []


@with_another_user
def test_root_is_told_to_work_as_the_owner(home: Path) -> None:
    give_away(home)
    with pytest.raises(PermissionDenied) as refused:
        open_home(home)
    assert "without sudo" in refused.value.fix


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_client_takes_no_socket_from_a_home_that_another_user_can_write(
    home: Path, spoil: Callable[[Path], None]
) -> None:
    record(home, home / "podium.sock", "id")
    spoil(home)
    with pytest.raises(PermissionDenied):
        load(home=home).where()


@pytest.mark.parametrize("spoil", SPOILT)
def test_instruments_that_another_user_can_change_are_refused(home: Path, spoil: Callable[[Path], None]) -> None:
    folder = home / "instruments"
    folder.mkdir(mode=0o700)
    profile = folder / "mine.yaml"
    profile.touch(0o600)
    assert profiles_are_there(folder)
    for path in (profile, folder, home):
        spoil(path)
        with pytest.raises(PermissionDenied, match=f"{path}|{profile}"):
            profiles_are_there(folder)
        os.chown(path, os.geteuid(), os.getegid())
        path.chmod(0o700)


@pytest.mark.parametrize("spoil", SPOILT)
def test_settings_that_another_user_can_change_are_refused(
    home: Path, spoil: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "podium.yaml"
    file.write_text("max_sheets: 3\n")
    monkeypatch.setenv("PODIUM_CONFIG", str(file))
    assert load().max_sheets == 3
    for path in (file, home):
        spoil(path)
        with pytest.raises(PermissionDenied, match=f"The settings file {file} is not used"):
            load()
        os.chown(path, os.geteuid(), os.getegid())
        path.chmod(0o700)
