"""The conductor as a service: what the unit says is what a restart by systemd does, and sheets live through it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.home import SOCKET
from tests.support.podium_home import ask, until
from tests.support.services import Services

SCORE = """
name: long
workspace: {folder}
sheets:
  - name: waits
    run: "echo $PATH >path; touch begun; until [ -e go ]; do sleep 0.1; done; exit 7"
"""


@pytest.fixture
def services(short_tmp: Path) -> Iterator[Services]:
    """Return a user without a service; a conductor that is left is stopped at the end, by whatever it was started."""
    made = Services(short_tmp)
    yield made
    made.podium("stop", "--cancel")


def test_a_restart_by_the_unit_touches_no_sheet_and_its_end_is_known(services: Services, short_tmp: Path) -> None:
    installed = services.podium("service", "install")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    first = int((services.stand_in / "pid").read_text())
    assert f"The service runs the conductor (pid {first})" in installed.stdout
    assert "conductor  pid" in services.podium("service", "status").stdout
    socket, work = services.home / SOCKET, short_tmp / "w"
    job = ask(socket, "job.submit", {"config_content": SCORE.format(folder=work), "client_cwd": "/"})["job_id"]
    until((work / "begun").exists)
    services.systemctl("restart", "podium.service")
    until(socket.exists)
    until(lambda: _pid(services) not in {0, first})
    assert ask(socket, "job.status", {"job_id": job})["status"] == "running"
    (work / "go").touch()
    until(lambda: ask(socket, "job.status", {"job_id": job})["status"] == "failed")
    assert "exit code 7" in str(ask(socket, "job.status", {"job_id": job}))
    assert (work / "path").read_text().strip() == services.environment["PATH"]
    removed = services.podium("service", "remove")
    assert removed.returncode == 0, removed.stdout
    assert not services.unit.exists()
    assert "none answers" in services.podium("service", "status").stdout


def test_a_conductor_that_was_started_by_hand_is_left_alone_and_the_hand_over_is_said(services: Services) -> None:
    assert services.podium("start").returncode == 0
    pid = ask(services.home / SOCKET, "daemon.health")["pid"]
    installed = services.podium("service", "install")
    assert installed.returncode == 0
    assert f"started by hand (pid {pid}) runs on; the service was not started" in installed.stdout
    assert "podium stop && systemctl --user start podium.service" in installed.stdout
    assert services.calls == ["--user daemon-reload", "--user enable podium.service"]
    status = services.podium("service", "status")
    assert f"pid {pid}, started by hand" in status.stdout
    assert status.returncode == 5
    assert services.podium("service", "remove").returncode == 0
    assert ask(services.home / SOCKET, "daemon.health")["pid"] == pid


def _pid(services: Services) -> int:
    try:
        return int(ask(services.home / SOCKET, "daemon.health", seconds=2)["pid"])
    except OSError:
        return 0
