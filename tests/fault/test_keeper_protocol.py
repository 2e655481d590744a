"""What conductors and keepers of every version must understand of each other: `tests/golden/keeper` is frozen, never rewritten."""

import json
import shutil
import zlib
from pathlib import Path
from typing import Any

import pytest

from podium.conductor.processes import facts
from podium.conductor.processes.keepers.keeper import Keeper
from podium.keeper.journal import parse, record
from tests.support.journals import NOBODY, begun, ended, leave_journal, started
from tests.support.keeper_peer import OwnKeeper
from tests.support.podium_home import until
from tests.support.source_tree import REPOSITORY

GOLDEN = REPOSITORY / "tests" / "golden" / "keeper"
TALK: dict[str, Any] = json.loads((GOLDEN / "talk.json").read_text())


def test_a_keeper_understands_a_conductor_of_version_1_and_answers_so(short_tmp: Path) -> None:
    with OwnKeeper(short_tmp / "1") as keeper:
        peer = keeper.peer()
        hello, start, listing, rotate, drop, end = TALK["asked"]
        peer.send(hello)
        told = peer.next("version")
        assert told is not None
        assert set(TALK["hello"]) <= set(told)
        assert set(TALK["surroundings"]) <= set(told["surroundings"])
        peer.send(start)
        until(lambda: [words[0] for words in keeper.records()] == ["open", "begin", "started"])
        peer.send(listing)
        listed = peer.next("list")
        (started,) = [words for words in keeper.records() if words[0] == "started"]
        assert listed == {"list": [started[1:4]]}
        peer.send(rotate)
        peer.send(drop)
        until(lambda: [path.name for path in keeper.folder.glob("journal.*")] == ["journal.2"])
        peer.send(end)
        assert keeper.process.poll() is None  # its sheet runs


def test_a_conductor_understands_a_journal_of_version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "boot_id", lambda: "0a1b2c3d-boot")
    folder = tmp_path / "1"
    folder.mkdir()
    shutil.copy(GOLDEN / "journal.1", folder)
    keeper = Keeper(folder)
    keeper.take()
    found = {key: (child.state, child.pid, child.code, child.error) for key, child in keeper.children.items()}
    assert found == {
        "home.job.1": ("ended", 201, -9, 0),
        "home.job.2": ("failed", 0, None, 7),
        "home.job.3": ("ended", 203, 3, 0),
        "home.job.4": ("begun", 0, None, 0),
    }
    assert (keeper.version, keeper.pid, keeper.guard) == (1, 101, 100)
    assert (keeper.children["home.job.1"].cgroup, keeper.children["home.job.1"].ended_at) == (
        "/sys/fs/cgroup/podium-home/home.job.1",
        1764400002.0,
    )
    assert [pid for pid, _ in keeper.nameless] == [204]
    keeper.close()


def test_an_end_belongs_to_the_part_of_the_journal_that_tells_it_though_another_has_begun(tmp_path: Path) -> None:
    folder = leave_journal(tmp_path, begun("one"), started("one"), ended("one", 0), ("next", 2)).parent
    (folder / "journal.2").write_bytes(record("open", 1, facts.boot_id(), NOBODY, NOBODY))
    keeper = Keeper(folder)
    keeper.take()
    assert (keeper.records.generation, keeper.ended) == (2, {"one": 1})
    keeper.close()


def test_each_record_is_written_as_it_was_in_version_1() -> None:
    lines = (GOLDEN / "journal.1").read_bytes()
    records, used = parse(lines)
    assert used == len(lines)
    assert b"".join(record(*words) for words in records) == lines


def test_a_torn_or_damaged_record_is_left_out_and_those_around_it_are_read() -> None:
    whole = [record("ended", f"key-{number}", number, 0, 1) for number in range(3)]
    deep = b"[" * 50_000
    nested = b"%d %08x %s\n" % (len(deep), zlib.crc32(deep), deep)
    for middle in (nested, whole[1][:20] + b"\n", whole[1].replace(b"key-1", b"key-7"), b"\n", b"7 zz x\n"):
        assert [words[1] for words in parse(whole[0] + middle + whole[2])[0]] == ["key-0", "key-2"]
    records, used = parse(whole[0] + whole[1][:-5])
    assert ([words[1] for words in records], used) == (["key-0"], len(whole[0]))
