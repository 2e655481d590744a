"""What tests of Marianne's clients at our conductor share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fault_jobs import named
from tests.support.marianne_client import MarianneClient
from tests.support.podium_home import Conductor


@pytest.fixture
def client(shared_conductor: Conductor) -> Iterator[MarianneClient]:
    """A client as the original has it, at a conductor of ours."""
    with MarianneClient(shared_conductor.settings.socket) as made:
        yield made


@pytest.fixture
def score(tmp_path: Path) -> Path:
    """A score in a file, whose only sheet completes at once."""
    path = tmp_path / "score.yaml"
    path.write_text(named(tmp_path / "work", "true"))
    return path
