"""Replacing a client's file changes its text and nothing else about it."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from podium.cli.commands.install import files
from podium.errors import InvalidArguments, PermissionDenied


def appended(text: str) -> str:
    return f"{text}more\n"


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664])
def test_the_mode_of_a_file_stays(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("keys\n")
    file.chmod(mode)
    files.change(file, appended, private=False)
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("keys\nmore\n", mode)
    assert names_in(tmp_path) == ["mcp.json"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
def test_the_owner_of_a_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("")
    os.chown(file, 65534, 65534)
    files.change(file, appended, private=True)
    assert (file.stat().st_uid, file.stat().st_gid) == (65534, 65534)


def test_extended_attributes_of_a_file_stay(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("")
    try:
        os.setxattr(file, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has none")
    files.change(file, appended, private=True)
    assert os.getxattr(file, "user.note") == b"mine"


@pytest.mark.parametrize(("private", "mode"), [(True, 0o600), (False, 0o644)])
def test_a_new_file_of_a_user_is_for_that_user_only(private: bool, mode: int, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        files.change(tmp_path / "new", appended, private=private)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode


def test_a_link_stays_a_link_and_the_file_behind_it_is_changed(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real, link = tmp_path / "dotfiles" / "mcp.json", tmp_path / "link"
    real.write_text("a\n")
    real.chmod(0o600)
    link.symlink_to("dotfiles/mcp.json")
    files.change(link, appended, private=False)
    assert (link.is_symlink(), real.read_text(), stat.S_IMODE(real.stat().st_mode)) == (True, "a\nmore\n", 0o600)


def test_a_link_to_nothing_stays_a_link_to_a_file_that_is_made(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    files.change(link, appended, private=True)
    assert (link.is_symlink(), (tmp_path / "real").read_text()) == (True, "more\n")


def test_a_link_into_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "gone" / "real")
    with pytest.raises(PermissionDenied, match="No such file"):
        files.change(link, appended, private=True)
    assert names_in(tmp_path) == ["link"]


def test_a_file_with_two_names_keeps_both(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("long text\n")
    two.hardlink_to(one)
    files.change(one, lambda _: "short\n", private=True)
    assert (two.read_text(), one.stat().st_nlink) == ("short\n", 2)


def test_a_file_that_is_a_mount_of_its_own_is_written_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("a\n")
    inode = file.stat().st_ino

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "replace", busy)
    files.change(file, appended, private=True)
    assert (file.read_text(), file.stat().st_ino, names_in(tmp_path)) == ("a\nmore\n", inode, ["mcp.json"])


def test_a_byte_order_mark_and_newlines_stay(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_bytes("\ufeffa é\r\n".encode())
    files.change(file, appended, private=True)
    assert file.read_bytes() == "\ufeffa é\r\nmore\n".encode()


def test_a_text_that_stays_the_same_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("a\n")
    before = file.stat()
    files.change(file, lambda text: text, private=True)
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_change_by_another_program_meanwhile_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("a\n")
    edits: list[str] = []

    def edit(text: str) -> str:
        if not edits:
            file.write_text(f"{text}theirs\n")
        edits.append(text)
        return appended(text)

    files.change(file, edit, private=True)
    assert (file.read_text(), edits) == ("a\ntheirs\nmore\n", ["a\n", "a\ntheirs\n"])


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"

    def edit(text: str) -> str:
        if not text:
            file.write_text("theirs\n")
        return appended(text)

    files.change(file, edit, private=True)
    assert file.read_text() == "theirs\nmore\n"


def test_a_file_that_changes_while_it_is_removed_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    assert files.change(file, appended, private=True)

    def edit(text: str) -> str | None:
        if text == "more\n":
            file.write_text(f"{text}theirs\n")
            return None
        return text

    assert not files.change(file, edit, private=True)
    assert file.read_text() == "more\ntheirs\n"
    files.change(file, lambda _: None, private=True)
    assert names_in(tmp_path) == []


def test_a_file_that_never_rests_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"

    def edit(text: str) -> str:
        file.write_text(f"{text}theirs\n")
        return appended(text)

    with pytest.raises(InvalidArguments, match="by another program"):
        files.change(file, edit, private=True)
    assert file.read_text() == "theirs\n" * 3
    assert names_in(tmp_path) == ["mcp.json"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Path.mkdir, "Is a directory"),
        (os.mkfifo, "not a regular file"),
        (lambda path: path.write_bytes("a".encode("utf-16")), "not text in UTF-8"),
    ],
)
def test_what_is_not_a_text_file_is_refused(make: Callable[[Path], object], words: str, tmp_path: Path) -> None:
    make(tmp_path / "mcp.json")
    with pytest.raises((InvalidArguments, PermissionDenied), match=words):
        files.change(tmp_path / "mcp.json", appended, private=True)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everything")
def test_a_file_that_is_read_only_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"
    file.write_text("a\n")
    file.chmod(0o400)
    with pytest.raises(PermissionDenied, match="left unchanged"):
        files.change(file, appended, private=True)
    assert file.read_text() == "a\n"
