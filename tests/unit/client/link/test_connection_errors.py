"""The six ways in which a conductor can fail to answer, each over a real socket: six errors with six fixes."""

import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.errors import (
    ConductorBusy,
    ConductorError,
    ConductorMismatch,
    ConductorNotRunning,
    ConductorTimeout,
    ConductorUnreachable,
)
from podium.settings import load
from podium.wire.sockets import SocketStream
from tests.support.another_user import as_another_user
from tests.support.sockets import listening
from tests.unit.client.link.stand_in import MARIANNE_STATUS, PODIUM_STATUS, client_for

pytestmark = pytest.mark.anyio

Script = Callable[[SocketStream], Awaitable[None]]


async def failure(path: Path, *, call_seconds: float = 30, turn_seconds: float = 30, **settings: Any) -> ConductorError:
    """Return the error of a call to whatever is at `path`; `turn_seconds` bounds its connection, `call_seconds` what follows."""
    async with client_for(path, call_seconds=turn_seconds, **settings) as client:
        client.settings = client.settings.model_copy(update={"call_seconds": call_seconds})  # the pool keeps its own
        with anyio.fail_after(20), pytest.raises(ConductorError) as caught:
            await client.call("daemon.health")
    assert caught.value.fix
    assert caught.value.facts["socket"] == str(path)
    return caught.value


async def failure_against(path: Path, script: Script, **settings: Any) -> ConductorError:
    """Return the error of a call to a scripted peer."""
    async with listening(path, script):
        return await failure(path, **settings)


def answers(*replies: Any) -> Script:
    """Answer one request after another with these, whole lines or objects, then wait."""

    async def script(stream: SocketStream) -> None:
        for reply in replies:
            await stream.receive()
            await stream.send(reply if isinstance(reply, bytes) else json.dumps(reply).encode() + b"\n")
        await anyio.sleep_forever()

    return script


def handshake(status: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "result": status, "id": 1}


async def test_without_a_socket_file_no_conductor_runs(short_tmp: Path) -> None:
    error = await failure(short_tmp / "c.sock")
    assert isinstance(error, ConductorNotRunning)
    assert f"`podium start --home {short_tmp / 'home'} --socket {short_tmp / 'c.sock'}`" in error.fix


@pytest.mark.parametrize(
    ("given", "command"),
    [
        ({}, "podium start"),
        ({"home": "/h o"}, "podium start --home '/h o'"),
        ({"socket": "/s"}, "podium start --socket /s"),
        ({"home": "/h", "socket": "/h/podium.sock"}, "podium start --home /h"),
    ],
)
def test_the_command_that_starts_a_conductor_names_what_is_not_the_default(given: dict[str, str], command: str) -> None:
    assert load(**given).start_command == command


async def test_a_stale_socket_file_is_named(short_tmp: Path) -> None:
    path = short_tmp / "c.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    error = await failure(path)
    assert isinstance(error, ConductorNotRunning)
    assert f"{path} is a stale socket file" in error.message


async def test_another_kind_of_file_is_no_conductor(short_tmp: Path) -> None:
    path = short_tmp / "c.sock"
    path.write_text("hello")
    error = await failure(path)
    assert isinstance(error, ConductorNotRunning)
    assert "exists but is not a socket" in error.message


async def test_a_full_queue_is_a_busy_conductor(short_tmp: Path) -> None:
    path = short_tmp / "c.sock"
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as other:
        server.bind(str(path))
        server.listen(0)
        other.connect(str(path))
        error = await failure(path, connect_seconds=0.05)
    assert isinstance(error, ConductorBusy)
    assert "again" in error.fix


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # Python 3.12 warns where threads exist
def test_a_socket_of_another_user_is_a_matter_of_permission(short_tmp: Path) -> None:
    path = short_tmp / "private" / "c.sock"
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        if os.getuid() != 0:
            path.chmod(0)
        report = as_another_user(lambda: json.dumps(anyio.run(_report, path)))
    assert json.loads(report) == {"kind": "PermissionDenied", "is_permission_error": True, "names_socket": True}


async def _report(path: Path) -> dict[str, Any]:
    try:
        await client_for(path).call("daemon.health")
    except ConductorError as error:
        return {
            "kind": type(error).__name__,
            "is_permission_error": isinstance(error, PermissionError),
            "names_socket": str(path) in error.fix,
        }
    return {"kind": "answered"}


