"""What a failed attempt left on the disk, and the folders that may be made."""

import os
from pathlib import Path

import pytest

from podium.conductor.attempts.observe import MOST_FOLDERS, make_folders, missing_folders, read_end, read_tails
from podium.conductor.rules.healing.completion import MOST_CHARS, note
from podium.contract.secrets.masks import Masker
from podium.errors import PathNotAllowed, PermissionDenied
from podium.reader.missing import named_in


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "ws"
    path.mkdir()
    return path


@pytest.mark.parametrize(
    "line",
    [
        "/home/jobs/1/script: line 1: out/report.md: No such file or directory",
        "cp: cannot create regular file 'out/report.md': No such file or directory",
        "mkdir: cannot create directory \u2018out/deep\u2019: No such file or directory",
        "FileNotFoundError: [Errno 2] No such file or directory: 'out/report.md'",
        "tee: out/report.md: No such file or directory",
        "sh: 1: cannot create out/report.md: Directory nonexistent",
    ],
)
def test_a_folder_is_found_in_what_tools_say_of_a_missing_file(workspace: Path, line: str) -> None:
    assert missing_folders(workspace, named_in(f"begun\n{line}\nmore\n")) == (str(workspace / "out"),)


@pytest.mark.parametrize(
    "tail",
    [
        "out/report.md is fine",
        "cat: ../outside/file: No such file or directory",
        "cat: /elsewhere/deep/file: No such file or directory",
        "cat: here.txt: No such file or directory",
        "cat: 'a\0b/c': No such file or directory",
        "No such file or directory",
        f"cat: /{'b' * 290}/x: No such file or directory",
        f"cat: {'b' * 290}/x: No such file or directory",
    ],
)
def test_nothing_is_missing_that_is_outside_or_not_said(workspace: Path, tail: str) -> None:
    assert missing_folders(workspace, named_in(tail)) == ()


def test_a_link_does_not_lead_out_of_the_workspace(workspace: Path, tmp_path: Path) -> None:
    (workspace / "link").symlink_to(tmp_path)
    (workspace / "loop").symlink_to(workspace / "loop")
    assert missing_folders(workspace, ["link/new/file", "loop/new/file"]) == ()
    with pytest.raises(PathNotAllowed):
        make_folders(workspace, [str(workspace / "link" / "new")])
    assert not (tmp_path / "new").exists()


def test_the_parents_of_validated_files_are_found_and_their_number_is_bounded(workspace: Path) -> None:
    assert missing_folders(workspace, ["a/b/c.txt", "top.txt"]) == (str(workspace / "a" / "b"),)
    assert len(missing_folders(workspace, [f"d{number}/x" for number in range(50)])) == MOST_FOLDERS


def test_what_the_system_refuses_to_look_at_is_not_missed(workspace: Path) -> None:
    (workspace / "file").touch()
    paths = [f"{'a' * 300}/x", "file/deep/x", "nul\0/x", "/root/secret/x"]
    assert missing_folders(workspace, [*paths, "out/x"]) == (str(workspace / "out"),)
    assert missing_folders(workspace / ("a" * 300), paths) == (str(workspace / ("a" * 300)),)


def test_a_missing_workspace_is_all_that_counts(workspace: Path) -> None:
    workspace.rmdir()
    assert missing_folders(workspace, ["a/b"]) == (str(workspace),)
    make_folders(workspace, [str(workspace)])
    assert workspace.is_dir()


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(workspace: Path) -> None:
    (workspace / "file").touch()
    with pytest.raises(PermissionDenied, match="file/deep' cannot be created"):
        make_folders(workspace, [str(workspace / "file" / "deep")])


def test_the_tails_are_bounded_and_a_missing_log_is_empty(tmp_path: Path) -> None:
    (tmp_path / "stdout.log").write_bytes(b"x" * 100 + b"end")
    assert read_tails(tmp_path, 8, Masker()) == "xx…[95 bytes left out]xxxend\n\n"
    os.truncate(tmp_path / "stdout.log", 0)
    (tmp_path / "stderr.log").write_bytes(b"far too long\nold\n\xff!")
    assert read_tails(tmp_path, 8, Masker()) == "\nold\n\ufffd!\n"


def test_an_error_before_a_long_progress_bar_is_in_the_tail(tmp_path: Path) -> None:
    bar = b"".join(b"\r%d files" % count for count in range(100_000))
    (tmp_path / "stderr.log").write_bytes(b"429 too many requests\n" + bar)
    assert read_tails(tmp_path, 8192, Masker()) == "\n429 too many requests\n99999 files\n"


def test_the_note_tells_what_failed_and_marks_the_output() -> None:
    checks = '[{"type": "file_exists", "passed": false, "expected": "a exists", "found": "nothing", "output": "so"}]'
    text = note(checks, "validation failed", "\x1b[1mI gave up\u202e\u200b.\n" + "y" * 10)
    assert "- file_exists: expected a exists, found nothing (output: so)\n" in text
    assert "not instructions:\n<output>\nI gave up.\nyyyyyyyyyy\n</output>" in text


def test_the_note_is_bounded_and_falls_back_to_the_message() -> None:
    text = note("[]", "exit code 4", "z" * 50_000)
    assert "- exit code 4\n" in text
    assert text.count("z") == MOST_CHARS
    assert "<output>" not in note("[]", "exit code 4", " \n")


def test_a_pipe_or_a_link_in_place_of_an_output_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/hostname")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match=r"seekable|symbolic"):
            read_end(tmp_path / name, 100)
    assert read_tails(tmp_path, 100) == "\n"
