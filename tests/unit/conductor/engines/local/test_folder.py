"""The attempt folder: why an attempt is being ended is noted once, whatever the disk has left."""

from pathlib import Path

from podium.conductor.engines.local.folder import AttemptFolder


def test_the_first_reason_to_stop_is_kept(tmp_path: Path) -> None:
    folder = AttemptFolder(tmp_path)
    assert folder.read_stop() is None
    folder.note_stop("output_limit")
    folder.note_stop("timed_out")
    assert folder.read_stop() == "output_limit"


def test_a_reason_to_stop_takes_no_space(tmp_path: Path) -> None:
    folder = AttemptFolder(tmp_path)
    folder.note_stop("stale")
    assert Path(folder.stopped).lstat().st_blocks == 0


def test_the_note_of_an_earlier_version_is_read_and_a_torn_one_is_none(tmp_path: Path) -> None:
    folder = AttemptFolder(tmp_path)
    Path(folder.stopped).write_text("timed_out\n")
    assert folder.read_stop() == "timed_out"
    Path(folder.stopped).write_text("output_li")
    assert folder.read_stop() is None
