"""The folder that a version without keepers left: its claim, its two records, and what of them is torn."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.engines.local.earlier import BLOCK_BYTES, EXIT, IDENTITY, EarlierFolder, Origin
from podium.conductor.processes.identity import Identity
from tests.support.earlier import BLANK, HERE, prepare
from tests.support.engines import make_spec


@pytest.fixture
def folder(tmp_path: Path) -> EarlierFolder:
    return prepare(make_spec(tmp_path, "echo hello"))


def test_a_prepared_folder_has_no_records_yet_and_says_where_it_was_prepared(folder: EarlierFolder) -> None:
    assert folder.exists()
    assert (folder.read_exit(), folder.read_identity(), folder.read_origin()) == (None, None, HERE)


def test_a_folder_says_which_group_its_attempt_has_unless_it_is_torn(tmp_path: Path) -> None:
    folder = prepare(make_spec(tmp_path), Origin("boot", "/sys/fs/cgroup/podium/key"))
    assert folder.read_origin() == Origin("boot", "/sys/fs/cgroup/podium/key")
    folder.record.write_text("{}")
    assert folder.read_origin() is None


def test_a_claim_of_a_launch_cannot_be_taken(folder: EarlierFolder) -> None:
    (folder.record.parent / "stdout.log").touch()
    assert not folder.try_claim()


def test_a_claim_of_a_conductor_holds_for_the_next_one_and_against_every_launch(folder: EarlierFolder) -> None:
    assert [folder.try_claim(), folder.try_claim()] == [True, True]
    with pytest.raises(FileExistsError):
        os.open(folder.record.parent / "stdout.log", os.O_WRONLY | os.O_CREAT | os.O_EXCL)


def test_what_was_never_prepared_may_be_claimed_and_has_no_records(tmp_path: Path) -> None:
    missing = EarlierFolder(tmp_path / "missing")
    assert not missing.exists()
    assert missing.try_claim()
    assert (missing.read_exit(), missing.read_identity(), missing.read_origin()) == (None, None, None)


def overwrite(folder: EarlierFolder, block: int, text: bytes) -> None:
    """Write over the start of a prepared block, as the shell did."""
    with folder.record.open("r+b") as file:
        file.seek(block * BLOCK_BYTES)
        file.write(text)


@pytest.mark.parametrize(
    ("text", "kind", "code"), [("exited 137", "exited", 137), ("no_workspace 126", "no_workspace", 126)]
)
def test_an_exit_record_ends_where_its_file_was_last_changed(
    folder: EarlierFolder, text: str, kind: str, code: int
) -> None:
    overwrite(folder, 1, f"{text} end\n".encode())
    record = folder.read_exit()
    assert record is not None
    assert (record.kind, record.code, record.ended_at) == (kind, code, folder.record.stat().st_mtime)


def test_an_identity_is_read_back(folder: EarlierFolder) -> None:
    overwrite(folder, 0, b"4194304 987654321 0a1b-2c end\n")
    assert folder.read_identity() == Identity(4194304, 987654321, "0a1b-2c")


@given(code=st.integers(0, 255), kind=st.sampled_from(["exited", "no_workspace"]), data=st.data())
def test_a_torn_exit_record_does_not_exist(code: int, kind: str, data: st.DataObject) -> None:
    record = f"{kind} {code} end\n".encode()
    torn = record[: data.draw(st.integers(0, len(record) - 1))]
    assert EXIT.match(torn + BLANK[len(torn) :]) is None
    assert EXIT.match(record + BLANK[len(record) :]) is not None


@given(pid=st.integers(1, 2**22), ticks=st.integers(0, 2**63), boot=st.uuids(), data=st.data())
def test_a_torn_identity_does_not_exist(pid: int, ticks: int, boot: object, data: st.DataObject) -> None:
    record = f"{pid} {ticks} {boot} end\n".encode()
    torn = record[: data.draw(st.integers(0, len(record) - 2))]
    assert len(record) < len(BLANK)
    assert IDENTITY.match(torn + BLANK[len(torn) :]) is None
    assert IDENTITY.match(record + BLANK[len(record) :]) is not None
