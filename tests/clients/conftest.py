"""The Node based clients are skipped where Node or its programs are missing."""

import pytest

from tests.support import node


@pytest.fixture(autouse=True)
def _node() -> None:
    node.required()
