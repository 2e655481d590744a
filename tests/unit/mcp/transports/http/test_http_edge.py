"""What HTTP and JSON allow is served, and what is wrong is told as on stdio."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from podium.errors import InvalidArguments
from podium.mcp.transports.http.connection import USUAL
from podium.mcp.transports.http.serving import Access, run
from podium_tools import ALL_TOOLS
from tests.support.http_server import HttpServer, standing_server

JSON = "application/json"
PING = {"jsonrpc": "2.0", "method": "ping"}
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


def hello(version: str = "2025-11-25") -> dict[str, Any]:
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


@pytest.fixture(scope="module")
def standing() -> Iterator[HttpServer]:
    """Return a server that all tests share; it is reached under further names too."""
    names = ["--allowed-host", "Dev.Example", "--allowed-host", "proxy.example:8443"]
    with standing_server(*names) as running:
        yield running


class Told:
    """An answer: its status, its headers and what it holds."""

    def __init__(self, server: HttpServer, body: Any, path: str = "/mcp", method: str = "POST", **headers: str) -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
        sent = {"Content-Type": JSON, "Accept": f"{JSON}, text/event-stream"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body if isinstance(body, bytes) else json.dumps(body), sent)
        response = connection.getresponse()
        self.status, self.headers, text = response.status, response.headers, response.read().decode()
        connection.close()
        data = [line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:")]
        self.value: Any = json.loads(data[-1] if data else text) if text.startswith(("{", "[", "event", ":")) else text


def session(server: HttpServer, version: str) -> str:
    told = Told(server, hello(version))
    assert told.value["result"]["protocolVersion"] == version
    return str(told.headers["mcp-session-id"])


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
def test_a_slash_at_the_end_of_the_path_makes_no_difference(standing: HttpServer, path: str) -> None:
    assert Told(standing, hello(), path).status == 200


@pytest.mark.parametrize("path", ["/", "/mcp/x", "/other"])
def test_another_path_says_where_the_server_is(standing: HttpServer, path: str) -> None:
    told = Told(standing, hello(), path)
    assert (told.status, told.value) == (404, "Not found: the server is at /mcp.")


@pytest.mark.parametrize(
    "kind",
    ["Application/JSON", "APPLICATION/JSON; Charset=UTF-8", "application/json;charset=utf-8", " application/json "],
)
def test_a_content_type_may_be_written_in_any_case_and_with_parameters(standing: HttpServer, kind: str) -> None:
    assert Told(standing, hello(), Content_Type=kind).status == 200


def test_a_content_type_that_is_not_json_is_refused(standing: HttpServer) -> None:
    assert Told(standing, hello(), Content_Type="text/plain").status == 400


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
def test_a_byte_order_mark_in_a_body_does_no_harm(standing: HttpServer, version: str) -> None:
    if version == "2025-11-25":
        assert Told(standing, b"\xef\xbb\xbf" + json.dumps(hello()).encode()).status == 200
        return
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}
    body = b"\xef\xbb\xbf" + json.dumps(request).encode()
    told = Told(standing, body, MCP_Protocol_Version=version, Mcp_Method="tools/list")
    assert len(told.value["result"]["tools"]) == len(ALL_TOOLS)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("LOCALHOST:{port}", 200),
        ("LocalHost:{port}", 200),
        ("dev.example", 200),
        ("DEV.example:9000", 200),
        ("proxy.example:8443", 200),
        ("proxy.example", 421),
        ("proxy.example:1", 421),
        ("other.example", 421),
        ("dev.example.evil", 421),
    ],
)
def test_a_host_may_be_written_in_any_case_and_further_ones_can_be_allowed(
    standing: HttpServer, host: str, status: int
) -> None:
    assert Told(standing, hello(), Host=host.format(port=standing.port)).status == status


def test_a_page_of_an_allowed_host_is_served_and_no_other(standing: HttpServer) -> None:
    for origin, status in (
        ("https://dev.example", 200),
        ("HTTPS://Proxy.Example:8443", 200),
        ("https://evil.example", 403),
    ):
        assert Told(standing, hello(), Host="dev.example", Origin=origin).status == status


@pytest.mark.parametrize("name", ["*", "", "a b", "http://dev.example", "dev.example/x", "dev.example:port"])
def test_what_is_no_host_cannot_be_allowed(name: str) -> None:
    with pytest.raises(InvalidArguments, match="not the name of a host"):
        run(None, "127.0.0.1", 0, Access([name]))  # type: ignore[arg-type]


def test_a_client_that_names_no_type_it_accepts_accepts_all(standing: HttpServer) -> None:
    connection = HTTPConnection("127.0.0.1", standing.port, timeout=20)
    connection.request("POST", "/mcp", json.dumps(hello()), {"Content-Type": JSON})
    assert connection.getresponse().status == 200
    connection.close()


def test_a_connection_stays_open_for_as_long_as_clients_keep_theirs() -> None:
    assert USUAL.idle_seconds >= 75


@pytest.mark.parametrize("version", ["", "2025-11-25", "2026-07-28"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"not json", -32700),
        (b"[" * 100_000, -32700),
        (json.dumps({**PING, "id": None}).encode(), -32600),
        (json.dumps({**PING, "id": 1.5}).encode(), -32600),
        (json.dumps({**PING, "id": True}).encode(), -32600),
        (json.dumps({**PING, "id": 1, "params": []}).encode(), -32600),
        (b"5", -32600),
    ],
)
def test_what_is_no_message_gets_the_answer_that_it_gets_on_stdio(
    standing: HttpServer, version: str, body: bytes, code: int
) -> None:
    told = Told(standing, body, **({"MCP_Protocol_Version": version} if version else {}))
    assert (told.status, told.value["error"]["code"]) == (400, code)


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_request_before_the_handshake_is_told_what_to_send(standing: HttpServer, method: str) -> None:
    told = Told(
        standing, {"jsonrpc": "2.0", "id": 7, "method": "tools/list"} if method == "POST" else b"", method=method
    )
    assert (told.status, told.value["error"]["code"]) == (400, -32600)
    assert told.value["id"] == (7 if method == "POST" else None)
    assert 'Send an "initialize" request first, and its Mcp-Session-Id header' in told.value["error"]["message"]


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "PATCH"])
def test_a_method_that_is_not_served_is_told_so(standing: HttpServer, method: str) -> None:
    assert Told(standing, b"", method=method).status == 405


def test_a_batch_is_answered_as_a_batch_where_it_was_agreed(standing: HttpServer) -> None:
    known = session(standing, "2025-03-26")
    call = {"name": "list_jobs", "arguments": {}}
    messages = [
        {**PING, "id": 2},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": call},
        {"jsonrpc": "2.0", "id": 3, "method": "nope"},
        5,
    ]
    told = Told(standing, messages, Mcp_Session_Id=known)
    assert (told.status, told.headers["content-type"]) == (200, JSON)
    codes = [(each["id"], each.get("error", {}).get("code")) for each in told.value]
    assert codes == [(2, None), ("b", None), (3, -32601), (None, -32600)]
    assert "CONDUCTOR_NOT_RUNNING" in told.value[1]["result"]["content"][0]["text"]
    notification = Told(standing, messages[1:2], Mcp_Session_Id=known, MCP_Protocol_Version="2025-03-26")
    assert (notification.status, notification.value) == (202, "")


def test_a_batch_of_a_session_that_is_unknown_gets_the_status_at_which_clients_begin_a_new_one(
    standing: HttpServer,
) -> None:
    told = Told(standing, [{**PING, "id": 2}, {**PING, "id": 3}], Mcp_Session_Id="nobody")
    assert (told.status, told.value["error"]["message"]) == (404, "Session not found")


@pytest.mark.parametrize("version", ["2025-06-18", "2026-07-28"])
def test_a_batch_in_another_version_is_told_what_to_send(standing: HttpServer, version: str) -> None:
    told = Told(standing, [{**PING, "id": 2}], MCP_Protocol_Version=version)
    assert told.status == 400
    assert "send one message at a time" in told.value["error"]["message"]


def test_a_fraction_as_a_progress_token_is_accepted(standing: HttpServer) -> None:
    params = {"name": "list_jobs", "_meta": {**META, "progressToken": 1.5}}
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/call", "Mcp_Name": "list_jobs"}
    assert Told(standing, request, **headers).value["result"]["isError"]
