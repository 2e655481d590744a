"""What the keeper asks of its system."""

import subprocess
import sys

import pytest

from podium.keeper.system import TELLS_CHILDREN

MANY = """
import os, signal
from podium.keeper.system import children
made = []
try:
    for _ in range(1000):
        made.append(os.fork() or signal.pause())
    assert children() == made
finally:
    for pid in made:
        os.kill(pid, signal.SIGKILL)
"""


@pytest.mark.skipif(not TELLS_CHILDREN, reason="this system does not list children")
def test_the_list_of_children_is_whole_though_it_is_longer_than_a_page() -> None:
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (0, "")
