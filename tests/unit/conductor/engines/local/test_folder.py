"""The attempt folder: why an attempt is being ended is noted once, and is private."""

import stat
from pathlib import Path

from podium.conductor.engines.local.folder import AttemptFolder


def test_the_first_reason_to_stop_is_kept_and_a_torn_one_is_none(tmp_path: Path) -> None:
    folder = AttemptFolder(tmp_path)
    assert folder.read_stop() is None
    folder.note_stop("output_limit")
    folder.note_stop("timed_out")
    assert folder.read_stop() == "output_limit"
    assert stat.S_IMODE(Path(folder.stopped).stat().st_mode) == 0o600
    Path(folder.stopped).write_text("output_li")
    assert folder.read_stop() is None