@pytest.mark.parametrize("said", [b"", b'{"jsonrpc":"2.0","result":{"pi'], ids=["nothing", "half-a-reply"])
async def test_the_end_before_the_end_of_a_reply_is_unreachable(short_tmp: Path, said: bytes) -> None:
    async def script(stream: SocketStream) -> None:
        await stream.receive()
        await stream.send(handshake_frame(PODIUM_STATUS))
        await stream.receive()
        await stream.send(said)

    error = await failure_against(short_tmp / "c.sock", script)
    assert isinstance(error, ConductorUnreachable)
    assert "before it answered daemon.health" in error.message


def handshake_frame(status: Any) -> bytes:
    return json.dumps(handshake(status)).encode() + b"\n"


async def test_no_reply_is_a_time_out(short_tmp: Path) -> None:
    error = await failure_against(short_tmp / "c.sock", answers(handshake(PODIUM_STATUS)), call_seconds=0.05)
    assert isinstance(error, ConductorTimeout)
    assert "did not answer daemon.health within 0.05 s" in error.message


async def test_a_peer_that_accepts_and_says_nothing_is_a_time_out(short_tmp: Path) -> None:
    error = await failure_against(short_tmp / "c.sock", answers(), turn_seconds=0.05)
    assert isinstance(error, ConductorTimeout)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        b"hello\n",
        b"\xff\xfe\n",
        42,
        [],
        {"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": None},
        {"jsonrpc": "2.0", "id": 1},
        {"jsonrpc": "2.0", "error": "no", "id": 1},
        {"jsonrpc": "2.0", "error": None, "id": 1},
        {"jsonrpc": "2.0", "result": PODIUM_STATUS, "error": None, "id": 1},
        {"jsonrpc": "2.0", "result": PODIUM_STATUS, "id": [1]},
        {"jsonrpc": "2.0", "result": PODIUM_STATUS, "id": True},
        {"jsonrpc": "2.0", "method": "job.event", "params": [1]},
        {"jsonrpc": "2.0", "method": ["job.event"], "params": {}},
        handshake("fine"),
        handshake({"status": "ok"}),
        handshake({**PODIUM_STATUS, "pid": "one"}),
        handshake({**PODIUM_STATUS, "protocol": "podium-9"}),
    ],
    ids=lambda reply: str(reply)[:40],
)
async def test_what_is_no_conductor_is_a_mismatch(short_tmp: Path, reply: Any) -> None:
    error = await failure_against(short_tmp / "c.sock", answers(reply))
    assert isinstance(error, ConductorMismatch)


async def test_a_foreign_answer_after_the_handshake_is_a_mismatch_too(short_tmp: Path) -> None:
    script = answers(handshake(MARIANNE_STATUS), b"Segmentation fault\n")
    assert isinstance(await failure_against(short_tmp / "c.sock", script), ConductorMismatch)


async def test_a_foreign_error_with_names_of_ours_is_the_error_it_says(short_tmp: Path) -> None:
    data = {
        "code": "CONDUCTOR_BUSY",
        "message": "no",
        "self": 1,
        "cls": 2,
        "socket": str(short_tmp / "c.sock"),
        "fix": "wait",
    }
    error = {"jsonrpc": "2.0", "id": 2, "error": {"code": -32000, "message": "no", "data": data}}
    busy = await failure_against(short_tmp / "c.sock", answers(handshake(PODIUM_STATUS), error))
    assert isinstance(busy, ConductorBusy)
    assert (busy.fix, busy.facts["self"]) == ("wait", 1)


async def test_each_of_them_is_a_runtime_error_with_a_fix_of_its_own(short_tmp: Path) -> None:
    path = short_tmp / "c.sock"
    errors = [
        await failure(path),
        await failure_against(path, answers(), turn_seconds=0.05),
        await failure_against(path, answers(b"hello\n")),
        await failure_against(path, _closes),
    ]
    assert all(isinstance(error, RuntimeError) for error in errors)
    assert len({error.code for error in errors}) == len({error.fix for error in errors}) == len(errors)
    assert sys.exc_info() == (None, None, None)


async def _closes(stream: SocketStream) -> None:
    await stream.receive()
