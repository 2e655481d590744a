"""Updates of resources: subscribers of both eras are notified from one event stream of the conductor.

The stream is followed only while there are subscribers. It continues at the last sequence number, so a restart of the conductor
loses nothing; if it cannot continue there, every subscriber is notified.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote

import anyio
from mcp import MCPError
from mcp.server.subscriptions import ResourceUpdated, SubscriptionBus
from mcp.types import INVALID_REQUEST

from podium.contract.models import EventView
from podium.contract.ports import JobControl
from podium.errors import PodiumError, UnsupportedByConductor
from podium.log import get_logger

log = get_logger()

CONDUCTOR_URI = "conductor://status"
PLACE_SECONDS = 2.0  # how long a new subscriber waits for the stream to be followed
RETRY_SECONDS = 1.0
UNSUPPORTED_SECONDS = 30.0  # until a conductor without a stream is asked again
GATHER_SECONDS = 0.1  # between two rounds of notifications; changes in between are sent once
SEND_SECONDS = 1.0  # for a client of the handshake era to take a notification; then it has lost its subscriptions
MOST_SUBSCRIPTIONS = 1000
_JOB = "job://"


class Session(Protocol):
    """The connection to a client of the handshake era."""

    async def send_resource_updated(self, uri: str) -> None:
        """Notify the client that a resource has changed."""


@dataclass
class _Client:
    """A client of the handshake era, with the session of its last request."""

    session: Session
    uris: set[str] = field(default_factory=set)


class Updates:
    """Which clients are subscribed to which resource, and the task that notifies them."""

    def __init__(self, port: JobControl, bus: SubscriptionBus) -> None:
        self._port = port
        self._bus = bus
        self._listening: Counter[str] = Counter()  # URI -> open streams of the stateless era
        self._clients: dict[str, _Client] = {}
        self._after = ""  # our place in the conductor's stream
        self._placed = anyio.Event()
        self._refused: UnsupportedByConductor | None = None
        self._turn = anyio.CancelScope()

    @contextmanager
    def listening(self, uris: Iterable[str]) -> Iterator[None]:
        """Count a stream of the stateless era as a subscriber while it is open; the bus brings it the updates."""
        wanted = Counter(set(uris))
        self._listening += wanted
        self._turn.cancel()
        try:
            yield
        finally:
            self._listening -= wanted
            self._turn.cancel()

    def subscribe(self, client: str, session: Session, uri: str) -> bool:
        """Subscribe a client of the handshake era; return whether it had no subscription before.

        Raises:
            MCPError: this server has too many subscriptions.
        """
        if sum(len(each.uris) for each in self._clients.values()) >= MOST_SUBSCRIPTIONS:
            raise MCPError(INVALID_REQUEST, f"This server has reached its limit of {MOST_SUBSCRIPTIONS} subscriptions.")
        is_new = client not in self._clients
        known = self._clients.setdefault(client, _Client(session))
        known.session = session
        known.uris.add(uri)
        self._turn.cancel()
        return is_new

    def unsubscribe(self, client: str, uri: str) -> None:
        """End a subscription of the handshake era, if there is one."""
        if known := self._clients.get(client):
            known.uris.discard(uri)
            if not known.uris:
                del self._clients[client]
            self._turn.cancel()

    def forget(self, client: str) -> None:
        """End all subscriptions of a client of the handshake era that has left."""
        if self._clients.pop(client, None):
            self._turn.cancel()

    async def placed(self) -> None:
        """Return when the stream is followed, so that no later change is missed, or after `PLACE_SECONDS`.

        Raises:
            UnsupportedByConductor: there is no stream, so nobody would ever be told of anything.
        """
        with anyio.move_on_after(PLACE_SECONDS):
            await self._placed.wait()
        if self._refused is not None:
            raise UnsupportedByConductor(
                f"A subscription would never be notified. {self._refused.message}", fix=self._refused.fix
            )

    async def run(self) -> None:
        """Follow the stream while there are subscribers, until cancelled."""
        while True:
            uris = sorted({*self._listening, *(uri for client in self._clients.values() for uri in client.uris)})
            changed: Sequence[str] = ()
            with anyio.CancelScope() as self._turn:  # ended when the subscriptions change
                changed = await self._next(uris)
            for uri in changed:
                await self._tell(uri)
            if changed:
                await anyio.sleep(GATHER_SECONDS)

    async def _next(self, uris: Sequence[str]) -> Sequence[str]:
        """Wait until some of these resources have changed, and return them; all of them if our place in the stream is lost."""
        if not uris:
            self._after, self._placed, self._refused = "", anyio.Event(), None
            await anyio.sleep_forever()
        job_ids = None if CONDUCTOR_URI in uris else {_job_of(uri) for uri in uris}
        try:
            if not self._after:
                _, self._after = await self._port.changes(job_ids, after="")
                self._refused = None
                self._placed.set()
            events, self._after = await self._port.changes(job_ids, after=self._after)
        except PodiumError as error:
            log.info("updates_interrupted", code=error.code, reason=error.message)
            if isinstance(error, UnsupportedByConductor):
                self._refused = error
                self._placed.set()
            lost = bool(self._after) and not error.retryable
            if lost:
                self._after = ""
            await anyio.sleep(RETRY_SECONDS if error.retryable or lost else UNSUPPORTED_SECONDS)
            return uris if lost else ()
        return [uri for uri in uris if any(_concerns(event, uri) for event in events)]

    async def _tell(self, uri: str) -> None:
        """Notify all subscribers of a resource that it has changed."""
        await self._bus.publish(ResourceUpdated(uri=uri))
        for name, client in list(self._clients.items()):
            if uri in client.uris and not await _sent(client.session, uri):
                log.info("subscriber_gone", client=name)
                self.forget(name)


async def _sent(session: Session, uri: str) -> bool:
    """Send an update; return False if the client has left or does not accept it in time."""
    try:
        with anyio.move_on_after(SEND_SECONDS) as limit:
            await session.send_resource_updated(uri)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return False
    return not limit.cancelled_caught


def _job_of(uri: str) -> str:
    return uri.removeprefix(_JOB).partition("/")[0] if uri.startswith(_JOB) else ""


def _concerns(event: EventView, uri: str) -> bool:
    """Return whether an event may have changed a resource: output changes with its sheet, everything else with its job."""
    if uri == CONDUCTOR_URI:
        return True
    job_id, _, part = uri.removeprefix(_JOB).partition("/")
    if event.job_id != job_id:
        return False
    sheet = unquote(part.removeprefix("log/")) if part.startswith("log/") else ""
    return (
        not sheet or "sheet" not in event.data or sheet in {str(event.data["sheet"]), str(event.data.get("name", ""))}
    )
