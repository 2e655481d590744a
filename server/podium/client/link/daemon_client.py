"""`DaemonClient`: calls to the conductor from any number of tasks, over few connections that come and go by themselves."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio

from podium.client.link import failures, reading
from podium.client.link.connection import Connection
from podium.client.link.feed import EventFeed
from podium.client.link.identity import PRODUCT, Identity
from podium.client.link.pool import Pool
from podium.errors import ConductorError, ConductorNotRunning, ConductorTimeout, ConductorUnreachable
from podium.settings import Settings, load

SHUTDOWN = "daemon.shutdown"
_RETURN_PAUSE_SECONDS = 0.1

Model = TypeVar("Model")


class DaemonClient:
    """The conductor of a home, or the one behind a given Unix socket.

    Each connection looks for it anew, as the home's next conductor may listen elsewhere. Nothing is connected before the
    first call. As an async context manager it closes its connections at the end; without one,
    they close when idle, or by `close()`. Each change carries `client_name` to the conductor.
    """

    def __init__(
        self,
        socket_path: Path | str | None = None,
        *,
        settings: Settings | None = None,
        client_name: str = "podium proxy",
    ) -> None:
        self.settings = settings or load(socket=socket_path)
        self._client_name = client_name
        self._pool = Pool(Path(socket_path) if socket_path else None, self.settings)
        self.feed = EventFeed(
            self._pool.open, call_seconds=self.settings.call_seconds, idle_seconds=self.settings.idle_seconds
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; a later call opens a new one."""
        self.feed.close()
        self._pool.close()

    @property
    def socket_path(self) -> Path:
        """Where the conductor was found last, or is looked for first."""
        return self._pool.path

    async def identity(self) -> Identity:
        """Return which conductor answers; costs no round trip while a connection is open."""
        return await self._pool.identity()

    def read(self, model: type[Model], reply: Any) -> Model:
        """Return a reply as its model.

        Raises:
            ConductorMismatch: the reply does not fit.
        """
        return reading.read(model, reply, self.socket_path)

    async def ask(self, model: type[Model], method: str, params: Mapping[str, Any] | None = None) -> Model:
        """Return the result of a call that changes nothing as its model. Raises as `call` and `read`."""
        return self.read(model, await self.call(method, params))

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Return the result of a call that changes nothing.

        It is made once more when a connection that had been used before turns out to be dead.

        Raises:
            ConductorError: the conductor cannot be reached or gives no usable answer.
            PodiumError: the conductor answered with this error.
        """
        async with self._pool.lease() as connection:
            reused = connection.used > 0
            try:
                return await self._send(connection, method, params or {})
            except ConductorUnreachable:
                if not reused:
                    raise
        return await self._call_once(method, params or {})

    async def ask_beside(self, model: type[Model], method: str, params: Mapping[str, Any], *, seconds: float) -> Model:
        """Return the result of a call that may take so many seconds, on a connection of its own, which ends with it.

        Calls that wait would take the places of others on a shared connection. Raises as `call` and `read`.
        """
        connection = await self._pool.open()
        try:
            return self.read(model, await connection.call(method, params, seconds=seconds + self.settings.call_seconds))
        finally:
            connection.close()

    async def control(self, method: str, job_id: str, params: Mapping[str, Any]) -> Any:
        """Return the result of a change to one job, as `mutate`; when the outcome is unknown, get_job shows it."""
        return await self.mutate(method, {**params, "job_id": job_id}, check=f"get_job with job_id={job_id}")

    async def mutate(self, method: str, params: Mapping[str, Any], *, check: str) -> Any:
        """Return the result of a call that changes something, made with a request key.

        When its reply is lost, a conductor that knows request keys is asked once more: it answers what it answered. `check` is
        the call that shows what happened when even that leaves the outcome unknown.

        Raises:
            ConductorError: as `call`; with `outcome: "unknown"` and `check` when the call may have taken effect.
            PodiumError: the conductor answered with this error.
        """
        keyed = {**params, "request_key": uuid.uuid4().hex, "client": self._client_name}
        async with self._pool.lease(served=True) as connection:
            can_ask_again = connection.identity.has("request_key")
            try:
                return await self._send(connection, method, keyed if can_ask_again else params)
            except (ConductorUnreachable, ConductorTimeout) as error:
                lost: ConductorError = error
        if can_ask_again:
            try:
                return await self._call_when_back(method, keyed)
            except ConductorError as error:
                lost = error
        raise type(lost)(
            f"{lost.message} It is not known whether {method} took effect.",
            fix=f"{check} shows whether it did. {lost.fix}",
            **{**lost.facts, "outcome": "unknown", "check": check},
        ) from lost

    async def _send(self, connection: Connection, method: str, params: Mapping[str, Any]) -> Any:
        """Make a call in its time, of which a foreign conductor may have taken a part until it served the connection.

        Raises:
            UnsupportedByConductor: a foreign conductor would be ended by it.
        """
        identity, seconds = connection.identity, self.settings.call_seconds
        if method == SHUTDOWN and identity.product != PRODUCT:
            raise failures.not_stopped(connection.path, identity.product, identity.version, identity.pid)
        if connection.deadline is not None:
            seconds = max(connection.deadline - anyio.current_time(), self.settings.connect_seconds)
        return await connection.call(method, params, seconds=seconds)

    async def _call_once(self, method: str, params: Mapping[str, Any]) -> Any:
        async with self._pool.lease() as connection:
            return await self._send(connection, method, params)

    async def _call_when_back(self, method: str, params: Mapping[str, Any]) -> Any:
        """Call on a new connection, giving a conductor that restarts a few seconds to come back."""
        deadline = anyio.current_time() + self.settings.connect_seconds
        while True:
            try:
                return await self._call_once(method, params)
            except ConductorNotRunning:
                if anyio.current_time() >= deadline:
                    raise
                await anyio.sleep(_RETURN_PAUSE_SECONDS)
