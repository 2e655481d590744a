"""One connection of the web server: how long a request may take to begin, how many there may be, and whose they are."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import h11
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from podium.log import get_logger
from podium.mcp.transports.http.peers import Address

log = get_logger()


@dataclass(frozen=True)
class Limits:
    """Bounds over all connections, and of each.

    `idle_seconds` ends a connection without a request: clients keep theirs for about a minute, and must not find them closed.
    `head_seconds` is how long the head of a request may take, or the rest of one that is answered; `body_seconds` its body;
    `begun_bytes` is what bodies that have begun hold together.
    """

    connections: int = 512
    idle_seconds: float = 90.0
    head_seconds: float = 30.0
    body_seconds: float = 120.0
    begun_bytes: int = 32 * 1024 * 1024


USUAL = Limits()
Refusal = Callable[[Address, Address], Awaitable[str]]
"""Says why a connection between these addresses, the peer's first, is not served; "" if it is."""


class Connection(H11Protocol):
    """A connection with limits. Only what `refusal` lets in reaches the application.

    `crowd` is all of the server's connections, in the order in which they were opened or had their last answer.
    """

    def __init__(
        self, *arguments: Any, limits: Limits, refusal: Refusal, crowd: "dict[Connection, None]", **keywords: Any
    ) -> None:
        super().__init__(*arguments, **keywords)
        self._limits = limits
        self._refusal = refusal
        self._crowd = crowd
        self._why: str | None = None  # it is refused; None before the first request
        self._served = self.app
        self.app = self._admitted
        self._timer: asyncio.TimerHandle | None = None
        self._head_begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection; the one that has been idle longest gives way if there are too many."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._set_timer(self._limits.idle_seconds)
        self._crowd[self] = None
        if len(self._crowd) > self._limits.connections:
            oldest = next(each for each in self._crowd if each.is_idle)  # at least this one is
            log.warning("connection_limit_reached", limit=self._limits.connections)
            del self._crowd[oldest]
            oldest.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on; the head of a request must be whole in time."""
        super().data_received(data)
        is_head = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        if is_head and not self._head_begun:
            self._set_timer(self._limits.head_seconds)
        elif not is_head and not self._is_answered_early:
            self._unset_timer()
        self._head_begun = is_head

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._unset_timer()
        self._crowd.pop(self, None)
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request. What is still to come of a body that nobody wants is dropped, for some time."""
        if self in self._crowd:
            del self._crowd[self]
            self._crowd[self] = None
        if self._is_answered_early:
            self._set_timer(self._limits.head_seconds)
        super().on_response_complete()

    @property
    def _is_answered_early(self) -> bool:
        """Whether the answer is complete and the request is not. To close now could keep the client from reading the answer."""
        return self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY

    @property
    def is_idle(self) -> bool:
        """Whether no request is being served."""
        return self.cycle is None or self.cycle.response_complete

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request if the connection is let in. That is found out once: its ends stay whose they are."""
        if self._why is None and self.client is not None and self.server is not None:
            self._why = await self._refusal(self.client, (self.server[0], self.server[1] or 0))
        if self._why == "":
            await cast(Any, self._served)(scope, receive, send)
        else:
            text = self._why or "Forbidden: this connection has no address."
            await PlainTextResponse(text, 403)(scope, receive, send)

    def _set_timer(self, seconds: float) -> None:
        self._unset_timer()
        self._timer = self.loop.call_later(seconds, self.transport.close)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
