"""What a client loads before it knows which conductor answers."""

import subprocess
import sys


def test_the_dialect_of_another_project_is_loaded_only_when_its_conductor_answers() -> None:
    code = "import sys, podium.client.proxy; print([name for name in sys.modules if 'marianne' in name])"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert loaded.stdout.strip() == "[]"
