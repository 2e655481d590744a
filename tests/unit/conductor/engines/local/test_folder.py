"""The attempt folder: private, written once, and byte for byte what was asked for."""

import stat
from pathlib import Path

import pytest

from podium.conductor.engines.local.folder import AttemptFolder


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    prepared = AttemptFolder(tmp_path / "job" / "1")
    prepared.prepare("echo hello")
    return prepared


def test_the_folder_and_its_files_are_private(folder: AttemptFolder) -> None:
    folder.note_stop("timed_out")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.path.iterdir()} == {0o600}


def test_a_folder_is_prepared_once(folder: AttemptFolder) -> None:
    with pytest.raises(FileExistsError):
        folder.prepare("echo again")
    assert Path(folder.script).read_text() == "echo hello"


def test_a_script_is_kept_byte_for_byte(tmp_path: Path) -> None:
    text = "echo 'Grüße, 世界 🎼' # \udcff\n" + "x" * 200_000
    folder = AttemptFolder(tmp_path / "attempt")
    folder.prepare(text)
    assert Path(folder.script).read_bytes() == text.encode("utf-8", "surrogateescape")


def test_the_first_reason_to_stop_is_kept_and_a_torn_one_is_none(folder: AttemptFolder) -> None:
    assert folder.read_stop() is None
    folder.note_stop("output_limit")
    folder.note_stop("timed_out")
    assert folder.read_stop() == "output_limit"
    Path(folder.stopped).write_text("output_li")
    assert folder.read_stop() is None
