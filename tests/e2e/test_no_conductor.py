"""No conductor, or something else in its place: each is told apart, by every tool and in both eras."""

import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import pytest

from podium.settings import Settings
from podium.wire.sockets import SocketStream
from podium_tools import ALL_TOOLS
from tests.support.agent import BOTH_ERAS, Agent
from tests.support.mcp_clients import complete, minimal, plain_agent
from tests.support.podium_home import make_home
from tests.support.sockets import listening

pytestmark = pytest.mark.anyio

TOOLS = {spec.name for spec in ALL_TOOLS}

# -- no conductor, or something else in its place ---------------------------------------------------------------------


@pytest.fixture(scope="module", params=BOTH_ERAS)
def era(request: pytest.FixtureRequest) -> str:
    """The era of the agents."""
    found: str = request.param
    return found


@pytest.fixture(scope="module")
def home(folder: Path, era: str) -> Settings:
    """The settings of agents without a conductor."""
    place = folder / f"stranded-{era}"
    place.mkdir()
    return make_home(place)


@pytest.fixture(scope="module")
async def stranded(home: Settings, era: str) -> AsyncIterator[tuple[Agent, Path]]:
    """An agent without a conductor, and the path where it looks for its socket."""
    async with plain_agent(home, era, cwd=home.home.parent) as connected:
        yield connected, home.socket


@pytest.fixture(scope="module")
async def hasty(home: Settings, era: str) -> AsyncIterator[Agent]:
    """An agent as `stranded` that gives up soon: for strangers who never answer. Others may need more than a moment."""
    async with plain_agent(home, era, cwd=home.home.parent, PODIUM_CALL_SECONDS="0.3") as connected:
        yield connected


@pytest.fixture
def place(stranded: tuple[Agent, Path]) -> Iterator[Path]:
    """The socket's path, with nothing there before and after."""
    path = stranded[1]
    path.parent.mkdir(exist_ok=True)
    yield path
    shutil.rmtree(path.parent)


@pytest.mark.parametrize("tool", sorted(TOOLS - {"describe_score"}))
async def test_without_a_conductor_each_tool_says_how_to_start_one(
    stranded: tuple[Agent, Path], place: Path, tool: str
) -> None:
    error = await stranded[0].refused(tool, **minimal(tool, "a"))
    complete(error, "CONDUCTOR_NOT_RUNNING", str(place))
    assert "podium start" in error["fix"]
    assert list(place.parent.iterdir()) == []


async def test_without_a_conductor_the_score_format_is_explained_all_the_same(
    stranded: tuple[Agent, Path], place: Path
) -> None:
    assert "foreach" in (await stranded[0].call("describe_score"))["topics"]
    assert "max_retries" in (await stranded[0].call("describe_score", topic="retry"))["text"]
    assert list(place.parent.iterdir()) == []


def regular_file(path: Path) -> None:
    path.write_text("hello")


def a_folder(path: Path) -> None:
    path.mkdir()


def stale(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))


def below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("hello")


def forbidden(path: Path) -> None:
    stale(path)
    path.chmod(0)


WRONG_PLACES: dict[Callable[[Path], None], tuple[str, str]] = {
    regular_file: ("CONDUCTOR_NOT_RUNNING", "is not a socket"),
    a_folder: ("CONDUCTOR_NOT_RUNNING", "is not a socket"),
    stale: ("CONDUCTOR_NOT_RUNNING", "stale socket"),
    forbidden: ("PERMISSION_DENIED", "This user is not allowed to connect"),
}


@pytest.mark.parametrize("make", WRONG_PLACES, ids=lambda make: make.__name__)
async def test_what_is_no_conductors_socket_is_told_apart(
    stranded: tuple[Agent, Path], place: Path, make: Callable[[Path], None]
) -> None:
    make(place)
    code, words = WRONG_PLACES[make]
    for tool in ("conductor_status", "start_job"):
        complete(await stranded[0].refused(tool, **minimal(tool, "a")), code, words, str(place))


Script = Callable[[SocketStream], Awaitable[None]]


def says(*lines: bytes, then_close: bool = False) -> Script:
    """A peer that answers what it is asked with these bytes, whatever it was."""

    async def script(stream: SocketStream) -> None:
        for line in lines:
            await stream.receive()
            await stream.send(line)
        if not then_close:
            await anyio.sleep_forever()

    return script


NO_METHOD = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}}\n'
STRANGERS: dict[str, tuple[Script, str]] = {
    "hangs_up": (says(then_close=True), "CONDUCTOR_UNREACHABLE"),
    "hangs_up_midway": (says(b'{"jsonrpc":', then_close=True), "CONDUCTOR_UNREACHABLE"),
    "is_silent": (says(), "CONDUCTOR_TIMEOUT"),
    "never_ends_its_line": (says(b'{"jsonrpc":'), "CONDUCTOR_TIMEOUT"),
    "speaks_http": (says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "CONDUCTOR_MISMATCH"),
    "speaks_json": (says(b'{"error":"bad request"}\n'), "CONDUCTOR_MISMATCH"),
    "says_a_number": (says(b"42\n"), "CONDUCTOR_MISMATCH"),
    "is_binary": (says(bytes(range(256)) + b"\n"), "CONDUCTOR_MISMATCH"),
    "is_another_json_rpc_server": (says(NO_METHOD), "CONDUCTOR_MISMATCH"),
    "has_another_status": (says(b'{"jsonrpc":"2.0","id":1,"result":{"ok":true}}\n'), "CONDUCTOR_MISMATCH"),
}


@pytest.mark.parametrize("name", STRANGERS)
async def test_a_stranger_on_the_socket_is_told_apart(
    stranded: tuple[Agent, Path], hasty: Agent, place: Path, name: str
) -> None:
    script, code = STRANGERS[name]
    user = hasty if code == "CONDUCTOR_TIMEOUT" else stranded[0]
    async with listening(place, script):
        for tool in ("conductor_status", "start_job"):
            complete(await user.refused(tool, **minimal(tool, "a")), code, str(place))
