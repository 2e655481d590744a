"""A server on stdin and stdout: one for each test, or one that the tests of a file leave as it was."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import nursed
from tests.unit.mcp.transports.stdio.served import COMMAND, Served, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(nursed.command("stand-in"), tmp_path / "stderr") as server:
        yield server


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server that has shaken hands, for tests that leave it as it was."""
    with serving(COMMAND, tmp_path_factory.mktemp("standing") / "stderr") as server:
        server.hello()
        yield server
