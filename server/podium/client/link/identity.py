"""The handshake: `daemon.status` says which conductor answers."""

import socket
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from podium.client.link import failures
from podium.client.link.reading import read
from podium.contract.methods import PROTOCOL
from podium.privacy.peers import credentials

MARIANNE = "marianne"
PRODUCT = "podium"  # ours


class Identity(BaseModel):
    """Which conductor answers. One without `product` in its status is a Marianne conductor."""

    model_config = ConfigDict(frozen=True)

    pid: int
    version: str
    product: str = MARIANNE
    protocol: str = ""
    features: frozenset[str] = frozenset()
    home_id: str = ""

    @property
    def is_podium(self) -> bool:
        """Whether it is a Podium conductor: it answers out of order and knows our methods."""
        return self.product != MARIANNE

    def has(self, feature: str) -> bool:
        """Return whether the conductor names this feature."""
        return feature in self.features


class Met(NamedTuple):
    """A foreign conductor that was met, and the process and the socket file by which it is known again."""

    identity: Identity
    pid: int
    file: tuple[int, int, int]

    def is_behind(self, connection: socket.socket, path: Path) -> bool:
        """Return whether a new connection to `path` leads to it, so that it need not be asked who it is."""
        return credentials(connection)[1] == self.pid and self.has(path)

    def has(self, path: Path) -> bool:
        """Return whether the file at `path` is still the one on which it listens."""
        return _file_at(path) == self.file


def met(identity: Identity, connection: socket.socket, path: Path) -> Met | None:
    """Return by what this conductor is known again; None where the system does not tell."""
    pid, file = credentials(connection)[1], _file_at(path)
    return None if pid is None or file is None else Met(identity, pid, file)


def _file_at(path: Path) -> tuple[int, int, int] | None:
    """Return what tells a socket file from a later one at its place, which may get the same inode."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_ctime_ns


def identify(status: Any, path: Path) -> Identity:
    """Return who gave this reply to `daemon.status`.

    Raises:
        ConductorMismatch: no conductor would, or it is a Podium conductor with another protocol.
    """
    identity = read(Identity, status, path)
    if identity.is_podium and identity.protocol != PROTOCOL:
        raise failures.foreign(
            path, f"it speaks {identity.protocol or 'an unnamed protocol'}, but this proxy speaks {PROTOCOL}"
        )
    return identity
