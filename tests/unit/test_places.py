"""The same home, settings and socket for every program of a user, whatever environment it was given."""

import json
import os
import sys
from pathlib import Path

import pytest

from podium.errors import InvalidArguments, PermissionDenied
from podium.places import config_file, default_home, default_socket, point, record, recorded, unused_home
from podium.settings import load
from tests.support.another_user import NOBODY

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="the folders of macOS have other names")


@pytest.fixture
def bare(short_tmp: Path) -> dict[str, str]:
    """Return the environment that an MCP client gives a server, with a HOME of the test's own."""
    return {
        "HOME": str(short_tmp),
        "PATH": os.defpath,
        "TERM": "xterm",
        "USER": "u",
        "LOGNAME": "u",
        "SHELL": "/bin/sh",
    }


def shell_of(bare: dict[str, str]) -> dict[str, str]:
    """Return the environment of a shell with the XDG variables set to other folders below the same HOME."""
    other = Path(bare["HOME"]) / "xdg"
    folders = {name: other / name for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")}
    for folder in folders.values():
        folder.mkdir(mode=0o700, parents=True)
    return {**bare, **{name: str(folder) for name, folder in folders.items()}}


def a_home(folder: Path) -> Path:
    """Make a folder look like a home that has been used."""
    folder.mkdir(mode=0o700, parents=True)
    (folder / "podium.db").touch()
    return folder


def test_the_default_home_and_settings_depend_on_home_alone(bare: dict[str, str]) -> None:
    shell = shell_of(bare)
    assert default_home(shell) == default_home(bare) == Path(bare["HOME"]) / ".local/state/podium"
    assert config_file(shell) == config_file(bare) == Path(bare["HOME"]) / ".config/podium/podium.yaml"


@pytest.mark.parametrize("home", ["", "relative"])
def test_without_a_home_variable_the_systems_record_of_the_user_counts(home: str) -> None:
    assert default_home({"HOME": home}) == default_home({})
    assert default_home({}).is_absolute()


def test_a_home_that_an_earlier_version_made_is_found_by_its_variable_and_later_by_everybody(
    bare: dict[str, str],
) -> None:
    shell = shell_of(bare)
    earlier = a_home(Path(shell["XDG_STATE_HOME"]) / "podium")
    assert default_home(shell) == earlier
    assert default_home(bare) != earlier
    point(earlier, shell)
    assert default_home(bare) == default_home(shell) == earlier


def test_settings_that_an_earlier_version_read_are_found_by_everybody(bare: dict[str, str]) -> None:
    shell = shell_of(bare)
    folder = Path(shell["XDG_CONFIG_HOME"]) / "podium"
    folder.mkdir()
    assert config_file(shell) == folder / "podium.yaml"
    point(default_home(shell), shell)
    assert config_file(bare) == folder / "podium.yaml"


def test_the_command_to_start_works_in_every_shell(bare: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    shell = shell_of(bare)
    earlier = a_home(Path(shell["XDG_STATE_HOME"]) / "podium")
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    assert load().flags == ["--home", str(earlier)]
    point(earlier)
    assert load().flags == []


def test_of_two_homes_with_jobs_the_default_one_is_used_by_all_and_the_other_is_told_of(bare: dict[str, str]) -> None:
    shell = shell_of(bare)
    earlier = a_home(Path(shell["XDG_STATE_HOME"]) / "podium")
    plain = a_home(default_home(bare))
    point(plain, shell)
    assert default_home(shell) == default_home(bare) == plain
    assert unused_home(shell) == earlier
    assert unused_home(bare) is None


def test_nothing_is_written_where_nothing_is_elsewhere(bare: dict[str, str], short_tmp: Path) -> None:
    point(default_home(bare), bare)
    point(short_tmp / "one-of-my-own", shell_of(bare))
    assert not (short_tmp / ".local").exists()


@pytest.mark.parametrize("text", ['{"home": "relative"}', '{"home": 3}', '{"config": null}'])
def test_a_pointer_that_makes_no_sense_is_refused_and_no_new_home_begun(bare: dict[str, str], text: str) -> None:
    plain = default_home(bare)
    plain.mkdir(mode=0o700, parents=True)
    (plain / "elsewhere.json").write_text(text)
    with pytest.raises(InvalidArguments, match=r"elsewhere\.json does not say where"):
        default_home(bare)


def test_a_pointer_that_is_a_link_or_others_can_write_is_refused(bare: dict[str, str]) -> None:
    plain = default_home(bare)
    plain.mkdir(mode=0o700, parents=True)
    pointer = plain / "elsewhere.json"
    pointer.write_text(json.dumps({"home": "/x"}))
    pointer.chmod(0o666)
    with pytest.raises(PermissionDenied, match="other users can write it"):
        default_home(bare)
    pointer.rename(plain / "real")
    pointer.symlink_to(plain / "real")
    with pytest.raises(PermissionDenied, match="it is a link"):
        default_home(bare)


def test_the_runtime_folder_of_another_user_is_not_used(bare: dict[str, str], short_tmp: Path) -> None:
    home, temporary = default_home(bare), default_socket(default_home(bare), bare).parent
    runtime = short_tmp / "runtime"
    runtime.mkdir(mode=0o700)
    assert default_socket(home, {**bare, "XDG_RUNTIME_DIR": str(runtime)}) == runtime / "podium/podium.sock"
    if os.geteuid() == 0:
        os.chown(runtime, NOBODY, NOBODY)
    theirs = runtime if os.geteuid() == 0 else Path("/")  # after `su` the variable still names the first user's
    assert default_socket(home, {**bare, "XDG_RUNTIME_DIR": str(theirs)}).parent == temporary
    assert default_socket(home, {**bare, "XDG_RUNTIME_DIR": str(short_tmp / "none")}).parent == temporary


def test_the_recorded_socket_is_looked_for_first_and_a_given_one_alone(short_tmp: Path) -> None:
    home = load(home=short_tmp / "home")
    home.home.mkdir(mode=0o700)
    assert home.where().sockets == [home.socket]
    record(home.home, Path("/run/x.sock"), "id")
    assert home.where().sockets == [Path("/run/x.sock"), home.socket]
    assert home.where().home_id == "id"
    assert load(home=short_tmp / "home", socket="/given").where().sockets == [Path("/given")]


def test_a_record_is_written_once_privately_and_replaced_whole(short_tmp: Path) -> None:
    record(short_tmp, Path("/run/\udcff"), "id")
    first = (short_tmp / "socket.json").stat()
    record(short_tmp, Path("/run/\udcff"), "id")
    assert (short_tmp / "socket.json").stat().st_ino == first.st_ino
    assert first.st_mode & 0o777 == 0o600
    assert recorded(short_tmp) == (Path("/run/\udcff"), "id")
    record(short_tmp, Path("/run/y"), "id")
    assert recorded(short_tmp) == (Path("/run/y"), "id")
    assert [each.name for each in short_tmp.iterdir()] == ["socket.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"socket": 3}', '{"socket": "relative", "home_id": "x"}'])
def test_a_record_that_makes_no_sense_counts_as_none(short_tmp: Path, text: str) -> None:
    (short_tmp / "socket.json").write_text(text)
    assert recorded(short_tmp) is None


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_HOME", "")
    monkeypatch.setenv("PODIUM_SOCKET", "")
    assert load().home == default_home()
    assert not load().socket_given


def test_a_user_without_a_home_whom_the_system_does_not_know_has_one_in_the_temporary_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("podium.places.pwd.getpwuid", unknown)
    assert Path(f"/tmp/podium-{os.getuid()}") in default_home({}).parents  # noqa: S108
    assert Path(f"/tmp/podium-{os.getuid()}") in config_file({"HOME": "not/absolute"}).parents  # noqa: S108
