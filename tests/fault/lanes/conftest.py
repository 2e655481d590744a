"""A shared folder for the tests of lanes."""

import os
from pathlib import Path

import pytest

from tests.support.lanes import Shared


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    """Return a shared folder with an empty pool."""
    return Shared(tmp_path / f"shared-{os.getpid()}-{tmp_path.name}")
