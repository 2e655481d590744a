"""A keeper starts when the first sheet of a home does, which waits for it."""

import subprocess
import sys
from pathlib import Path

from podium.keeper import program

# They would take as long to load as all that the keeper is.
HEAVY = {"asyncio", "dataclasses", "logging", "pathlib", "subprocess", "typing"}


def test_a_keeper_loads_nothing_that_would_make_it_start_late() -> None:
    folder = Path(program.__file__).parents[2]
    text = f"import sys; sys.path.insert(0, {str(folder)!r}); import podium.keeper.program; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", text], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "podium.keeper.serving" in loaded
    assert not loaded & HEAVY
