"""An installation that changes under a running conductor: nothing is started from another one."""

import sys
from pathlib import Path

import anyio
import pytest

import podium
from podium.conductor.processes.installation import changed, gone
from podium.conductor.processes.reaper import Reaper
from podium.conductor.reading.process import NoReader, ReaderProcess


def test_what_is_there_and_of_our_version_is_neither_gone_nor_changed() -> None:
    assert gone(podium.__file__ or "") == ""
    assert changed() == ""


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gone(str(tmp_path / "x")).startswith(f"{tmp_path}/x of Podium's installation is gone")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert changed().startswith(f"{tmp_path}/python of Podium's installation is gone")


def test_an_installation_whose_version_cannot_be_read_is_not_called_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(podium, "__version__", "0.0.1")
    monkeypatch.setattr(podium, "VERSION_FILE", str(tmp_path / "none"))
    assert podium.read_version() == podium.UNKNOWN
    assert changed() == ""


@pytest.mark.anyio
async def test_no_reader_of_another_version_is_started_and_no_score_is_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "version.txt").write_text("0.0.2\n")
    monkeypatch.setattr(podium, "VERSION_FILE", str(tmp_path / "version.txt"))
    monkeypatch.setattr(podium, "__version__", "0.0.1")
    async with Reaper() as reaper, anyio.create_task_group() as tasks:
        with pytest.raises(NoReader, match=r"Podium 0\.0\.2 was installed over the running 0\.0\.1") as caught:
            await ReaderProcess(reaper, tasks, 1 << 30).worker(1.0)
    assert "`podium stop` and `podium start`" in caught.value.fix
