"""Whatever answers on the conductor's socket: a caller gets what the method answers, or an error of ours."""

import json
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.client.job_control import JobControlService
from podium.client.link.connection import Connection
from podium.errors import BY_CODE, PodiumError
from podium.wire.sockets import SocketStream
from tests.property.test_framing import json_values
from tests.support.wire_methods import MARIANNE_METHODS, OWN_METHODS
from tests.unit.client.asks import ASKS
from tests.unit.client.link.stand_in import MARIANNE_STATUS, PODIUM_STATUS, client_for, stand_in

nested_names = st.sampled_from(["self", "message", "fix", "code", "facts", "near", "cls", "retryable"])
error_data = st.dictionaries(nested_names, json_values | st.sampled_from(sorted(BY_CODE)), max_size=5)
errors = json_values | st.fixed_dictionaries(
    {}, optional={"code": json_values | st.just(-32001), "message": json_values, "data": json_values | error_data}
)
frames = json_values | st.fixed_dictionaries(
    {},
    optional={
        "id": json_values | st.just(1),
        "result": json_values,
        "error": errors,
        "method": json_values | st.just("job.event"),
        "params": json_values,
    },
)
METHODS = [name for name in (*MARIANNE_METHODS, *OWN_METHODS) if name != "daemon.status"]


async def _ask_once(sent: bytes) -> None:
    """Make a call to a peer that says these bytes and closes."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(sent)
        theirs.shutdown(socket.SHUT_WR)
        connection = Connection(SocketStream(ours), Path("/c.sock"), lambda method, params: None)
        with anyio.fail_after(10), suppress(PodiumError):
            await connection.call("job.list", {}, seconds=5)
        connection.close()


@given(st.lists(frames, max_size=4))
def test_no_frame_ends_a_call_in_anything_but_a_result_or_an_error_of_ours(said: list[Any]) -> None:
    anyio.run(_ask_once, b"".join(json.dumps(frame).encode() + b"\n" for frame in said))


@given(st.binary(max_size=60))
def test_no_bytes_end_a_call_in_anything_but_an_error_of_ours(said: bytes) -> None:
    anyio.run(_ask_once, said)


@pytest.mark.anyio
@pytest.mark.parametrize("status", [PODIUM_STATUS, MARIANNE_STATUS], ids=["podium", "marianne"])
@pytest.mark.parametrize(
    "answer",
    [
        None,
        7,
        "fine",
        [],
        [7],
        {},
        {"status": "accepted", "job": 7, "jobs": 7, "plan": [], "valid": True, "paused": True, "cancelled": True},
        {"job": {}, "podium": [], "jobs": [{}], "events": {}, "next": None, "refused": 7, "end": 7, "processes": [7]},
        [{"job_id": "x", "status": [], "workspace": 7}],
        [{"job_id": "x", "status": "running", "submitted_at": "now", "progress_total": {}}],
    ],
    ids=str,
)
async def test_no_answer_of_another_shape_is_more_than_an_error_of_ours(
    short_tmp: Path, status: dict[str, Any], answer: Any
) -> None:
    async def handle(params: dict[str, Any], peer: object) -> Any:
        return answer

    async with (
        stand_in(short_tmp, dict.fromkeys(METHODS, handle), status=status) as conductor,
        client_for(conductor.path, effect_seconds=0) as client,
    ):
        for ask in ASKS.values():
            with suppress(PodiumError):
                await ask(JobControlService(client))
