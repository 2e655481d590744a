"""Reading the bodies of requests: each within its time, all together within their memory."""

import anyio
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

from podium.mcp.transports.eras import MAX_LINE_BYTES
from podium.mcp.transports.http.connection import Limits
from podium.wire.budget import Budget


class BodyRefused(Exception):
    """There is no body to use: the status of the answer, and why. Status 0: the client has left, and needs none."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Bodies:
    """What the requests of one server share while their bodies arrive."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = limits.body_seconds
        self._budget = Budget(limits.begun_bytes)

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """Return the body of a request.

        Raises:
            BodyRefused: it is too large, too slow, or the client has left.
        """
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > MAX_LINE_BYTES:
            raise _too_large()
        body = _Body()
        try:
            with anyio.move_on_after(self._seconds) as body.patience:
                await self._fill(body, receive)
                return b"".join(body.parts)
        finally:
            body.parts.clear()  # at once: an exception that was raised may still refer to it
            self._budget.release(body)
        if body.given_up:
            why = "unfinished requests hold too much memory, and this one was too slow; send it again"
            raise BodyRefused(503, f"Service unavailable: {why}.")
        raise BodyRefused(408, f"Request timeout: the body was not complete after {self._seconds:g} s.")

    async def _fill(self, body: "_Body", receive: Receive) -> None:
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise BodyRefused(0, "the client has left")
            if body.given_up:
                await anyio.sleep_forever()  # cancelled
            body.parts.append(message.get("body", b""))
            body.size += len(body.parts[-1])
            if body.size > MAX_LINE_BYTES:
                raise _too_large()
            if not message.get("more_body", False):
                return
            await self._budget.take(body, body.size)


class _Body:
    """A body that arrives. Its parts stay apart: blocks that grow side by side leave holes in the memory."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.patience = anyio.CancelScope()
        self.given_up = False

    def give_up(self) -> None:
        """Drop it, and end the wait for the rest."""
        self.given_up = True
        self.parts.clear()
        self.patience.cancel()


def _too_large() -> BodyRefused:
    return BodyRefused(413, f"Request body too large: more than {MAX_LINE_BYTES} bytes.")
