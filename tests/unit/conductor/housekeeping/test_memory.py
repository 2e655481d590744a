"""Giving freed memory back."""

import subprocess
import sys

import pytest

from podium.conductor.housekeeping import memory

# Every hundredth block stays, so that the heap cannot shrink from its end, which the C library does by itself.
FRAGMENTED = """
from podium.conductor.housekeeping.memory import give_back
import psutil
blocks = [bytes(1000) for _ in range(60_000)]
kept = blocks[::100]
del blocks
before = psutil.Process().memory_info().rss
give_back()
print(before - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(memory._trim is None, reason="this C library has no malloc_trim")
def test_what_is_free_inside_the_heap_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FRAGMENTED], check=True, capture_output=True, text=True)
    assert int(done.stdout) > 20_000_000
