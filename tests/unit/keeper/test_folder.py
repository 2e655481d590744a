"""The folder of an attempt: private, made once, byte for byte what was asked for, and nothing of it on a full disk."""

import os
import stat
from pathlib import Path

import pytest

from podium.keeper import folder


def test_the_folder_and_its_script_are_private_and_so_is_the_folder_of_its_job(tmp_path: Path) -> None:
    folder.make(str(tmp_path / "job" / "1"), "echo hello")
    made = [tmp_path / "job", tmp_path / "job" / "1", tmp_path / "job" / "1" / "script"]
    assert [stat.S_IMODE(each.stat().st_mode) for each in made] == [0o700, 0o700, 0o600]


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    folder.make(str(tmp_path / "1"), "echo hello")
    with pytest.raises(FileExistsError):
        folder.make(str(tmp_path / "1"), "echo again")
    assert (tmp_path / "1" / "script").read_text() == "echo hello"


def test_a_script_is_kept_byte_for_byte(tmp_path: Path) -> None:
    text = "echo 'Grüße, 世界 🎼' # \udcff\n" + "x" * 200_000
    folder.make(str(tmp_path / "1"), text)
    assert (tmp_path / "1" / "script").read_bytes() == text.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("failing", ["open", "write"])
def test_nothing_is_left_of_a_folder_whose_script_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(OSError, match="No space left"):
        folder.make(str(tmp_path / "1"), "echo hello")
    monkeypatch.undo()
    assert not (tmp_path / "1").exists()
