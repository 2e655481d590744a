"""The logs of an attempt: kept within their limit, and watched for silence."""

import os
from pathlib import Path

import pytest

from podium.lane import streams
from podium.lane.streams import HEAD_BYTES, LEAST_SECONDS, MOST_SECONDS, Streams

LIMIT = 256 * 1024


@pytest.fixture
def logs(tmp_path: Path) -> Streams:
    """Return the logs of an attempt that has just begun."""
    found = Streams(LIMIT)
    found.open(str(tmp_path))
    return found


def test_what_grows_is_not_quiet_and_looks_come_faster_near_the_limit(logs: Streams) -> None:
    assert logs.look(1.0)
    assert (logs.quiet_seconds, logs.next_look) == (1.0, MOST_SECONDS)
    os.write(logs.descriptors[1], b"x" * (LIMIT - 1))
    assert logs.look(0.1)
    assert (logs.quiet_seconds, logs.next_look) == (0.0, LEAST_SECONDS)


def test_the_first_part_and_the_last_are_kept(logs: Streams, tmp_path: Path) -> None:
    text = b"".join(b"%07d\n" % number for number in range(LIMIT))
    os.write(logs.descriptors[0], text)
    if not logs.look(0.1):
        pytest.skip("the file system of the temporary folder cannot punch holes")
    logs.close()
    log = tmp_path / "stdout.log"
    found = log.read_bytes()
    assert log.stat().st_blocks * 512 <= LIMIT
    assert len(found) == len(text)
    assert found[:HEAD_BYTES] == text[:HEAD_BYTES]
    assert found[-HEAD_BYTES + 4096 :] == text[-HEAD_BYTES + 4096 :]


def test_what_cannot_be_cut_is_told_and_cut_at_its_end(
    logs: Streams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "punch", lambda *_: False)
    os.write(logs.descriptors[0], b"x" * (2 * LIMIT))
    assert not logs.look(0.1)
    logs.close()
    assert (tmp_path / "stdout.log").stat().st_size == LIMIT


def test_a_link_in_the_place_of_a_log_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "stdout.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Streams(LIMIT).open(str(tmp_path))
    assert not (tmp_path / "elsewhere").exists()
