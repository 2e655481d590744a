"""What several tests of the conductor's parts use."""

import pytest

from podium.conductor.reading import process
from tests.support import nursed


@pytest.fixture
def nursed_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a nursery fork the readers: their code is there before."""
    monkeypatch.setattr(process, "COMMAND", tuple(nursed.command("reader")))
