"""The handshake: `daemon.status` says which conductor answers."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from podium.client.link import failures
from podium.client.link.reading import read
from podium.contract.methods import PROTOCOL

MARIANNE = "marianne"


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
