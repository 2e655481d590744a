"""Nothing is sent to a process of another user, whoever asks and however."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from podium.cli.shared.probe import health
from podium.client.link.daemon_client import DaemonClient
from podium.conductor.processes.keepers.link import Link
from podium.errors import PermissionDenied
from podium.keeper import serving
from podium.privacy import peers
from podium.privacy.peers import credentials
from podium.settings import load
from tests.support.another_user import NOBODY

LISTEN_SECONDS = 20.0


def test_the_kernel_tells_who_is_at_the_other_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert credentials(ours) == (os.geteuid(), os.getpid())


async def _call(path: Path) -> None:
    async with DaemonClient(settings=load(home=path.parent / "home", socket=path)) as client:
        await client.call("daemon.health")


def call(path: Path) -> None:
    """Make a call as every tool does."""
    anyio.run(_call, path)


@contextmanager
def thief(path: Path, uid: int) -> Iterator[int]:
    """Let a process of a user listen at `path`; yield the file of a pipe that has what was sent to it, when it has ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:  # nothing may leave this block: the child would go on with the tests, beside this process
            os.setgid(uid)
            os.setuid(uid)
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(str(path))
                path.chmod(0o777)
                server.listen()
                os.write(writing, b"\n")
                server.settimeout(LISTEN_SECONDS)
                victim, _ = server.accept()
                victim.settimeout(LISTEN_SECONDS)
                os.write(writing, victim.recv(1000))
        finally:
            os._exit(0)
    os.close(writing)
    try:
        assert os.read(reading, 1) == b"\n"
        yield reading
    finally:
        os.close(reading)
        os.waitpid(child, 0)


@contextmanager
def listener_at(path: Path) -> Iterator[list[bytes]]:
    """Listen at `path`; yield what was sent to it, when that is over."""
    sent: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def take() -> None:
            victim, _ = server.accept()
            with victim:
                sent.append(victim.recv(1000))

        taking = threading.Thread(target=take)
        taking.start()
        yield sent
        taking.join(LISTEN_SECONDS)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # Python 3.12 warns where threads exist
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user too")
@pytest.mark.parametrize("ask", [call, health])
def test_nothing_is_sent_to_a_socket_that_another_user_bound_first(
    short_tmp: Path, ask: Callable[[Path], object]
) -> None:
    short_tmp.chmod(0o1777)
    path = short_tmp / "c.sock"
    with thief(path, NOBODY) as stolen:
        with pytest.raises(PermissionDenied, match=rf"belongs to .*uid {NOBODY}.*nothing was sent") as refused:
            ask(path)
        assert refused.value.facts["socket"] == str(path)
        assert os.read(stolen, 1000) == b""


@pytest.mark.parametrize("ask", [call, health])
def test_nothing_is_sent_to_a_peer_of_which_the_kernel_says_that_it_is_anothers(
    short_tmp: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Path], object]
) -> None:
    monkeypatch.setattr(peers, "credentials", lambda connection: (os.geteuid() + 1, 4711))
    with listener_at(short_tmp / "c.sock") as sent, pytest.raises(PermissionDenied, match="nothing was sent"):
        ask(short_tmp / "c.sock")
    assert sent == [b""]


def test_nothing_is_sent_to_a_keeper_of_another_user(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that others could write once may have one: its owner has closed it since, as he was told to."""
    monkeypatch.setattr(peers, "credentials", lambda connection: (os.geteuid() + 1, 4711))
    with listener_at(short_tmp / serving.SOCKET) as sent:
        assert anyio.run(Link.open, short_tmp, 1, {"TOKEN": "x"}) is None
    assert sent == [b""]
