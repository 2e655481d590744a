"""The attempt folder: what is written, and which records exist."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.engines.local.folder import BLANK, BLOCK_BYTES, EXIT, IDENTITY, AttemptFolder
from podium.conductor.processes.identity import Identity
from podium.conductor.processes.spawn import spawn
from tests.support.engines import HERE, make_spec


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    spec = make_spec(tmp_path, "echo hello")
    prepared = AttemptFolder(spec.folder)
    prepared.prepare(spec, HERE)
    return prepared


def test_the_folder_and_its_files_are_private(folder: AttemptFolder) -> None:
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.path.iterdir()} == {0o600}


def test_the_specification_says_its_format(folder: AttemptFolder) -> None:
    spec = json.loads(folder.record.read_text()[2 * BLOCK_BYTES :])
    assert spec["version"] == 1
    assert spec["key"] == folder.path.name


def test_a_prepared_folder_has_no_records_yet(folder: AttemptFolder) -> None:
    assert folder.read_exit() is None
    assert folder.read_identity() is None
    assert folder.record.read_bytes().startswith(BLANK + BLANK)


def test_a_folder_is_prepared_once(folder: AttemptFolder, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        folder.prepare(make_spec(tmp_path, folder=folder.path), HERE)


def test_a_script_is_kept_byte_for_byte(tmp_path: Path) -> None:
    text = "echo 'Grüße, 世界 🎼' # \udcff\n" + "x" * 200_000
    spec = make_spec(tmp_path, text)
    AttemptFolder(spec.folder).prepare(spec, HERE)
    assert (spec.folder / "script").read_bytes() == text.encode("utf-8", "surrogateescape")


def test_a_claim_of_a_launch_cannot_be_taken(folder: AttemptFolder) -> None:
    folder.stdout.touch()
    assert not folder.try_claim()


def test_a_claim_of_a_conductor_holds_for_the_next_one_and_against_every_launch(folder: AttemptFolder) -> None:
    assert [folder.try_claim(), folder.try_claim()] == [True, True]
    with pytest.raises(FileExistsError):
        spawn(["/bin/true"], {}, stdout=folder.stdout, new_stdout=True)


def test_of_many_launches_at_once_one_starts_a_process(folder: AttemptFolder) -> None:
    def launch(_: int) -> int | None:
        try:
            return spawn(["/bin/sh", "-c", "echo ran"], {}, stdout=folder.stdout, new_stdout=True)
        except FileExistsError:
            return None

    with ThreadPoolExecutor(8) as racers:
        (pid,) = [pid for pid in racers.map(launch, range(8)) if pid]
    assert os.waitpid(pid, 0) == (pid, 0)
    assert folder.stdout.read_text() == "ran\n"
    assert not folder.try_claim()


def test_what_was_never_prepared_may_be_claimed_and_has_no_records(tmp_path: Path) -> None:
    missing = AttemptFolder(tmp_path / "missing")
    assert missing.try_claim()
    assert (missing.read_exit(), missing.read_identity()) == (None, None)


def overwrite(folder: AttemptFolder, block: int, text: bytes) -> None:
    """Write over the start of a prepared block, as the wrapper does."""
    with folder.record.open("r+b") as file:
        file.seek(block * BLOCK_BYTES)
        file.write(text)


def test_an_exit_record_ends_where_its_file_was_last_changed(folder: AttemptFolder) -> None:
    overwrite(folder, 1, b"exited 137 end\n")
    record = folder.read_exit()
    assert record is not None
    assert (record.kind, record.code, record.ended_at) == ("exited", 137, folder.record.stat().st_mtime)


def test_an_identity_is_read_back(folder: AttemptFolder) -> None:
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
