"""The tests in a browser are skipped where there is no Chromium."""

from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, missing


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a headless Chromium that the tests of a module share."""
    if reason := missing():
        pytest.skip(reason)
    with Browser() as running:
        yield running
