"""Whose a connection is, as the kernel tells it, and that only this user's are served."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podium.errors import InvalidArguments
from podium.mcp.transports.http import peers
from podium.mcp.transports.http.serving import Access, run
from tests.support.another_user import NOBODY, as_another_user
from tests.support.http_server import HttpServer, http_server, serving, standing_server
from tests.support.podium_home import make_home

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can run a process as a second user")


def ends(client: socket.socket, listener: socket.socket) -> int | None:
    """Return the owner of the client's end of a connection, as a server sees it."""
    accepted, _ = listener.accept()
    with accepted:
        return peers.owner(accepted.getpeername()[:2], accepted.getsockname()[:2])


@pytest.mark.parametrize(
    ("family", "address", "reached"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET6, "::1", "::1"),
        (socket.AF_INET, "127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_a_connection_of_ours_is_ours_in_every_form_of_its_address(
    family: socket.AddressFamily, address: str, reached: str
) -> None:
    with socket.create_server((address, 0), family=family) as listener:
        kind = socket.AF_INET6 if ":" in reached else socket.AF_INET
        with socket.socket(kind) as client:
            client.connect((reached, listener.getsockname()[1]))
            assert ends(client, listener) == os.getuid()


def test_an_end_that_is_closed_already_is_nobodys() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
        client.close()
        with accepted:
            assert peers.owner(accepted.getpeername(), accepted.getsockname()) is None


def test_an_end_that_was_never_there_is_nobodys() -> None:
    assert peers.owner(("127.0.0.1", 1), ("127.0.0.1", 2)) is None


def test_a_connection_that_is_only_tried_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that connects from the address of another one, which is gone, is not the owner of that."""
    line = (
        "   0: 0100007F:0001 0100007F:0002 {state} 00000000:00000000 00:00000000 00000000  1000        0 {inode} 1 0\n"
    )
    for state, inode, found in (("01", "7", 1000), ("02", "7", None), ("01", "0", None), ("05", "7", 1000)):
        table = tmp_path / "tcp"
        table.write_text("head\n" + line.format(state=state, inode=inode))
        monkeypatch.setattr(peers, "TABLES", (table,))
        assert peers.owner(("127.0.0.1", 1), ("127.0.0.1", 2)) == found


@pytest.fixture(scope="module")
def standing() -> Iterator[HttpServer]:
    with standing_server() as running:
        yield running


def asking(port: int) -> Callable[[], str]:
    """Return what asks the server on a port for its tools and returns all of its answer."""
    lines = ("POST /mcp HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json", "Connection: close")
    request = "\r\n".join([*lines, "Content-Length: 2", "", "{}"]).encode()

    def ask() -> str:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as peer:
            peer.sendall(request)
            with peer.makefile("rb") as answer:
                return answer.read().decode()

    return ask


@needs_root
def test_a_connection_of_another_user_is_refused_in_plain_words(standing: HttpServer) -> None:
    told = as_another_user(asking(standing.port))
    assert told.startswith("HTTP/1.1 403 ")
    assert "this server runs commands as user 0, so it serves only that user's connections; " in told
    assert f"this one belongs to user {NOBODY}. Start a server of your own: podium serve --http PORT." in told
    assert asking(standing.port)().startswith("HTTP/1.1 400 ")  # ours is served: the body is no message


@needs_root
def test_another_user_is_served_where_that_was_asked_for(short_tmp: Path) -> None:
    with http_server([*serving(make_home(short_tmp)), "--any-local-user"]) as server:
        assert as_another_user(asking(server.port)).startswith("HTTP/1.1 400 ")


def test_a_system_that_does_not_tell_is_served_only_when_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "are_known", lambda: False)
    with pytest.raises(InvalidArguments, match="every user of this machine could run commands as you") as caught:
        run(None, "127.0.0.1", 0, Access())  # type: ignore[arg-type]
    assert "--any-local-user" in caught.value.fix
