"""The layout of the shared folder: what is written there is read back, whole or not at all."""

import os
from pathlib import Path

import pytest

from podium.lane import place
from podium.lane.place import Ask, Claim, Exit, Pool, Spec

SPEC = Spec("home.1", ("/bin/bash", "-c", "caf\udce9"), {"A": "\udcff"}, "/w\udce9", stdin_script=True, quiet_seconds=3)


def test_a_spec_and_a_pool_are_read_as_they_were_written(tmp_path: Path) -> None:
    place.write_spec(str(tmp_path), SPEC)
    assert place.read_spec(str(tmp_path)) is None, "it may not be on the disk yet"
    place.keep_spec(str(tmp_path))
    place.write_pool(str(tmp_path), Pool(3, 1024))
    assert place.read_spec(str(tmp_path)) == SPEC
    assert place.read_pool(str(tmp_path)) == Pool(3, 1024)
    assert (tmp_path / place.SPEC).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', '{"key": "a"}'])
def test_what_is_not_whole_is_no_spec(tmp_path: Path, text: str) -> None:
    (tmp_path / place.SPEC).write_text(text)
    assert place.read_spec(str(tmp_path)) is None


def test_what_a_later_version_adds_is_passed_over(tmp_path: Path) -> None:
    place.write_file(str(tmp_path / place.POOL), {**Pool(2, 3)._asdict(), "more": True})
    assert place.read_pool(str(tmp_path)) == Pool(2, 3)


def test_the_first_claim_counts_and_can_be_repeated(tmp_path: Path) -> None:
    ours = Claim("701", "n1", 4, "a")
    assert place.take_claim(str(tmp_path), ours)
    assert not place.take_claim(str(tmp_path), Claim("702", "n2", 4, "b"))
    assert place.take_claim(str(tmp_path), ours)
    assert place.read_claim(str(tmp_path)) == ours


def test_the_last_ask_counts(tmp_path: Path) -> None:
    for ask in (Ask("hold"), Ask("stop", "cancelled", 2.5)):
        place.set_link(str(tmp_path / place.ASK), ask, "test")
    assert place.read_ask(str(tmp_path)) == Ask("stop", "cancelled", 2.5)


def test_the_first_record_of_an_end_counts(tmp_path: Path) -> None:
    end = Exit("exited", 3, None, 2, 1.5, "because", "701", "n1", ((7, "root", "sleep 9"),))
    assert place.note_exit(str(tmp_path), end)
    assert not place.note_exit(str(tmp_path), Exit("killed"))
    assert place.read_exit(str(tmp_path)) == end


@pytest.mark.parametrize("letter", ["x", "\x01", "\udce9", "é"])
def test_a_record_always_fits_into_a_link(tmp_path: Path, letter: str) -> None:
    left = tuple((pid, letter * 100, letter * 5000) for pid in range(100))
    assert place.note_exit(str(tmp_path), Exit("launch_failed", detail=letter * 9000, left=left))
    assert len(os.fsencode((tmp_path / place.EXIT).readlink())) <= place.LINK_BYTES
    end = place.read_exit(str(tmp_path))
    assert end is not None
    assert end.reason == "launch_failed"


HOSTILE = [
    "[" * 4000,
    "9" * 4000,
    "[]",
    "[[]]",
    '{"a":1}',
    '[{"a":1},2]',
    '["",1]',
    "[1,2,3,4]",
    '["a","b","c","d","e","f"]',
    "null",
    "NaN",
    "\x1b[31m",
    b"\xff".decode("utf-8", "surrogateescape"),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_link_that_is_none_of_ours_asks_nothing_ends_nothing_and_is_a_claim_of_somebody_unknown(
    tmp_path: Path, text: str
) -> None:
    for name in (place.CLAIM, place.ASK, place.EXIT):
        (tmp_path / name).symlink_to(text)
    assert place.read_claim(str(tmp_path)) == Claim(place.UNKNOWN)
    asked = place.read_ask(str(tmp_path))
    assert asked is None or asked.what not in {"stop", "hold", "go"}
    assert place.read_exit(str(tmp_path)) is None


def test_what_is_no_link_is_none_of_ours(tmp_path: Path) -> None:
    for name in (place.CLAIM, place.ASK):
        (tmp_path / name).write_text("[1]")
    (tmp_path / place.EXIT).mkdir()
    assert place.read_claim(str(tmp_path)) == Claim(place.UNKNOWN)
    assert [place.read_ask(str(tmp_path)), place.read_exit(str(tmp_path))] == [None, None]


@pytest.mark.parametrize(
    "fields",
    [
        '"code":"3","signal":"9","ended":-1,"seconds":NaN,"detail":[1],"lane":{},"node":7,"left":7',
        '"code":true,"signal":1e999,"ended":1e999,"seconds":1e999,"detail":null,"lane":null,"left":"abc"',
        '"code":-5,"signal":0,"ended":"x","seconds":-1,"detail":{},"lane":[],"node":[],"left":{"a":1}',
        f'"code":{2**80},"signal":{2**80},"ended":{2**80},"seconds":{10**400}',
    ],
)
def test_what_a_record_should_not_hold_is_left_out(tmp_path: Path, fields: str) -> None:
    (tmp_path / place.EXIT).symlink_to(f'{{"reason":"exited",{fields},"more":[[[]]]}}')
    assert place.read_exit(str(tmp_path)) == Exit("exited")


def test_a_process_that_cannot_be_understood_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / place.EXIT).symlink_to(
        '{"reason":"exited","left":[[1],["x",2,3],[7,"root","sleep"],[8,"root","sleep"]]}'
    )
    end = place.read_exit(str(tmp_path))
    assert end is not None
    assert end.left == ((0, "", ""), (0, "", ""), (7, "root", "sleep"))


def test_a_pipe_a_link_or_an_endless_file_in_place_of_a_load_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros").write_text("0")
    os.truncate(tmp_path / "zeros", 2**40)
    (tmp_path / "deep").write_text("[" * 5000)
    (tmp_path / "link").symlink_to("deep")
    assert [place.read_file(str(tmp_path / name)) for name in ("pipe", "zeros", "deep")] == [None] * 3
    with pytest.raises(OSError, match="symbolic link"):
        place.read_file(str(tmp_path / "link"))


def test_a_file_that_could_not_be_written_whole_leaves_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / place.SPEC).mkdir()
    place.write_spec(str(tmp_path), SPEC)
    with pytest.raises(OSError, match="directory"):
        place.keep_spec(str(tmp_path))
    assert [each.name for each in tmp_path.iterdir()] == [place.SPEC]


def test_nothing_is_read_where_there_is_nothing(tmp_path: Path) -> None:
    for folder in (str(tmp_path), str(tmp_path / "none")):
        assert [place.read_claim(folder), place.read_ask(folder), place.read_exit(folder)] == [None] * 3
