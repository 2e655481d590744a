"""The server over HTTP as a process: who may reach it, in which eras, and how it ends."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import anyio
import psutil
import pytest
from mcp import Client

from podium.errors import InvalidArguments
from podium.mcp.transports.http.serving import parsed
from podium.settings import Settings
from podium_tools import ALL_TOOLS
from tests.support import nursed
from tests.support.http_server import HttpServer, http_server, serving, standing_server

HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
}
INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


@pytest.fixture(scope="module")
def standing() -> Iterator[HttpServer]:
    """Return a server that several tests share."""
    with standing_server() as running:
        yield running


@pytest.fixture
def server(home: Settings) -> Iterator[HttpServer]:
    with http_server(serving(home)) as running:
        yield running


def post(server: HttpServer, message: Any = INITIALIZE, **headers: str) -> int:
    """Send a message and return the status of its answer."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", "/mcp", json.dumps(message), {**HEADERS, **headers})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_of_either_era_lists_and_calls_the_tools(standing: HttpServer, mode: str) -> None:
    with anyio.fail_after(40):
        async with Client(standing.url, mode=mode) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == [tool.name for tool in ALL_TOOLS]
            result = await client.call_tool("list_jobs", {})
            assert (client.protocol_version == "2026-07-28") == (mode == "auto")
    assert result.is_error
    assert "CONDUCTOR_NOT_RUNNING" in result.model_dump_json()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
def test_the_loopback_names_of_this_port_are_served(standing: HttpServer, name: str) -> None:
    assert post(standing, Host=f"{name}:{standing.port}", Origin=f"http://{name}:{standing.port}") == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "127.0.0.1:1", "10.0.0.1"]
)
def test_a_name_that_was_bound_to_this_machine_later_is_refused(standing: HttpServer, host: str) -> None:
    assert post(standing, Host=host) == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://localhost.evil.example", "http://localhost:1", "null"]
)
def test_a_page_of_another_origin_is_refused(standing: HttpServer, origin: str) -> None:
    assert post(standing, Origin=origin) == 403


@pytest.mark.parametrize(("megabytes", "status"), [(5, 200), (17, 413)])
def test_a_request_may_be_as_large_as_on_stdio(standing: HttpServer, megabytes: int, status: int) -> None:
    message = {**INITIALIZE, "params": {**INITIALIZE["params"], "_meta": {"x": "x" * megabytes * 1024**2}}}
    assert post(standing, message) == status


@pytest.mark.parametrize("types", ["*/*", "application/json, text/event-stream", "text/*;q=0.9, application/*"])
def test_any_way_to_accept_both_kinds_of_answer_is_understood(standing: HttpServer, types: str) -> None:
    assert post(standing, Accept=types) == 200


def test_a_session_of_an_earlier_server_is_not_found_so_that_the_client_begins_anew(standing: HttpServer) -> None:
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    assert post(standing, listing, **{"Mcp-Session-Id": "0123456789abcdef0123456789abcdef"}) == 404


def test_it_listens_on_the_loopback_interface_only(standing: HttpServer) -> None:
    listening = [
        each
        for each in psutil.Process(nursed.stood_for(standing.process.pid)).net_connections()
        if each.status == "LISTEN"
    ]
    assert [each.laddr for each in listening] == [("127.0.0.1", standing.port)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_with_the_code_that_a_shell_expects(server: HttpServer, number: int, code: int) -> None:
    server.process.send_signal(number)
    assert server.process.wait(20) == code


@pytest.mark.anyio
async def test_an_open_stream_does_not_keep_it_alive(server: HttpServer) -> None:
    with anyio.fail_after(40):
        async with Client(server.url) as client, client.listen(resource_subscriptions=["job://a"]):
            server.process.terminate()
            assert await anyio.to_thread.run_sync(server.process.wait, 30) == 143


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8000", ("127.0.0.1", 8000)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("localhost:80", ("127.0.0.1", 80)),
        ("[::1]:8000", ("::1", 8000)),
        ("::1:8000", ("::1", 8000)),
    ],
)
def test_an_address_is_a_port_or_a_loopback_name_with_one(address: str, expected: tuple[str, int]) -> None:
    assert parsed(address) == expected


@pytest.mark.parametrize(
    "address", ["0.0.0.0:8000", "[::]:8000", "192.168.1.4:8000", "example.org:8000", "127.0.0.2:1"]
)
def test_anything_but_loopback_is_refused(address: str) -> None:
    with pytest.raises(InvalidArguments, match="only on the loopback interface") as caught:
        parsed(address)
    assert "--http" in caught.value.fix


@pytest.mark.parametrize("address", ["", "http", "127.0.0.1", "70000", "-1", "8000x", "localhost:"])
def test_what_has_no_port_is_refused(address: str) -> None:
    with pytest.raises(InvalidArguments, match="the port is missing"):
        parsed(address)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "taken"])
def test_the_command_says_why_it_does_not_serve(home: Settings, address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        if address == "taken":
            address = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "podium", "serve", "--http", address, "--home", str(home.home)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=40)
    assert ended.returncode == 2
    assert ended.stderr.startswith("podium: ")
    assert "Traceback" not in ended.stderr
