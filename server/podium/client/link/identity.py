"""The handshake: `daemon.status` tells one conductor from another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.client.link import failures
from podium.contract.methods import PROTOCOL

MARIANNE = "marianne"


@dataclass(frozen=True)
class Identity:
    """Which conductor answers. One without `product` in its status is a Marianne conductor."""

    product: str
    features: frozenset[str]

    @property
    def is_podium(self) -> bool:
        """Whether it is a conductor of ours: it answers out of order and knows our methods."""
        return self.product != MARIANNE

    def has(self, feature: str) -> bool:
        """Return whether the conductor names this feature."""
        return feature in self.features


def identify(status: Any, path: Path) -> Identity:
    """Return who gave this reply to `daemon.status`.

    Raises:
        ConductorMismatch: no conductor would, or it is one of ours with another protocol.
    """
    if not isinstance(status, dict) or not isinstance(status.get("pid"), int) or "version" not in status:
        raise failures.foreign(path, "its daemon.status lacks what every conductor says")
    product, protocol = str(status.get("product") or MARIANNE), str(status.get("protocol") or "")
    if product != MARIANNE and protocol != PROTOCOL:
        raise failures.foreign(path, f"it speaks {protocol or 'an unnamed protocol'}, this proxy {PROTOCOL}")
    features = status.get("features")
    return Identity(
        product=product,
        features=frozenset(map(str, features)) if isinstance(features, list) else frozenset(),
    )
