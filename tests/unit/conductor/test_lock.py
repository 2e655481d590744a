"""One conductor a home and a socket; who comes second is told why it cannot start."""

import os
from pathlib import Path

import pytest

from podium.conductor.lock import HomeTaken, hold_home
from tests.support.podium_home import Conductor, make_home


def test_a_home_is_held_once_and_names_its_holder(tmp_path: Path) -> None:
    (tmp_path / "conductor.lock").write_text("99999999999999\n")  # of a conductor that is gone
    with hold_home(tmp_path), pytest.raises(HomeTaken, match=rf"\(pid {os.getpid()}\)"), hold_home(tmp_path):
        pass
    with hold_home(tmp_path):
        pass


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(HomeTaken, match=r"file/home cannot be used: Not a directory"),
        hold_home(tmp_path / "file/home"),
    ):
        pass


def test_a_socket_that_another_conductor_has_is_said(conductor: Conductor, short_tmp: Path) -> None:
    second = Conductor(make_home(short_tmp / "second", socket=conductor.settings.socket))
    second.settings.home.parent.mkdir()
    second.launch()
    second.await_death()
    assert f"another conductor is listening on {conductor.settings.socket}" in second.log.read_text()
    assert conductor.answers()
