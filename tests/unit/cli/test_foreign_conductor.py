"""A socket that is not ours: what starts, stops or installs a conductor says whose it is, and does nothing to it."""

import json
import os
import socket
import stat
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from podium.conductor.service.listener import Listener, SocketTaken
from podium.home import SOCKET_RECORD
from podium.places import holder
from podium.settings import Settings
from podium.wire.dispatcher import Peer
from podium.wire.sockets import SocketStream
from tests.support.capped import PLACES, Capped, idle_clients
from tests.support.commands import podium
from tests.support.podium_home import Conductor, ask
from tests.support.services import Services
from tests.support.sockets import listening
from tests.unit.client.link.stand_in import MARIANNE_STATUS

pytestmark = pytest.mark.anyio


async def say_status(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return MARIANNE_STATUS


async def say_health(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return {"status": "ok", "pid": MARIANNE_STATUS["pid"], "uptime_seconds": 1.0, "shutting_down": False}


async def shut_down(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
    return {"shutting_down": True}


@asynccontextmanager
async def marianne(path: Path) -> AsyncIterator[Capped]:
    conductor = Capped({"daemon.status": say_status, "daemon.health": say_health, "daemon.shutdown": shut_down})
    async with listening(path, conductor.serve):
        yield conductor


async def run(home: Settings, path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose environment names this socket."""
    return await anyio.to_thread.run_sync(partial(podium, home, *words, PODIUM_SOCKET=str(path)))


@pytest.mark.parametrize("words", [["stop"], ["stop", "--cancel"], ["stop", "--json"]], ids=" ".join)
async def test_a_foreign_conductor_is_not_stopped(short_tmp: Path, home: Settings, words: list[str]) -> None:
    path = short_tmp / "m.sock"
    async with marianne(path) as conductor:
        done = await run(home, path, *words)
        assert "daemon.shutdown" not in conductor.asked
    assert done.returncode == 1
    assert f"Marianne 0.1.0 (pid 8956) answers on {path}" in done.stderr.replace("\n", " ")
    for said in ("nothing was done to it", "`mzt stop`", "then cancels them"):
        assert said in " ".join(done.stderr.split())
    if "--json" in words:
        error = json.loads(done.stdout)["error"]
        assert (error["code"], error["retryable"]) == ("UNSUPPORTED_BY_CONDUCTOR", False)
        assert (error["product"], error["version"], error["pid"]) == ("marianne", "0.1.0", 8956)


@pytest.mark.parametrize("words", [["start"], ["start", "--foreground"], ["start", "--json"]], ids=" ".join)
async def test_no_conductor_is_started_in_the_place_of_a_foreign_one(
    short_tmp: Path, home: Settings, words: list[str]
) -> None:
    path = short_tmp / "m.sock"
    async with marianne(path) as conductor:
        done = await run(home, path, *words)
        assert "daemon.shutdown" not in conductor.asked
        assert await status_at(path) == MARIANNE_STATUS
    told = " ".join(done.stderr.split())
    assert done.returncode == 5
    assert f"Nothing was done: the Marianne conductor 0.1.0 (pid 8956) answers on {path}, and keeps it." in told
    assert f"Try again without PODIUM_SOCKET and --socket, or run `podium start --home {home.home} --socket " in told
    assert holder(home.home) is None
    if "--json" in words:
        error = json.loads(done.stdout)["error"]
        assert (error["code"], error["product"], error["pid"]) == ("CONDUCTOR_MISMATCH", "marianne", 8956)


async def status_at(path: Path) -> Any:
    return await anyio.to_thread.run_sync(ask, path, "daemon.status")


async def test_the_command_that_is_named_instead_starts_a_conductor_with_a_socket_of_its_own(
    short_tmp: Path, home: Settings
) -> None:
    path = short_tmp / "m.sock"
    async with marianne(path):
        told = " ".join((await run(home, path, "start")).stderr.split())
        words = told.partition("or run `podium ")[2].partition("`")[0].split()
        assert words[:3] == ["start", "--home", str(home.home)]
        started = await run(home, path, "start", *words[3:])
        try:
            assert (started.returncode, (await status_at(home.socket))["product"]) == (0, "podium")
            again = await run(home, path, "start")
            assert "Marianne conductor" in " ".join(again.stderr.split())
        finally:
            stopped = await anyio.to_thread.run_sync(podium, home, "stop")
    assert stopped.returncode == 0


async def test_a_foreign_conductor_whose_places_are_taken_counts_as_alive(short_tmp: Path, home: Settings) -> None:
    path = short_tmp / "m.sock"
    async with marianne(path) as conductor, idle_clients(path):
        await conductor.connections(PLACES)
        file = path.stat()
        done = await run(home, path, "start")
        assert os.path.samestat(file, path.stat())
        with pytest.raises(SocketTaken, match="another conductor is listening"), Listener(path, {}, 8):
            pass
        assert os.path.samestat(file, path.stat())
    told = " ".join(done.stderr.split())
    assert done.returncode == 5
    assert f"a process (pid {os.getpid()}) listens on {path} and does not say who it is" in told
    assert "its five connections are taken" in told
    assert holder(home.home) is None


async def test_a_peer_that_speaks_no_json_keeps_its_socket(short_tmp: Path, home: Settings) -> None:
    path = short_tmp / "m.sock"

    async def speak_http(stream: SocketStream) -> None:
        await stream.receive()
        await stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(path, speak_http):
        done = await run(home, path, "start")
        assert path.is_socket()
    assert (done.returncode, "does not say who it is" in " ".join(done.stderr.split())) == (5, True)


def left_by_another(path: Path) -> os.stat_result:
    """Leave a socket file as a Marianne conductor does that was killed."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    path.chmod(0o660)
    return path.stat()


async def test_a_socket_file_that_another_program_left_is_not_replaced(short_tmp: Path, home: Settings) -> None:
    path = short_tmp / "m.sock"
    file = left_by_another(path)
    done = await run(home, path, "start")
    told = " ".join(done.stderr.split())
    assert (done.returncode, f"another program has left the socket file {path}" in told) == (5, True)
    assert f"rm {path}" in told
    with pytest.raises(SocketTaken, match="another program made and may need again"), Listener(path, {}, 8):
        pass
    assert os.path.samestat(file, path.stat())
    asked = " ".join((await run(home, path, "status")).stderr.split())
    assert "`mzt start`" in asked


def test_a_socket_file_of_ours_is_replaced_after_a_kill_though_it_was_not_written_down(conductor: Conductor) -> None:
    path = conductor.settings.socket
    conductor.kill()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (conductor.settings.home / SOCKET_RECORD).unlink(missing_ok=True)
    conductor.start()
    assert conductor.answers()


async def test_no_service_is_installed_for_the_socket_of_a_foreign_conductor(short_tmp: Path) -> None:
    path, services = short_tmp / "m.sock", Services(short_tmp)
    async with marianne(path):
        done = await anyio.to_thread.run_sync(partial(services.podium, "service", "install", PODIUM_SOCKET=str(path)))
    assert (done.returncode, "the Marianne conductor 0.1.0" in " ".join(done.stderr.split())) == (5, True)
    assert not services.unit.exists()
    assert services.calls == []


async def test_doctor_names_the_foreign_conductor_and_whether_its_places_are_taken(
    short_tmp: Path, home: Settings
) -> None:
    path = short_tmp / "m.sock"
    async with marianne(path) as conductor:
        named = await run(home, path, "doctor")
        async with idle_clients(path):
            await conductor.connections(PLACES)
            full = await run(home, path, "doctor")
        assert set(conductor.asked) <= {"daemon.status", "daemon.health"}
    assert f"the Marianne conductor 0.1.0 (pid 8956) answers on {path}" in " ".join(named.stdout.split())
    assert "its five connections are taken" in " ".join(full.stdout.split())
