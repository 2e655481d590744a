"""The ids of wait tasks: each is the signed description of its wait, so that any server of the same home can continue it."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import anyio.to_thread
from pydantic import TypeAdapter, ValidationError

from podium.home import KEY_FILE
from podium.privacy.files import open_own
from podium.privacy.way import make_private

KEY_BYTES = 32
LONGEST_ID = 16_384  # characters; fifty of the longest job ids fit
SKEW_SECONDS = 60.0  # a clock that is being corrected
_MAC_BYTES = 16


@dataclass(frozen=True)
class Ticket:
    """What a task waits for. `key`, unguessable, names it in the conductor; `started` is in seconds since the epoch."""

    key: str
    started: float
    timeout_seconds: float
    until: Literal["any", "all"]
    after: str
    job_ids: tuple[str, ...]
    pattern: str = ""

    @property
    def deadline(self) -> float:
        """When the wait ends, in seconds since the epoch."""
        return self.started + self.timeout_seconds

    def waits(self, now: float) -> bool:
        """Whether its time is not over. It is over when the clock was set back behind its start: nobody knows how long it was."""
        return self.started - SKEW_SECONDS <= now < self.deadline

    def waited_seconds(self, now: float) -> float:
        """Return how long it has waited: at most as long as it was to, whatever the clock was set to meanwhile."""
        return min(max(0.0, now - self.started), self.timeout_seconds)


_TICKET = TypeAdapter(Ticket)


class Signer:
    """Makes and reads ids with the key of a home."""

    def __init__(self, home: Path) -> None:
        self._path = home / KEY_FILE
        self._key: bytes | None = None

    async def sign(self, ticket: Ticket) -> str:
        """Return the id of a ticket.

        Raises:
            OSError: the key cannot be read, or written to the home.
        """
        payload = _encoded(_TICKET.dump_json(ticket))
        return f"{payload}.{await self._mac(payload)}"

    async def read(self, task_id: str) -> Ticket | None:
        """Return the ticket of an id that was signed with this home's key, else None."""
        payload, _, mac = task_id.partition(".")
        if len(task_id) > LONGEST_ID or not task_id.isascii() or not hmac.compare_digest(mac, await self._mac(payload)):
            return None
        try:
            return _TICKET.validate_json(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (ValidationError, binascii.Error):  # signed by another version
            return None

    async def _mac(self, payload: str) -> str:
        if self._key is None:
            self._key = await anyio.to_thread.run_sync(load_or_make, self._path)
        return _encoded(hmac.digest(self._key, payload.encode(), hashlib.sha256)[:_MAC_BYTES])


def load_or_make(path: Path) -> bytes:
    """Return the key in a file, which the first caller makes, whole or not at all. Blocking.

    Raises:
        OSError: the folder cannot be written or the file cannot be read.
    """
    with suppress(FileNotFoundError):
        return _read(path)
    make_private(path.parent)
    fd, draft = tempfile.mkstemp(prefix=f".{KEY_FILE}-", dir=path.parent)  # readable by its owner only
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
    return _read(path)


def _read(path: Path) -> bytes:
    with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
        return file.read()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
