"""A place for a sheet whose keeper is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engines import Gate
from tests.support.keeper_stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A place for one sheet."""
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        yield Stage(tmp_path, said, hold)
